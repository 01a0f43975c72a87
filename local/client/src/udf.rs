//! Calling a user-defined function on batches.

use std::sync::Arc;

use crate::schema_mismatch;
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

use super::{FederatedClient, Operation, Outcome, under_schema::under_schema, words::plural};

/// Blocks of arguments are kept below this size, which leaves room for base64 and for what is
/// around it.
const MAX_BLOCK_BYTES: usize = MAX_PAYLOAD_BYTES / 2;

/// As many of the first rows of `arguments` as a request carries; one at least, which may be too
/// many.
fn first_part(arguments: &RecordBatch) -> Result<RecordBatch> {
    let mut part = arguments.clone();
    while part.num_rows() > 1 && encoded_len(&part, Framing::Modern)? > MAX_BLOCK_BYTES {
        part = part.slice(0, part.num_rows() / 2);
    }
    Ok(part)
}

impl FederatedClient {
    /// The results of `method` for every row of `arguments`, in order, asked in as many requests as
    /// their size needs.
    ///
    /// # Errors
    ///
    /// `InvalidResponse` for an answer of another length or type.
    pub async fn udf(
        &self,
        method: &str,
        arguments: &RecordBatch,
        result: &FieldRef,
    ) -> Result<ArrayRef> {
        let schema: SchemaRef = Arc::new(Schema::new(vec![Arc::clone(result)]));
        let rows = arguments.num_rows();
        let mut results: Vec<ArrayRef> = Vec::new();
        let mut left = arguments.slice(0, rows);
        while left.num_rows() > 0 {
            let part = first_part(&left)?;
            left = left.slice(part.num_rows(), left.num_rows() - part.num_rows());
            results.push(self.udf_part(method, part, &schema).await?);
        }
        match results.len() {
            0 => Ok(arrow::array::new_empty_array(result.data_type())),
            1 => Ok(results.swap_remove(0)),
            _ => {
                let parts: Vec<_> = results.iter().map(AsRef::as_ref).collect();
                arrow::compute::concat(&parts).map_err(|error| {
                    Error::internal("results of one function do not add up").with_source(error)
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
        let (response, place) = self.call(&request, &method, "").await?;
        let operation = Operation::UserDefinedFunction;
        let Response::UserDefinedFunction(answer) = response else {
            return Err(self.wrong_type(
                operation,
                &method,
                &response,
                "UserDefinedFunctionResponse",
            ));
        };
        self.trace().set_outcome(place, Outcome::Answer(plural(rows, "row")));
        let invalid = |text: &str| Error::invalid_response(self.site(operation, &method, text));
        if answer.records.num_rows() != rows {
            let text =
                format!("it answered {} for {rows}", plural(answer.records.num_rows(), "row"));
            return Err(invalid(&text));
        }
        if answer.records.num_columns() != 1 {
            return Err(invalid(&format!(
                "it answered {} columns, expected 1",
                answer.records.num_columns()
            )));
        }
        // The label of the one result column means nothing.
        let got_field = answer.records.schema().field(0).clone().with_name(schema.field(0).name());
        if let Some(text) = schema_mismatch(schema, &Arc::new(Schema::new(vec![got_field]))) {
            return Err(invalid(&text));
        }
        let batch = under_schema(&answer.records, schema).map_err(|text| invalid(&text))?;
        Ok(Arc::clone(batch.column(0)))
    }
}
