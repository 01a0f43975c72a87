//! Evaluating a user-defined function on a batch (section 3.10 of the protocol).

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use crate::identity::FederatedIdentity;

/// Asks for one scalar function over one batch of arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct UserDefinedFunctionRequest {
    /// Who asks.
    pub identity: Option<FederatedIdentity>,
    /// One column per argument, labelled as the engine pleases.
    pub input_records: RecordBatch,
    /// The one result column.
    pub output_schema: SchemaRef,
    /// Name of the function, in lower case when Athena calls.
    pub method_name: String,
}

/// Answers with one result per input row, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct UserDefinedFunctionResponse {
    /// One column, as many rows as came in.
    pub records: RecordBatch,
    /// Name of the function.
    pub method_name: String,
}
