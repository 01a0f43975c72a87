//! Packing and unpacking of columns and batches.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, FixedSizeListArray, ListArray, MapArray, RecordBatchOptions,
        StructArray, TimestampMillisecondArray,
    },
    datatypes::{DataType, TimeUnit, TimestampMillisecondType},
    error::ArrowError,
    record_batch::RecordBatch,
};

use super::key::{TimeZoneKey, pack, unpack};
use crate::error::{Error, Result};

/// Returns whether `data_type` is packed on the wire, itself or in a nested field.
pub fn contains_timestamp_tz(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp(TimeUnit::Millisecond, zone) => zone.is_some(),
        DataType::List(field) | DataType::FixedSizeList(field, _) | DataType::Map(field, _) => {
            contains_timestamp_tz(field.data_type())
        }
        DataType::Struct(fields) => {
            fields.iter().any(|field| contains_timestamp_tz(field.data_type()))
        }
        _ => false,
    }
}

/// Packs the timestamps of `column` with the time zone of their type. A column without any is
/// shared, not copied.
///
/// The data type does not change, so the result is meaningful only to [`block`](crate::block) and
/// [`unpack_column`].
///
/// # Errors
///
/// `InvalidInput` for a time zone without a key, and for an instant that [`pack`] rejects.
pub fn pack_column(column: &ArrayRef) -> Result<ArrayRef> {
    map_zoned(column, &|values, zone| {
        let key = TimeZoneKey::from_name(zone)?;
        values.try_unary::<_, TimestampMillisecondType, _>(|millis| pack(millis, key))
    })
}

/// Unpacks the timestamps of `column` into instants. A column without any is shared, not copied.
///
/// The zone of each value is lost: Arrow displays all of them in the zone of the column's type. Use
/// [`unpack`] if zones matter.
///
/// # Errors
///
/// None for a valid array.
pub fn unpack_column(column: &ArrayRef) -> Result<ArrayRef> {
    map_zoned(column, &|values, _| {
        Ok(values.unary::<_, TimestampMillisecondType>(|value| unpack(value).0))
    })
}

/// Packs every column of `batch` like [`pack_column`].
///
/// # Errors
///
/// As [`pack_column`], naming the column.
pub fn pack_batch(batch: &RecordBatch) -> Result<RecordBatch> {
    map_columns(batch, pack_column)
}

/// Unpacks every column of `batch` like [`unpack_column`].
///
/// # Errors
///
/// None for a valid batch.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::{
///     array::{ArrayRef, TimestampMillisecondArray},
///     record_batch::RecordBatch,
/// };
/// use athena_protocol::timestamp_tz::{pack_batch, unpack_batch};
///
/// let times = TimestampMillisecondArray::from(vec![1_709_294_400_000]);
/// let times: ArrayRef = Arc::new(times.with_timezone("America/New_York"));
/// let batch = RecordBatch::try_from_iter([("at", times)]).expect("one column");
///
/// let packed = pack_batch(&batch)?;
/// assert_eq!(packed.schema(), batch.schema()); // Same type, other values.
/// assert_ne!(packed, batch);
/// assert_eq!(unpack_batch(&packed)?, batch);
/// # Ok::<(), athena_protocol::Error>(())
/// ```
pub fn unpack_batch(batch: &RecordBatch) -> Result<RecordBatch> {
    map_columns(batch, unpack_column)
}

fn map_columns(
    batch: &RecordBatch,
    convert: impl Fn(&ArrayRef) -> Result<ArrayRef>,
) -> Result<RecordBatch> {
    let schema = batch.schema();
    if !schema.fields().iter().any(|field| contains_timestamp_tz(field.data_type())) {
        return Ok(batch.clone());
    }
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        columns.push(convert(column).map_err(|error| error.with_context("column", field.name()))?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(rebuild_failed)
}

type Convert<'a> =
    dyn Fn(&TimestampMillisecondArray, &str) -> Result<TimestampMillisecondArray> + 'a;

fn map_zoned(array: &ArrayRef, convert: &Convert<'_>) -> Result<ArrayRef> {
    if !contains_timestamp_tz(array.data_type()) {
        return Ok(Arc::clone(array));
    }
    Ok(match array.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, Some(zone)) => {
            Arc::new(convert(array.as_primitive(), zone)?.with_timezone(Arc::clone(zone)))
        }
        DataType::List(element) => {
            let list = array.as_list::<i32>();
            let values = map_zoned(list.values(), convert)?;
            let offsets = list.offsets().clone();
            Arc::new(
                ListArray::try_new(Arc::clone(element), offsets, values, list.nulls().cloned())
                    .map_err(rebuild_failed)?,
            )
        }
        DataType::FixedSizeList(element, size) => {
            let list = array.as_fixed_size_list();
            let values = map_zoned(list.values(), convert)?;
            let list = FixedSizeListArray::try_new_with_length(
                Arc::clone(element),
                *size,
                values,
                list.nulls().cloned(),
                list.len(),
            );
            Arc::new(list.map_err(rebuild_failed)?)
        }
        DataType::Struct(_) => Arc::new(map_struct(array.as_struct(), convert)?),
        DataType::Map(entries, sorted) => {
            let map = array.as_map();
            let pairs = map_struct(map.entries(), convert)?;
            let offsets = map.offsets().clone();
            let nulls = map.nulls().cloned();
            Arc::new(
                MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, *sorted)
                    .map_err(rebuild_failed)?,
            )
        }
        // `contains_timestamp_tz` is false for all other types.
        _ => Arc::clone(array),
    })
}

fn map_struct(array: &StructArray, convert: &Convert<'_>) -> Result<StructArray> {
    let mut columns = Vec::with_capacity(array.num_columns());
    for (field, column) in array.fields().iter().zip(array.columns()) {
        columns.push(
            map_zoned(column, convert)
                .map_err(|error| error.with_context("field", field.name()))?,
        );
    }
    StructArray::try_new_with_length(
        array.fields().clone(),
        columns,
        array.nulls().cloned(),
        array.len(),
    )
    .map_err(rebuild_failed)
}

fn rebuild_failed(error: ArrowError) -> Error {
    Error::internal("an array with packed or unpacked timestamps is invalid").with_source(error)
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::{Int64Array, TimestampMicrosecondArray},
        datatypes::{Field, Int64Type, Schema},
    };

    use super::*;
    use crate::ErrorKind;

    const NOON: i64 = 1_709_294_400_000;

    fn zoned(zone: &str, values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
        Arc::new(values.into_iter().collect::<TimestampMillisecondArray>().with_timezone(zone))
    }

    fn integers(array: &ArrayRef) -> Vec<Option<i64>> {
        array.as_primitive::<TimestampMillisecondType>().iter().collect()
    }

    #[test]
    fn a_column_is_packed_with_its_own_zone() {
        let column = zoned("America/New_York", [Some(NOON), None, Some(-1)]);
        let packed = pack_column(&column).unwrap();
        assert_eq!(packed.data_type(), column.data_type());
        assert_eq!(integers(&packed), [Some(7_001_269_862_401_847), None, Some((-1 << 12) + 1847)]);
        assert_eq!(&unpack_column(&packed).unwrap(), &column);
    }

    #[test]
    fn values_of_several_zones_unpack_to_instants() {
        let packed = zoned(
            "UTC",
            [Some(7_001_269_862_401_847), Some(7_001_269_862_400_000), Some(7_001_269_862_402_040)],
        );
        assert_eq!(integers(&unpack_column(&packed).unwrap()), [Some(NOON); 3]);
    }

    #[test]
    fn only_zoned_milliseconds_are_packed() {
        let others: [ArrayRef; 3] = [
            Arc::new(TimestampMillisecondArray::from(vec![NOON])),
            Arc::new(TimestampMicrosecondArray::from(vec![NOON]).with_timezone("UTC")),
            Arc::new(Int64Array::from(vec![NOON])),
        ];
        for column in others {
            assert!(!contains_timestamp_tz(column.data_type()));
            assert!(Arc::ptr_eq(&pack_column(&column).unwrap(), &column));
            assert!(Arc::ptr_eq(&unpack_column(&column).unwrap(), &column));
        }
    }

    #[test]
    fn nested_values_are_packed() {
        let zone = DataType::Timestamp(TimeUnit::Millisecond, Some("+01:00".into()));
        let times = zoned("+01:00", (0..6).map(|n| (n != 3).then_some(n)));
        let offsets = arrow::buffer::OffsetBuffer::<i32>::from_lengths([2, 0, 1, 3]);
        let element = Arc::new(Field::new("", zone.clone(), true));
        let list: ArrayRef = Arc::new(
            ListArray::try_new(
                element,
                offsets.clone(),
                Arc::clone(&times),
                Some(vec![true, false, true, true].into()),
            )
            .unwrap(),
        );
        let key: ArrayRef = Arc::new(Int64Array::from_iter_values(0..6));
        let pair: arrow::datatypes::Fields =
            vec![Field::new("key", DataType::Int64, false), Field::new("value", zone, true)].into();
        let pairs = StructArray::new(pair.clone(), vec![key, Arc::clone(&times)], None);
        let entries = Arc::new(Field::new("entries", DataType::Struct(pair), false));
        let map: ArrayRef =
            Arc::new(MapArray::try_new(entries, offsets, pairs.clone(), None, false).unwrap());
        let pairs: ArrayRef = Arc::new(pairs.slice(1, 4));
        let columns = [("list", list), ("map", map), ("pairs", pairs)];
        let batch = RecordBatch::try_from_iter(columns).unwrap();

        let packed = pack_batch(&batch).unwrap();
        assert_eq!(packed.schema(), batch.schema());
        let child = |array: &ArrayRef| integers(array.as_struct().column(1));
        assert_eq!(
            child(packed.column(2)),
            [1, 2, 3, 4].map(|n| (n != 3).then_some((n << 12) + 900))
        );
        assert_eq!(packed.column(2).as_struct().column(0).as_primitive::<Int64Type>().value(0), 1);
        assert_eq!(integers(packed.column(0).as_list::<i32>().values())[5], Some((5 << 12) + 900));
        assert_eq!(integers(packed.column(1).as_map().values())[5], Some((5 << 12) + 900));
        assert_eq!(unpack_batch(&packed).unwrap(), batch);
    }

    #[test]
    fn batches_without_zones_are_shared() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let batch = RecordBatch::try_from_iter([("n", Arc::clone(&column))]).unwrap();
        assert!(Arc::ptr_eq(pack_batch(&batch).unwrap().column(0), &column));
        assert!(Arc::ptr_eq(unpack_batch(&batch).unwrap().column(0), &column));
    }

    #[test]
    fn rows_without_columns_are_kept() {
        let options = RecordBatchOptions::new().with_row_count(Some(5));
        let batch =
            RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)
                .unwrap();
        assert_eq!(pack_batch(&batch).unwrap().num_rows(), 5);
    }

    #[test]
    fn errors_of_unknown_zones_and_distant_instants_name_the_column() {
        for (zone, millis) in [("Mars/Olympus", 0), ("UTC", i64::MAX)] {
            let batch = RecordBatch::try_from_iter([("at", zoned(zone, [Some(millis)]))]).unwrap();
            let error = pack_batch(&batch).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("column: at"), "{error}");
        }
    }
}
