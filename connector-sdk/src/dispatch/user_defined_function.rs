//! `UserDefinedFunction`: one function over one batch.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef},
    compute::concat,
    datatypes::{DataType, Schema},
    record_batch::RecordBatch,
};
use athena_protocol::{
    MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, Response,
    block::{Framing, encoded_len},
    message::{UserDefinedFunctionRequest, UserDefinedFunctionResponse},
    timestamp_tz::{pack_batch, unpack_batch},
};

use crate::{
    Context, Error, Result, Udfs, compact::visible_bytes, udf::Call, wire_type::cast_values,
};

/// Room for the schema of the result, of one column, next to its rows.
const SCHEMA_BYTES: usize = 16 * 1024;

/// Number of rows that are evaluated first, before the size of their results is known.
const FIRST_PART_ROWS: usize = 16;

/// Largest number of rows that are evaluated at a time.
const MAX_PART_ROWS: usize = 8_192;

/// Size of the results of one part that the number of its rows aims at, in bytes.
const PART_BYTES: usize = 1 << 20;

/// Evaluates the function for every row, and casts the results to the type that the query declares.
///
/// Results cannot be spilled: the request has no spill location.
///
/// # Errors
///
/// `InvalidInput` for types that cannot be cast without loss, `Unsupported` for an unknown function
/// or results that are too large, and any error of the function.
pub(super) async fn respond(
    udfs: &Udfs,
    context: &Context,
    request: UserDefinedFunctionRequest,
) -> Result<Response> {
    let name = &request.method_name;
    let [field] = &request.output_schema.fields()[..] else {
        return Err(Error::invalid_input(format!(
            "the output schema of function {name:?} has {} fields, expected one",
            request.output_schema.fields().len()
        )));
    };
    // Arguments may take no bytes at all, but each row of the result does.
    let rows = request.input_records.num_rows();
    if rows > MAX_PAYLOAD_BYTES {
        return Err(Error::invalid_input(format!(
            "function {name:?} is called for {rows} rows, more than fit into a response of \
             {MAX_PAYLOAD_BYTES} bytes"
        )));
    }
    let input = unpack_batch(&request.input_records)?;
    let call = Call { context: context.clone(), arguments: input.columns().to_vec(), rows };
    let results = evaluate(udfs, name, &call, field.data_type()).await?;
    // A function may return null even for a column declared as not null: null arguments do.
    let is_nullable = field.is_nullable() || results.logical_null_count() > 0;
    let field = field.as_ref().clone().with_nullable(is_nullable);
    let schema = Schema::new_with_metadata(vec![field], request.output_schema.metadata().clone());
    let records = RecordBatch::try_new(Arc::new(schema), vec![results]).map_err(|e| {
        Error::internal(format!("the results of function {name:?} do not make a batch"))
            .with_source(e)
    })?;
    let records = pack_batch(&records)?;
    let bytes = encoded_len(&records, Framing::Modern)?;
    if bytes + SCHEMA_BYTES > MAX_INLINE_BYTES {
        return Err(too_large(name, rows, bytes));
    }
    Ok(Response::UserDefinedFunction(UserDefinedFunctionResponse {
        records,
        method_name: request.method_name,
    }))
}

/// Evaluates the function, and casts the results to `to`.
///
/// Memory is bounded by the size of a response, not by the number of rows: a request of 1 MB can
/// have millions of rows, and each may have a text as result. So rows are evaluated in parts, few
/// at first and more while their results are small, and the first part too many is an error.
async fn evaluate(udfs: &Udfs, name: &str, all: &Call, to: &DataType) -> Result<ArrayRef> {
    let mut results = Vec::new();
    let mut start = 0;
    let mut bytes = 0;
    let mut rows = FIRST_PART_ROWS;
    loop {
        rows = rows.min(all.rows - start);
        let arguments = all.arguments.iter().map(|column| column.slice(start, rows)).collect();
        let part = Call { context: all.context.clone(), arguments, rows };
        let result = udfs.evaluate(name, part).await?;
        let cast = cast_values(&result, to).ok_or_else(|| misfit(name, result.data_type(), to))?;
        let part_bytes = visible_bytes(&cast.to_data());
        results.push(cast);
        start += rows;
        bytes += part_bytes;
        if bytes > MAX_INLINE_BYTES {
            return Err(too_large(name, start, bytes));
        }
        if start == all.rows {
            break;
        }
        let row_bytes = part_bytes.div_ceil(rows).max(1);
        rows = (rows * 2).min(MAX_PART_ROWS).min(PART_BYTES / row_bytes).max(1);
        // The deadline can end the evaluation only here.
        tokio::task::yield_now().await;
    }
    let results: Vec<&dyn Array> = results.iter().map(AsRef::as_ref).collect();
    concat(&results).map_err(|e| {
        Error::internal(format!("the results of function {name:?} do not make a column"))
            .with_source(e)
    })
}

fn misfit(name: &str, from: &DataType, to: &DataType) -> Error {
    Error::invalid_input(format!(
        "function {name:?} returns {from}, and a value does not fit {to}, which the query \
         declares; declare {from}"
    ))
}

fn too_large(name: &str, rows: usize, bytes: usize) -> Error {
    Error::unsupported(format!(
        "function {name:?} returned {bytes} bytes for {rows} rows; a response of \
         {MAX_PAYLOAD_BYTES} bytes holds at most {MAX_INLINE_BYTES}, and results of functions \
         cannot be spilled; return less per row"
    ))
}
