//! How types of the wire look in SQL.
//!
//! | Wire | SQL |
//! |---|---|
//! | `Date64`, milliseconds with a time of day | `TIMESTAMP` |
//! | timestamp_tz timestamp, packed with its zone | `TIMESTAMP WITH TIME ZONE`, an instant |
//! | anything else | the same |
//!
//! A timestamp of SQL has microseconds, which is how a query writes one: in a column of
//! milliseconds the engine would cut the query's to those before it compares them. Nested values
//! keep the types of the wire.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, make_array},
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_protocol::{Error, Result, timestamp_tz};

/// The type that a column of `wire` has in SQL.
pub(crate) fn sql_type(wire: &DataType) -> DataType {
    match wire {
        DataType::Date64 => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(TimeUnit::Millisecond, Some(zone)) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(zone)))
        }
        other => other.clone(),
    }
}

/// The type that a value of the SQL type `sql` travels as: the reverse of [`sql_type`].
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

/// The columns of `wire` as SQL sees them, without the metadata that is between engine and
/// connector.
pub(crate) fn sql_schema(wire: &Schema) -> SchemaRef {
    let fields: Vec<Field> = wire
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), sql_type(field.data_type()), field.is_nullable()))
        .collect();
    Arc::new(Schema::new(fields))
}

/// The rows of `batch` as SQL sees them, under `schema`.
///
/// # Errors
///
/// `InvalidResponse` for timestamp_tz values that are not packed as they must be, and for timestamps
/// 292,000 years from now.
pub(crate) fn to_sql(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let batch = timestamp_tz::unpack_batch(batch)?;
    let columns: Result<Vec<ArrayRef>> = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| under_type(column, field.data_type()))
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns?, &options).map_err(|error| {
        Error::invalid_response("rows do not fit the columns of their table").with_source(error)
    })
}

/// Result columns of SQL as they travel: the reverse of [`to_sql`] for one column.
pub(crate) fn to_wire(column: &ArrayRef) -> Result<ArrayRef> {
    let wire = wire_type(column.data_type());
    let column = under_type(column, &wire)?;
    match &wire {
        DataType::Timestamp(_, Some(_)) => timestamp_tz::pack_column(&column),
        _ => Ok(column),
    }
}

fn under_type(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    // Not a cast from or to dates, which would cut the time of day off.
    const MILLIS: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);
    let strictly = |column: &ArrayRef, data_type: &DataType| {
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        if column.data_type() == data_type {
            Ok(Arc::clone(column))
        } else {
            cast_with_options(column, data_type, &strict)
        }
    };
    let relabelled = |column: &ArrayRef, data_type: DataType| {
        column.to_data().into_builder().data_type(data_type).build().map(make_array)
    };
    let converted = match (column.data_type(), data_type) {
        (DataType::Date64, DataType::Timestamp(_, None)) => {
            relabelled(column, MILLIS).and_then(|millis| strictly(&millis, data_type))
        }
        (DataType::Timestamp(_, None), DataType::Date64) => {
            strictly(column, &MILLIS).and_then(|millis| relabelled(&millis, DataType::Date64))
        }
        _ => strictly(column, data_type),
    };
    converted.map_err(|error| {
        Error::invalid_response(format!(
            "a column of {} does not fit {data_type}",
            column.data_type()
        ))
        .with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{AsArray, Date64Array, TimestampNanosecondArray},
        datatypes::TimestampMicrosecondType,
    };

    use super::*;

    #[test]
    fn a_timestamp_keeps_its_time_of_day_both_ways() {
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
    fn a_timestamp_too_far_away_is_an_error_and_not_null() {
        let wire = Schema::new(vec![Field::new("at", DataType::Date64, true)]);
        let column: ArrayRef = Arc::new(Date64Array::from(vec![i64::MAX]));
        let batch = RecordBatch::try_new(Arc::new(wire.clone()), vec![column]).unwrap();
        to_sql(&batch, &sql_schema(&wire)).unwrap_err();
    }

    #[test]
    fn finer_timestamps_travel_in_milliseconds() {
        let column: ArrayRef =
            Arc::new(TimestampNanosecondArray::from(vec![1_709_294_400_123_000_000]));
        let wire = to_wire(&column).unwrap();
        assert_eq!(wire.as_primitive::<arrow::datatypes::Date64Type>().value(0), 1_709_294_400_123);
    }
}
