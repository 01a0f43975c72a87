//! Decoding of constants of the request for comparison.

use std::sync::Arc;

use crate::{
    Error, Result,
    wire_type::{cast_batch, wire_schema},
};
use arrow::{
    array::ArrayRef,
    datatypes::{DataType, Field, Schema, TimeUnit},
    record_batch::RecordBatch,
};
use athena_protocol::timestamp_tz;

/// Decodes the values of a block of the request to the types of columns: zoned timestamps as
/// instants, without packing.
///
/// Returns `None` for a type that no column has, or whose values would be rounded to a column's
/// type.
///
/// # Errors
///
/// `InvalidInput` for a packed value with an unknown zone key.
pub(super) fn decode(values: &ArrayRef) -> Result<Option<ArrayRef>> {
    let values = timestamp_tz::unpack_column(values)?;
    match values.data_type() {
        // Most sets consist of thousands of one-row blocks: skip the schema for each of them.
        DataType::Boolean
        | DataType::Int32
        | DataType::Int64
        | DataType::Utf8
        | DataType::Date32
        | DataType::Date64 => {
            return Ok(Some(values));
        }
        DataType::Null | DataType::Timestamp(_, Some(_)) => return Ok(Some(values)),
        DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, None) => return Ok(None),
        _ => {}
    }
    let schema =
        Arc::new(Schema::new(vec![Field::new("constant", values.data_type().clone(), true)]));
    let Ok(target) = wire_schema(&schema) else { return Ok(None) };
    if target == schema {
        return Ok(Some(values));
    }
    let batch = RecordBatch::try_new(schema, vec![values]).map_err(|e| {
        Error::internal("a constant cannot be made a batch of one column").with_source(e)
    })?;
    Ok(Some(Arc::clone(cast_batch(&batch, &target)?.column(0))))
}
