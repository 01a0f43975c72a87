//! Mapping between the types of the wire format and of SQL.
//!
//! | Wire format | SQL |
//! |---|---|
//! | `Date64`: milliseconds, including the time of day | `TIMESTAMP` |
//! | `Timestamp` with time zone, packed with its zone | `TIMESTAMP WITH TIME ZONE`: an instant |
//! | any other type | the same type |
//!
//! SQL timestamps are in microseconds, as timestamp literals of a query are. If columns were in
//! milliseconds, the engine would truncate a literal before it compares the two. Nested values keep
//! the types of the wire format.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, make_array},
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    error::ArrowError,
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_protocol::{Error, Result, timestamp_tz};

/// Returns the SQL type of a column of the wire type `wire`.
pub(crate) fn sql_type(wire: &DataType) -> DataType {
    match wire {
        DataType::Date64 => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(TimeUnit::Millisecond, Some(zone)) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(zone)))
        }
        other => other.clone(),
    }
}

/// Returns the wire type of a value of the SQL type `sql`: the inverse of [`sql_type`].
pub(crate) fn wire_type(sql: &DataType) -> DataType {
    match sql {
        DataType::Timestamp(_, None) => DataType::Date64,
        DataType::Timestamp(_, Some(zone)) => {
            DataType::Timestamp(TimeUnit::Millisecond, Some(Arc::clone(zone)))
        }
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        other => other.clone(),
    }
}

/// Returns the SQL schema of the wire schema `wire`, without its metadata, which is only for the
/// connector.
pub(crate) fn sql_schema(wire: &Schema) -> SchemaRef {
    let fields: Vec<Field> = wire
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), sql_type(field.data_type()), field.is_nullable()))
        .collect();
    Arc::new(Schema::new(fields))
}

/// Converts `batch` from wire types to the SQL types of `schema`.
///
/// # Errors
///
/// `InvalidResponse` for invalid packed timestamps, and for timestamps beyond the range of
/// microseconds, 292,000 years from now.
pub(crate) fn to_sql(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let batch = timestamp_tz::unpack_batch(batch)?;
    let columns: Result<Vec<ArrayRef>> = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| convert(column, field.data_type()))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns?, &options).map_err(|error| {
        Error::invalid_response("rows do not fit the schema of their table").with_source(error)
    })
}

/// Converts a column from SQL types to wire types: the inverse of [`to_sql`] for one column.
pub(crate) fn to_wire(column: &ArrayRef) -> Result<ArrayRef> {
    let wire = wire_type(column.data_type());
    let column = convert(column, &wire)?;
    match &wire {
        DataType::Timestamp(_, Some(_)) => timestamp_tz::pack_column(&column),
        _ => Ok(column),
    }
}

fn convert(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    // A cast from or to `Date64` would truncate the time of day, so its values are reinterpreted.
    const MILLIS: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);
    let converted = match (column.data_type(), data_type) {
        (DataType::Date64, DataType::Timestamp(_, None)) => {
            reinterpret(column, MILLIS).and_then(|millis| strict_cast(&millis, data_type))
        }
        (DataType::Timestamp(_, None), DataType::Date64) => {
            strict_cast(column, &MILLIS).and_then(|millis| reinterpret(&millis, DataType::Date64))
        }
        _ => strict_cast(column, data_type),
    };
    converted.map_err(|error| {
        Error::invalid_response(format!(
            "a column of {} does not fit {data_type}",
            column.data_type()
        ))
        .with_source(error)
    })
}

/// Casts `column`; a value out of range is an error, not null.
fn strict_cast(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == data_type {
        return Ok(Arc::clone(column));
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(column, data_type, &strict)
}

/// Replaces the type of `column` and keeps its values.
fn reinterpret(column: &ArrayRef, data_type: DataType) -> Result<ArrayRef, ArrowError> {
    column.to_data().into_builder().data_type(data_type).build().map(make_array)
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{AsArray, Date64Array, TimestampNanosecondArray},
        datatypes::TimestampMicrosecondType,
    };

    use super::*;

    #[test]
    fn a_timestamp_keeps_its_time_of_day_in_both_directions() {
        let noon: i64 = 1_709_294_400_000;
        let wire = Schema::new(vec![Field::new("at", DataType::Date64, true)]);
        let column: ArrayRef = Arc::new(Date64Array::from(vec![Some(noon), None]));
        let batch =
            RecordBatch::try_new(Arc::new(wire.clone()), vec![Arc::clone(&column)]).unwrap();
        let sql = to_sql(&batch, &sql_schema(&wire)).unwrap();
        assert_eq!(sql.column(0).as_primitive::<TimestampMicrosecondType>().value(0), noon * 1_000);
        assert_eq!(to_wire(sql.column(0)).unwrap().as_ref(), column.as_ref());
    }

    #[test]
    fn a_timestamp_out_of_range_is_an_error_and_not_null() {
        let wire = Schema::new(vec![Field::new("at", DataType::Date64, true)]);
        let column: ArrayRef = Arc::new(Date64Array::from(vec![i64::MAX]));
        let batch = RecordBatch::try_new(Arc::new(wire.clone()), vec![column]).unwrap();
        to_sql(&batch, &sql_schema(&wire)).unwrap_err();
    }

    #[test]
    fn nanoseconds_become_milliseconds_on_the_wire() {
        let column: ArrayRef =
            Arc::new(TimestampNanosecondArray::from(vec![1_709_294_400_123_000_000]));
        let wire = to_wire(&column).unwrap();
        assert_eq!(wire.as_primitive::<arrow::datatypes::Date64Type>().value(0), 1_709_294_400_123);
    }
}
