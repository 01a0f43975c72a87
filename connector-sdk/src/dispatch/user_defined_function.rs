//! One function over one batch.

use std::sync::Arc;

use arrow::{datatypes::Schema, record_batch::RecordBatch};
use athena_protocol::{
    MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, Response,
    block::{Framing, encoded_len},
    message::{UserDefinedFunctionRequest, UserDefinedFunctionResponse},
    timestamp_tz::{pack_batch, unpack_batch},
};

use crate::{Error, Result, Udfs, wire_type::cast_values};

/// The result has as many rows as came in, in the type that the query declares. It never spills:
/// there is no place for it.
pub(super) fn answer(udfs: &Udfs, request: UserDefinedFunctionRequest) -> Result<Response> {
    let name = &request.method_name;
    let [field] = &request.output_schema.fields()[..] else {
        return Err(Error::invalid_input(format!(
            "the output schema of function {name:?} has {} fields, expected one",
            request.output_schema.fields().len()
        )));
    };
    // Arguments may take no bytes, and each row of the result does.
    let rows = request.input_records.num_rows();
    if rows > MAX_PAYLOAD_BYTES {
        return Err(Error::invalid_input(format!(
            "function {name:?} is called for {rows} rows, more than an answer of {MAX_PAYLOAD_BYTES} bytes has room for"
        )));
    }
    let input = unpack_batch(&request.input_records)?;
    let result = udfs.evaluate(name, input.columns(), input.num_rows())?;
    let cast = cast_values(&result, field.data_type()).ok_or_else(|| {
        Error::invalid_input(format!(
            "function {name:?} returns {}, and a value of it is not one of {}, which the query declares; declare {}",
            result.data_type(),
            field.data_type(),
            result.data_type()
        ))
    })?;
    // A function may return null whatever the query says of it, as null is what it makes of null.
    let is_nullable = field.is_nullable() || cast.logical_null_count() > 0;
    let field = field.as_ref().clone().with_nullable(is_nullable);
    let schema = Schema::new_with_metadata(vec![field], request.output_schema.metadata().clone());
    let records = RecordBatch::try_new(Arc::new(schema), vec![cast]).map_err(|e| {
        Error::internal(format!("the results of function {name:?} do not make a block"))
            .with_source(e)
    })?;
    let records = pack_batch(&records)?;
    let bytes = encoded_len(&records, Framing::Modern)?;
    if bytes + 16 * 1024 > MAX_INLINE_BYTES {
        return Err(Error::unsupported(format!(
            "function {name:?} returned {} rows of {bytes} bytes for {} bytes of arguments; an answer of {MAX_PAYLOAD_BYTES} \
             bytes holds {MAX_INLINE_BYTES} at most, and results of functions cannot be spilled. Return less per row",
            records.num_rows(),
            encoded_len(&request.input_records, Framing::Modern)?
        )));
    }
    Ok(Response::UserDefinedFunction(UserDefinedFunctionResponse {
        records,
        method_name: request.method_name,
    }))
}
