//! Rows of an engine, read as values of the protocol.

use std::{borrow::Cow, sync::Arc};

use arrow::{
    array::{Array as _, ArrayRef, AsArray as _, RecordBatch},
    compute::cast,
    datatypes::{DataType, TimeUnit, TimestampMicrosecondType},
    util::display::array_value_to_string,
};
use athena_protocol::timestamp_tz::{TimeZoneKey, pack, unpack};

use crate::oracle::{Cell, Row};

/// Reads the rows of `batches`, whose columns have the types of the protocol `expected`.
///
/// A timestamp is in any unit, and with a time zone it is an instant: see [`comparable`].
///
/// # Errors
///
/// A description of the columns if they are others.
pub(super) fn rows(batches: &[RecordBatch], expected: &[DataType]) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for batch in batches {
        if batch.num_columns() != expected.len() {
            let columns = batch.num_columns();
            return Err(format!("{columns} columns are returned, expected {}", expected.len()));
        }
        let columns = batch.columns().iter().zip(expected).enumerate();
        let columns: Vec<Vec<Cell>> = columns
            .map(|(index, (column, data_type))| {
                cells(column, data_type).ok_or_else(|| {
                    let name = batch.schema_ref().field(index).name().clone();
                    let found = column.data_type();
                    format!("column {name:?} has the type {found}, expected that of {data_type}")
                })
            })
            .collect::<Result<_, _>>()?;
        let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
        let row = |_| columns.iter_mut().filter_map(Iterator::next).collect();
        rows.extend((0..batch.num_rows()).map(row));
    }
    Ok(rows)
}

fn cells(column: &ArrayRef, expected: &DataType) -> Option<Vec<Cell>> {
    use DataType as T;
    let found = column.data_type();
    let read = |column: &ArrayRef| (0..column.len()).map(|row| Cell::read(column, row)).collect();
    Some(match (found, expected) {
        _ if found.equals_datatype(expected) => {
            let cells: Vec<Cell> = read(column);
            cells.iter().map(|cell| comparable(cell).into_owned()).collect()
        }
        (T::Timestamp(_, None), T::Date64) => timestamps(column, Cell::Milli)?,
        (T::Timestamp(_, Some(_)), T::Timestamp(TimeUnit::Millisecond, Some(_))) => {
            timestamps(column, in_utc)?
        }
        (T::Utf8View | T::LargeUtf8, T::Utf8) | (T::BinaryView | T::LargeBinary, T::Binary) => {
            read(&cast(column, expected).ok()?)
        }
        _ => return None,
    })
}

/// Reads timestamps. One with a fraction of a millisecond, which no column of the protocol has, is
/// no timestamp of it.
fn timestamps(column: &ArrayRef, cell: impl Fn(i64) -> Cell) -> Option<Vec<Cell>> {
    let zone = match column.data_type() {
        DataType::Timestamp(_, zone) => zone.as_ref().map(Arc::clone),
        _ => None,
    };
    let micros = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, zone)).ok()?;
    let values = micros.as_primitive::<TimestampMicrosecondType>();
    let read = |row: usize| match values.value(row) {
        _ if values.is_null(row) => Cell::Null,
        micros if micros % 1_000 == 0 => cell(micros / 1_000),
        _ => Cell::Other(array_value_to_string(column, row).unwrap_or_default().into()),
    };
    Some((0..values.len()).map(read).collect())
}

fn in_utc(millis: i64) -> Cell {
    Cell::Zoned(pack(millis, TimeZoneKey::UTC).unwrap_or(millis))
}

/// Returns a value in the form of [`rows`]: a timestamp with time zone as its instant in UTC,
/// because a column of an engine has one zone for all values.
pub(super) fn comparable(cell: &Cell) -> Cow<'_, Cell> {
    match cell {
        Cell::Zoned(packed) => Cow::Owned(in_utc(unpack(*packed).0)),
        cell => Cow::Borrowed(cell),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray, TimestampMicrosecondArray};

    use super::*;

    fn one(column: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter([("c", column)]).unwrap()
    }

    #[test]
    fn timestamps_are_read_in_milliseconds() {
        let micros = TimestampMicrosecondArray::from(vec![Some(-1_000), None, Some(1)]);
        let batch = one(Arc::new(micros.clone()));
        let read = rows(&[batch], &[DataType::Date64]).unwrap();
        assert_eq!((&read[0][0], &read[1][0]), (&Cell::Milli(-1), &Cell::Null));
        assert!(matches!(&read[2][0], Cell::Other(_)));
        let zone: Arc<str> = "America/New_York".into();
        let batch = one(Arc::new(micros.slice(0, 1).with_timezone(Arc::clone(&zone))));
        let read = rows(&[batch], &[DataType::Timestamp(TimeUnit::Millisecond, Some(zone))]);
        let newyork = TimeZoneKey::from_name("America/New_York").unwrap();
        let same = Cell::Zoned(pack(-1, newyork).unwrap());
        assert_eq!(&read.unwrap()[0][0], &*comparable(&same));
    }

    #[test]
    fn other_columns_are_described() {
        let batch = one(Arc::new(Int64Array::from(vec![1])));
        let error = rows(std::slice::from_ref(&batch), &[DataType::Utf8]).unwrap_err();
        assert!(error.contains("\"c\"") && error.contains("Int64"), "{error}");
        let error = rows(&[batch], &[]).unwrap_err();
        assert!(error.starts_with("1 columns are returned"), "{error}");
        let text = one(Arc::new(StringViewArray::from(vec!["x"])));
        assert_eq!(*rows(&[text], &[DataType::Utf8]).unwrap()[0], [Cell::Text("x".into())]);
    }
}
