//! `UserDefinedFunction`: one function over one batch.

use std::sync::Arc;

use arrow::{datatypes::Schema, record_batch::RecordBatch};
use athena_protocol::{
    MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, Response,
    block::{Framing, encoded_len},
    message::{UserDefinedFunctionRequest, UserDefinedFunctionResponse},
    timestamp_tz::{pack_batch, unpack_batch},
};

use crate::{Error, Result, Udfs, wire_type::cast_values};

/// Room for the schema of the result, of one column, next to its rows.
const SCHEMA_BYTES: usize = 16 * 1024;

/// Evaluates the function for every row, and casts the results to the type that the query declares.
///
/// Results cannot be spilled: the request has no spill location.
///
/// # Errors
///
/// `InvalidInput` for types that cannot be cast without loss, `Unsupported` for an unknown function
/// or results that are too large, and any error of the function.
pub(super) fn respond(udfs: &Udfs, request: UserDefinedFunctionRequest) -> Result<Response> {
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
    let result = udfs.evaluate(name, input.columns(), input.num_rows())?;
    let cast = cast_values(&result, field.data_type()).ok_or_else(|| {
        Error::invalid_input(format!(
            "function {name:?} returns {}, and a value does not fit {}, which the query declares; \
             declare {}",
            result.data_type(),
            field.data_type(),
            result.data_type()
        ))
    })?;
    // A function may return null even for a column declared as not null: null arguments do.
    let is_nullable = field.is_nullable() || cast.logical_null_count() > 0;
    let field = field.as_ref().clone().with_nullable(is_nullable);
    let schema = Schema::new_with_metadata(vec![field], request.output_schema.metadata().clone());
    let records = RecordBatch::try_new(Arc::new(schema), vec![cast]).map_err(|e| {
        Error::internal(format!("the results of function {name:?} do not make a batch"))
            .with_source(e)
    })?;
    let records = pack_batch(&records)?;
    let bytes = encoded_len(&records, Framing::Modern)?;
    if bytes + SCHEMA_BYTES > MAX_INLINE_BYTES {
        return Err(Error::unsupported(format!(
            "function {name:?} returned {} rows of {bytes} bytes for {} bytes of arguments; a \
             response of {MAX_PAYLOAD_BYTES} bytes holds at most {MAX_INLINE_BYTES}, and results \
             of functions cannot be spilled; return less per row",
            records.num_rows(),
            encoded_len(&request.input_records, Framing::Modern)?
        )));
    }
    Ok(Response::UserDefinedFunction(UserDefinedFunctionResponse {
        records,
        method_name: request.method_name,
    }))
}
