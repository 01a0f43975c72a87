//! Calls of a user-defined function on batches of arguments.

use std::sync::Arc;

use arrow::{
    array::ArrayRef,
    datatypes::{FieldRef, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use athena_protocol::{
    Error, MAX_PAYLOAD_BYTES, Request, Response, Result,
    block::{Framing, encoded_len},
    message::UserDefinedFunctionRequest,
};

use super::{
    CallOutcome, FederatedClient, FederationOperation,
    schema_check::{apply_schema, schema_mismatch},
    trace::plural,
};

/// Maximum size of a block of arguments, which leaves room for base64 and the rest of the request.
const MAX_BLOCK_BYTES: usize = MAX_PAYLOAD_BYTES / 2;

/// Returns as many of the first rows of `arguments` as fit a request, and at least one, which may
/// not fit.
fn first_part(arguments: &RecordBatch) -> Result<RecordBatch> {
    let mut part = arguments.clone();
    while part.num_rows() > 1 && encoded_len(&part, Framing::Modern)? > MAX_BLOCK_BYTES {
        part = part.slice(0, part.num_rows() / 2);
    }
    Ok(part)
}

impl FederatedClient {
    /// Calls `method` on every row of `arguments` and returns the results in the same order.
    ///
    /// Sends as many requests, one after the other, as the size of the arguments needs, and none
    /// for zero rows.
    ///
    /// # Errors
    ///
    /// `InvalidResponse` for a response with another number of rows or another type than `result`.
    pub async fn udf(
        &self,
        method: &str,
        arguments: &RecordBatch,
        result: &FieldRef,
    ) -> Result<ArrayRef> {
        let schema: SchemaRef = Arc::new(Schema::new(vec![Arc::clone(result)]));
        let rows = arguments.num_rows();
        let mut results: Vec<ArrayRef> = Vec::new();
        let mut rest = arguments.slice(0, rows);
        while rest.num_rows() > 0 {
            let part = first_part(&rest)?;
            rest = rest.slice(part.num_rows(), rest.num_rows() - part.num_rows());
            results.push(self.udf_part(method, part, &schema).await?);
        }
        match results.len() {
            0 => Ok(arrow::array::new_empty_array(result.data_type())),
            1 => Ok(results.swap_remove(0)),
            _ => {
                let parts: Vec<_> = results.iter().map(AsRef::as_ref).collect();
                arrow::compute::concat(&parts).map_err(|error| {
                    Error::internal("results of one function cannot be concatenated")
                        .with_source(error)
                })
            }
        }
    }

    async fn udf_part(
        &self,
        method: &str,
        arguments: RecordBatch,
        schema: &SchemaRef,
    ) -> Result<ArrayRef> {
        let rows = arguments.num_rows();
        let request = Request::UserDefinedFunction(UserDefinedFunctionRequest {
            identity: Some(self.identity()),
            input_records: arguments,
            output_schema: Arc::clone(schema),
            method_name: method.to_owned(),
        });
        let (response, index) = self.call(&request, &method, "").await?;
        let operation = FederationOperation::UserDefinedFunction;
        let Response::UserDefinedFunction(answer) = response else {
            return Err(self.wrong_type(
                operation,
                &method,
                &response,
                "UserDefinedFunctionResponse",
            ));
        };
        self.trace().set_outcome(index, CallOutcome::Response(plural(rows, "row")));
        let invalid = |text: &str| Error::invalid_response(self.site(operation, &method, text));
        if answer.records.num_rows() != rows {
            let text =
                format!("it returned {} for {rows}", plural(answer.records.num_rows(), "row"));
            return Err(invalid(&text));
        }
        if answer.records.num_columns() != 1 {
            return Err(invalid(&format!(
                "it returned {} columns, expected 1",
                answer.records.num_columns()
            )));
        }
        // The name of the result column has no meaning.
        let got_field = answer.records.schema().field(0).clone().with_name(schema.field(0).name());
        if let Some(text) = schema_mismatch(schema, &Arc::new(Schema::new(vec![got_field]))) {
            return Err(invalid(&text));
        }
        let batch = apply_schema(&answer.records, schema).map_err(|text| invalid(&text))?;
        Ok(Arc::clone(batch.column(0)))
    }
}
