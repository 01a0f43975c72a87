//! The engine's session, set up so that SQL for Athena works as far as it goes.

use std::sync::Arc;

use datafusion::{
    execution::{SessionStateBuilder, runtime_env::RuntimeEnv},
    optimizer::Analyzer,
    prelude::{SessionConfig, SessionContext},
};

use super::{
    bound::BoundingPlanner, common_type::CommonType, float_comparison::FloatComparisons,
    types::AthenaTypes,
};

/// The name of the session's own catalog while no connector is the default one. It has nothing in
/// it.
const NO_CATALOG: &str = "none";

/// A session without catalogs, whose default ones have the names given.
pub(crate) fn session(
    catalog: Option<&str>,
    schema: Option<&str>,
    trust: bool,
    runtime: Arc<RuntimeEnv>,
) -> SessionContext {
    let mut config = SessionConfig::new()
        .with_information_schema(true)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(
            catalog.unwrap_or(NO_CATALOG),
            schema.unwrap_or("default"),
        );
    if trust {
        // Spreading rows over threads would mix the order in which a trusted connector gave them.
        config = config.with_target_partitions(1);
    }
    let options = config.options_mut();
    // 1.5 is a decimal, nulls come last either way, and text is text, as in Athena.
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    "nulls_last".clone_into(&mut options.sql_parser.default_null_ordering);

    let mut rules = Analyzer::new().rules;
    rules.insert(0, Arc::new(CommonType));
    rules.push(Arc::new(FloatComparisons));
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_analyzer_rules(rules)
        .with_query_planner(Arc::new(BoundingPlanner))
        .with_type_planner(Arc::new(AthenaTypes))
        .build();
    SessionContext::new_with_state(state)
}
