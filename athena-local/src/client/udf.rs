//! Calling a user-defined function on batches.

use std::sync::Arc;

use arrow::{
    array::ArrayRef,
    datatypes::{FieldRef, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use athena_protocol::{Error, MAX_PAYLOAD_BYTES, Request, Response, Result, message::UserDefinedFunctionRequest};

use super::{
    FederatedClient, Operation, Outcome,
    fit::{schema_mismatch, under_schema},
    words::plural,
};

/// Requests are kept below this share of Lambda's limit, because the size of a batch is only an estimate of its JSON.
const REQUEST_TARGET: usize = MAX_PAYLOAD_BYTES / 2;

impl FederatedClient {
    /// The results of `method` for every row of `arguments`, in order, asked in as many requests as their size needs.
    ///
    /// # Errors
    ///
    /// `InvalidResponse` for an answer of another length or type.
    pub async fn udf(&self, method: &str, arguments: &RecordBatch, result: &FieldRef) -> Result<ArrayRef> {
        let schema: SchemaRef = Arc::new(Schema::new(vec![Arc::clone(result)]));
        let rows = arguments.num_rows();
        let encoded = arguments.get_array_memory_size().div_ceil(3) * 4;
        let requests = encoded.div_ceil(REQUEST_TARGET).max(1);
        let step = rows.div_ceil(requests).max(1);
        let mut results: Vec<ArrayRef> = Vec::new();
        for start in (0..rows).step_by(step) {
            let part = arguments.slice(start, step.min(rows - start));
            results.push(self.udf_part(method, part, &schema).await?);
        }
        match results.len() {
            0 => Ok(arrow::array::new_empty_array(result.data_type())),
            1 => Ok(results.swap_remove(0)),
            _ => {
                let parts: Vec<_> = results.iter().map(AsRef::as_ref).collect();
                arrow::compute::concat(&parts)
                    .map_err(|error| Error::internal("results of one function do not add up").with_source(error))
            }
        }
    }

    async fn udf_part(&self, method: &str, arguments: RecordBatch, schema: &SchemaRef) -> Result<ArrayRef> {
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
            return Err(self.wrong_type(operation, &method, &response, "UserDefinedFunctionResponse"));
        };
        self.trace().set_outcome(place, Outcome::Answer(plural(rows, "row")));
        let invalid = |text: &str| Error::invalid_response(self.site(operation, &method, text));
        if answer.records.num_rows() != rows {
            let text = format!("it answered {} for {rows}", plural(answer.records.num_rows(), "row"));
            return Err(invalid(&text));
        }
        if answer.records.num_columns() != 1 {
            return Err(invalid(&format!("it answered {} columns, expected 1", answer.records.num_columns())));
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
