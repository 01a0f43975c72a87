//! Values of the request, as they are compared.

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

/// The values of a block of the request in the types that columns have: zoned timestamps as
/// instants, nothing encoded.
///
/// `None` for a type that no column has, or whose values a column's type could only hold rounded.
///
/// # Errors
///
/// `InvalidInput` for a packed value with a zone key that does not exist.
pub(super) fn plain(values: &ArrayRef) -> Result<Option<ArrayRef>> {
    let values = timestamp_tz::unpack_column(values)?;
    match values.data_type() {
        // Most sets are made of thousands of one-row blocks: no schema for each of them.
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
        Error::internal("a constant does not make a batch of one column").with_source(e)
    })?;
    Ok(Some(Arc::clone(cast_batch(&batch, &target)?.column(0))))
}
