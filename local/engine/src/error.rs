//! Conversion of errors to and from the SQL engine.

use datafusion::error::DataFusionError;

/// Wraps an error of a connector for the SQL engine.
pub(crate) fn to_datafusion(error: athena_protocol::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Returns the original error, without the wrappers that the SQL engine added on the way.
pub(crate) fn from_datafusion(error: &DataFusionError) -> anyhow::Error {
    match error.find_root() {
        DataFusionError::External(inner) => anyhow::anyhow!("{inner}"),
        root => anyhow::anyhow!("{}", root.strip_backtrace()),
    }
}
