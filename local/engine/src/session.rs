//! The `DataFusion` session, configured for Athena's SQL.

use std::sync::Arc;

use datafusion::{
    execution::{SessionStateBuilder, runtime_env::RuntimeEnv},
    optimizer::Analyzer,
    prelude::{SessionConfig, SessionContext},
};

use super::{
    casts, checked_arithmetic::CheckedConstants, common_type::CommonType, decimal_aggregates,
    float_comparison::FloatComparisons, limit_pushdown::LimitPushdownPlanner,
    nested_subqueries::NestedSubqueries, types::AthenaTypes,
};

/// Name of the default catalog, which does not exist, of a session without connectors.
const NO_CATALOG: &str = "none";

/// Creates a session without catalogs. `catalog` and `schema` are the names of the default ones.
pub(crate) fn session(
    catalog: Option<&str>,
    schema: Option<&str>,
    trust: bool,
    runtime: Arc<RuntimeEnv>,
) -> SessionContext {
    let mut config = SessionConfig::new()
        // Each catalog has its own.
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(
            catalog.unwrap_or(NO_CATALOG),
            schema.unwrap_or("default"),
        );
    if trust {
        // Redistribution over threads would destroy the row order of a trusted connector.
        config = config.with_target_partitions(1);
    }
    let options = config.options_mut();
    // As in Athena, 1.5 is a decimal, text is `Utf8`, and nulls are last in either direction.
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    "nulls_last".clone_into(&mut options.sql_parser.default_null_ordering);

    let mut rules = Analyzer::new().rules;
    rules.insert(0, Arc::new(CommonType));
    rules.push(Arc::new(CheckedConstants));
    rules.push(Arc::new(FloatComparisons));
    rules.push(Arc::new(NestedSubqueries));
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_analyzer_rules(rules)
        .with_query_planner(Arc::new(LimitPushdownPlanner))
        .with_type_planner(Arc::new(AthenaTypes))
        .build();
    let context = SessionContext::new_with_state(state);
    context.register_udf(casts::to_varchar());
    for function in decimal_aggregates::functions() {
        context.register_udaf(function);
    }
    context
}
