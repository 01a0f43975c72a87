//! Capabilities that the SDK announces for every connector.

use std::collections::BTreeMap;

use athena_protocol::{
    Response,
    message::{
        CapabilitySubType, GetDataSourceCapabilitiesRequest, GetDataSourceCapabilitiesResponse,
    },
};

use crate::{Passthrough, residual::Residual};

/// Lists the predicates, expressions, limits and orders that the residual applies to the rows of
/// any connector, and the passthrough function if there is one.
///
/// Connectors have no influence: one that pushes nothing down is slower, not wrong.
pub(super) fn respond(
    request: GetDataSourceCapabilitiesRequest,
    passthrough: Option<&dyn Passthrough>,
) -> Response {
    let sets =
        ["sorted_range_set", "equatable_range_set", "all_or_none_value_set", "nullable_comparison"];
    let functions = Residual::supported_functions().iter().map(|&name| name.to_owned()).collect();
    let capabilities = [
        ("supports_filter_pushdown", sets.map(|set| sub_type(set, Vec::new())).to_vec()),
        (
            "supports_complex_expression_pushdown",
            vec![sub_type("supported_function_expression_types", functions)],
        ),
        ("supports_limit_pushdown", vec![sub_type("integer_constant", Vec::new())]),
        ("supports_top_n_pushdown", vec![sub_type("SUPPORTS_ORDER_BY", Vec::new())]),
    ];
    let mut capabilities: BTreeMap<_, _> =
        capabilities.into_iter().map(|(name, sub_types)| (name.to_owned(), sub_types)).collect();
    if let Some(signature) = passthrough.map(Passthrough::signature) {
        let name = signature.full_name();
        let parts = [
            ("query_passthrough_schema", vec![signature.schema]),
            ("query_passthrough_name", vec![signature.name]),
            ("query_passthrough_arguments", signature.arguments),
        ];
        capabilities
            .insert(name, parts.map(|(part, properties)| sub_type(part, properties)).to_vec());
    }
    Response::GetDataSourceCapabilities(GetDataSourceCapabilitiesResponse {
        catalog_name: request.catalog_name,
        capabilities,
    })
}

fn sub_type(name: &str, properties: Vec<String>) -> CapabilitySubType {
    CapabilitySubType { sub_type: name.to_owned(), properties }
}
