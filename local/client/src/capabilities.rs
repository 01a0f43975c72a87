//! Pushdown capabilities of a connector (section 3.8 of `docs/protocol.md`).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use athena_protocol::message::CapabilitySubType;

/// Pushdown capabilities of a connector. The default has none.
///
/// Displayed as a human-readable list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one flag per name that the protocol defines")]
pub struct Capabilities {
    /// Value sets made of ranges.
    pub sorted_ranges: bool,
    /// Value sets made of discrete values.
    pub equatable: bool,
    /// Value sets of all values or none.
    pub all_or_none: bool,
    /// Value sets that distinguish null from other values.
    pub nulls: bool,
    /// Functions allowed in expressions.
    pub functions: BTreeSet<String>,
    /// A limit without an order.
    pub limit: bool,
    /// A limit with an order.
    pub top_n: bool,
    /// Table functions, for query passthrough.
    pub table_functions: Vec<TableFunction>,
}

/// Table function of a connector, which returns the result of a query in the language of the
/// source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableFunction {
    /// Schema of the function.
    pub schema: String,
    /// Name of the function.
    pub name: String,
    /// Names of its arguments, all of which are required, in order.
    pub arguments: Vec<String>,
}

impl TableFunction {
    /// Parses the parts of an announced signature; `None` if they are no signature.
    fn from_wire(sub_types: &[CapabilitySubType]) -> Option<Self> {
        let part = |name: &str| {
            let part = sub_types.iter().find(|part| part.sub_type.eq_ignore_ascii_case(name));
            part.map(|part| part.properties.clone())
        };
        let arguments = part("query_passthrough_arguments").unwrap_or_default();
        Some(Self {
            schema: part("query_passthrough_schema")?.into_iter().next()?,
            name: part("query_passthrough_name")?.into_iter().next()?,
            arguments,
        })
    }
}

impl Capabilities {
    /// Returns the capabilities assumed of connectors before serde version 4.
    ///
    /// Those versions cannot announce capabilities: every connector receives value sets, and
    /// applies them or not.
    pub fn before_version_4() -> Self {
        Self {
            sorted_ranges: true,
            equatable: true,
            all_or_none: true,
            nulls: true,
            ..Self::default()
        }
    }

    /// Parses the capabilities that a connector announced. Ignores unknown names.
    pub fn from_wire(announced: &BTreeMap<String, Vec<CapabilitySubType>>) -> Self {
        let mut all = Self::default();
        for (name, sub_types) in announced {
            all.table_functions.extend(TableFunction::from_wire(sub_types));
            for sub_type in sub_types {
                match (
                    name.to_ascii_lowercase().as_str(),
                    sub_type.sub_type.to_ascii_lowercase().as_str(),
                ) {
                    ("supports_filter_pushdown", "sorted_range_set") => all.sorted_ranges = true,
                    ("supports_filter_pushdown", "equatable_range_set" | "equatable_value_set") => {
                        all.equatable = true;
                    }
                    ("supports_filter_pushdown", "all_or_none_value_set") => all.all_or_none = true,
                    ("supports_filter_pushdown", "nullable_comparison") => all.nulls = true,
                    (
                        "supports_complex_expression_pushdown",
                        "supported_function_expression_types",
                    ) => {
                        all.functions.extend(sub_type.properties.iter().cloned());
                    }
                    ("supports_limit_pushdown", "integer_constant") => all.limit = true,
                    ("supports_top_n_pushdown", "supports_order_by") => all.top_n = true,
                    (_, _) => {}
                }
            }
        }
        all
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let sets = [
            (self.sorted_ranges, "ranges"),
            (self.equatable, "values"),
            (self.all_or_none, "all or none"),
            (self.nulls, "nulls"),
        ];
        let sets: Vec<_> = sets.into_iter().filter_map(|(has, name)| has.then_some(name)).collect();
        if !sets.is_empty() {
            parts.push(format!("filters by {}", sets.join(", ")));
        }
        if !self.functions.is_empty() {
            parts.push(format!("{} functions", self.functions.len()));
        }
        if self.limit {
            parts.push("limit".to_owned());
        }
        if self.top_n {
            parts.push("top-N".to_owned());
        }
        if parts.is_empty() { f.write_str("no pushdown") } else { f.write_str(&parts.join("; ")) }
    }
}
