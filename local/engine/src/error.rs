//! Errors on their way through the SQL engine.

use datafusion::error::DataFusionError;

/// An error of the wire as the SQL engine carries it.
pub(crate) fn to_datafusion(error: athena_protocol::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// What went wrong, without the wrappers that the SQL engine put around it on the way.
pub(crate) fn from_datafusion(error: &DataFusionError) -> anyhow::Error {
    match error.find_root() {
        DataFusionError::External(inner) => anyhow::anyhow!("{inner}"),
        root => anyhow::anyhow!("{}", root.strip_backtrace()),
    }
}
