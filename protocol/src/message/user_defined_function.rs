//! The evaluation of a user-defined function on a batch (section 3.10 of the protocol).

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use crate::identity::FederatedIdentity;

/// Request to evaluate a scalar function on a batch of arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct UserDefinedFunctionRequest {
    /// Identity of the caller, if sent.
    pub identity: Option<FederatedIdentity>,
    /// Arguments, one per column; column names have no meaning.
    pub input_records: RecordBatch,
    /// Schema of the result, a single column.
    pub output_schema: SchemaRef,
    /// Name of the function; Athena sends it in lower case.
    pub method_name: String,
}

/// Response to [`UserDefinedFunctionRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct UserDefinedFunctionResponse {
    /// One column with one result per input row, in order.
    pub records: RecordBatch,
    /// Name of the function.
    pub method_name: String,
}
