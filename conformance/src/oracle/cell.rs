//! Single values, converted from and to Arrow arrays.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Date64Array,
        Decimal128Array, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
        StringArray, TimestampMillisecondArray, new_null_array,
    },
    datatypes::{
        ArrowPrimitiveType, DataType, Date32Type, Date64Type, Decimal128Type, Float32Type,
        Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMillisecondType,
    },
    record_batch::RecordBatch,
    util::display::array_value_to_string,
};

/// Values of one row, in the order of the requested columns.
pub type Row = Box<[Cell]>;

/// Value of one row in one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// SQL null.
    Null,
    /// `BOOLEAN`.
    Bool(bool),
    /// An integer of any width.
    Int(i64),
    /// `REAL`.
    Single(f32),
    /// `DOUBLE`.
    Double(f64),
    /// `DECIMAL`: unscaled value and scale.
    Decimal(i128, i8),
    /// `VARCHAR`.
    Text(Box<str>),
    /// `VARBINARY`.
    Bytes(Box<[u8]>),
    /// `DATE`: days since the epoch.
    Day(i32),
    /// `TIMESTAMP`: milliseconds since the epoch, without a zone.
    Milli(i64),
    /// `TIMESTAMP WITH TIME ZONE`: milliseconds and a zone key, packed as on the wire.
    Zoned(i64),
    /// `ARRAY`.
    List(Box<[Cell]>),
    /// `ROW`.
    Struct(Box<[Cell]>),
    /// `MAP`: pairs of key and value.
    Map(Box<[(Cell, Cell)]>),
    /// Value of an unsupported type, as displayed by Arrow.
    Other(Box<str>),
}

fn native<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

impl Cell {
    /// Reads the value of `array` in `row`.
    ///
    /// # Panics
    ///
    /// If `row` is out of bounds.
    pub fn read(array: &dyn Array, row: usize) -> Self {
        if array.is_null(row) {
            return Self::Null;
        }
        match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean().value(row)),
            DataType::Int8 => Self::Int(native::<Int8Type>(array, row).into()),
            DataType::Int16 => Self::Int(native::<Int16Type>(array, row).into()),
            DataType::Int32 => Self::Int(native::<Int32Type>(array, row).into()),
            DataType::Int64 => Self::Int(native::<Int64Type>(array, row)),
            DataType::Float32 => Self::Single(native::<Float32Type>(array, row)),
            DataType::Float64 => Self::Double(native::<Float64Type>(array, row)),
            DataType::Decimal128(_, scale) => {
                Self::Decimal(native::<Decimal128Type>(array, row), *scale)
            }
            DataType::Utf8 => Self::Text(array.as_string::<i32>().value(row).into()),
            DataType::Binary => Self::Bytes(array.as_binary::<i32>().value(row).into()),
            DataType::Date32 => Self::Day(native::<Date32Type>(array, row)),
            DataType::Date64 => Self::Milli(native::<Date64Type>(array, row)),
            DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => {
                Self::Zoned(native::<TimestampMillisecondType>(array, row))
            }
            DataType::List(_) => {
                let items = array.as_list::<i32>().value(row);
                Self::List((0..items.len()).map(|item| Self::read(&items, item)).collect())
            }
            DataType::Struct(_) => Self::Struct(
                array.as_struct().columns().iter().map(|column| Self::read(column, row)).collect(),
            ),
            DataType::Map(_, _) => {
                let entries = array.as_map().value(row);
                let keys = entries.column(0);
                let values = entries.column(1);
                Self::Map(
                    (0..entries.len())
                        .map(|entry| (Self::read(keys, entry), Self::read(values, entry)))
                        .collect(),
                )
            }
            _ => Self::Other(array_value_to_string(array, row).unwrap_or_default().into()),
        }
    }

    /// Reads the rows of a batch.
    pub fn rows(batch: &RecordBatch) -> impl Iterator<Item = Row> {
        (0..batch.num_rows())
            .map(|row| batch.columns().iter().map(|column| Self::read(column, row)).collect())
    }

    /// Returns true for null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns true for NaN of either float type.
    pub fn is_nan(&self) -> bool {
        matches!(self, Self::Single(value) if value.is_nan())
            || matches!(self, Self::Double(value) if value.is_nan())
    }

    /// Appends bytes that identify the value.
    ///
    /// All NaN are equal, -0.0 and 0.0 differ, and the order of the entries of a map does not
    /// count.
    pub fn write_key(&self, out: &mut Vec<u8>) {
        let sized = |tag: u8, bytes: &[u8], out: &mut Vec<u8>| {
            out.push(tag);
            out.extend_from_slice(&bytes.len().to_le_bytes());
            out.extend_from_slice(bytes);
        };
        match self {
            Self::Null => out.push(0),
            Self::Bool(value) => out.extend_from_slice(&[1, u8::from(*value)]),
            Self::Int(value) => sized(2, &value.to_le_bytes(), out),
            Self::Single(value) => {
                sized(
                    3,
                    &if value.is_nan() { f32::NAN } else { *value }.to_bits().to_le_bytes(),
                    out,
                );
            }
            Self::Double(value) => {
                sized(
                    4,
                    &if value.is_nan() { f64::NAN } else { *value }.to_bits().to_le_bytes(),
                    out,
                );
            }
            Self::Decimal(digits, _) => sized(5, &digits.to_le_bytes(), out),
            Self::Text(text) => sized(6, text.as_bytes(), out),
            Self::Bytes(bytes) => sized(7, bytes, out),
            Self::Day(day) => sized(8, &day.to_le_bytes(), out),
            Self::Milli(value) => sized(9, &value.to_le_bytes(), out),
            Self::Zoned(value) => sized(10, &value.to_le_bytes(), out),
            Self::List(cells) => write_keys(11, cells.iter(), out),
            Self::Struct(cells) => write_keys(12, cells.iter(), out),
            Self::Map(entries) => {
                let mut keys: Vec<Vec<u8>> =
                    entries.iter().map(|(key, value)| key_of([key, value])).collect();
                keys.sort_unstable();
                sized(13, &keys.concat(), out);
            }
            Self::Other(text) => sized(14, text.as_bytes(), out),
        }
    }
}

fn write_keys<'a>(tag: u8, cells: impl ExactSizeIterator<Item = &'a Cell>, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&cells.len().to_le_bytes());
    cells.for_each(|cell| cell.write_key(out));
}

/// Returns bytes that identify the values of a row; see [`Cell::write_key`].
pub(crate) fn key_of<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> Vec<u8> {
    let mut key = Vec::new();
    cells.into_iter().for_each(|cell| cell.write_key(&mut key));
    key
}

/// Builds an array of `cells`; `None` for a nested type, or if a value is of another type.
pub(crate) fn array_of(cells: &[Cell], data_type: &DataType) -> Option<ArrayRef> {
    if cells.iter().all(Cell::is_null) {
        return (!data_type.is_nested()).then(|| new_null_array(data_type, cells.len()));
    }
    macro_rules! values {
        ($array:ty, $variant:ident, $map:expr) => {{
            let values = cells.iter().map(|cell| match cell {
                Cell::Null => Some(None),
                Cell::$variant(value) => $map(value).map(Some),
                _ => None,
            });
            Arc::new(<$array>::from(values.collect::<Option<Vec<_>>>()?)) as ArrayRef
        }};
    }
    Some(match data_type {
        DataType::Boolean => values!(BooleanArray, Bool, |value: &bool| Some(*value)),
        DataType::Int8 => values!(Int8Array, Int, |value: &i64| i8::try_from(*value).ok()),
        DataType::Int16 => values!(Int16Array, Int, |value: &i64| i16::try_from(*value).ok()),
        DataType::Int32 => values!(Int32Array, Int, |value: &i64| i32::try_from(*value).ok()),
        DataType::Int64 => values!(Int64Array, Int, |value: &i64| Some(*value)),
        DataType::Float32 => values!(Float32Array, Single, |value: &f32| Some(*value)),
        DataType::Float64 => values!(Float64Array, Double, |value: &f64| Some(*value)),
        DataType::Utf8 => values!(StringArray, Text, |value: &str| Some(value.to_owned())),
        DataType::Binary => {
            let bytes = cells.iter().map(|cell| match cell {
                Cell::Null => Some(None),
                Cell::Bytes(bytes) => Some(Some(&**bytes)),
                _ => None,
            });
            Arc::new(BinaryArray::from(bytes.collect::<Option<Vec<_>>>()?))
        }
        DataType::Date32 => values!(Date32Array, Day, |value: &i32| Some(*value)),
        DataType::Date64 => values!(Date64Array, Milli, |value: &i64| Some(*value)),
        DataType::Timestamp(TimeUnit::Millisecond, Some(zone)) => {
            let values = cells.iter().map(|cell| match cell {
                Cell::Null => Some(None),
                Cell::Zoned(value) => Some(Some(*value)),
                _ => None,
            });
            let values = TimestampMillisecondArray::from(values.collect::<Option<Vec<_>>>()?);
            Arc::new(values.with_timezone(Arc::clone(zone)))
        }
        DataType::Decimal128(precision, scale) => {
            let digits = cells.iter().map(|cell| match cell {
                Cell::Null => Some(None),
                Cell::Decimal(digits, other) if other == scale => Some(Some(*digits)),
                _ => None,
            });
            let digits = Decimal128Array::from(digits.collect::<Option<Vec<_>>>()?);
            Arc::new(digits.with_precision_and_scale(*precision, *scale).ok()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_survive_a_round_trip_through_an_array() {
        let cases = [
            (DataType::Int8, vec![Cell::Int(-128), Cell::Null]),
            (DataType::Int64, vec![Cell::Int(i64::MAX)]),
            (DataType::Float32, vec![Cell::Single(-0.0), Cell::Null, Cell::Single(1.5)]),
            (DataType::Decimal128(12, 2), vec![Cell::Decimal(-5, 2), Cell::Null]),
            (DataType::Utf8, vec![Cell::Text("".into()), Cell::Text("a ".into()), Cell::Null]),
            (DataType::Binary, vec![Cell::Bytes([0, 255].into()), Cell::Null]),
            (
                DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
                vec![Cell::Zoned(4096), Cell::Null],
            ),
        ];
        for (data_type, cells) in cases {
            let array = array_of(&cells, &data_type).unwrap();
            assert_eq!(array.data_type(), &data_type);
            assert_eq!(
                (0..array.len()).map(|row| Cell::read(&array, row)).collect::<Vec<_>>(),
                cells
            );
        }
        assert!(array_of(&[Cell::Int(300)], &DataType::Int8).is_none());
    }

    #[test]
    fn keys_differ_if_and_only_if_values_differ() {
        let key = |cell: Cell| key_of([&cell]);
        assert_eq!(key(Cell::Double(f64::NAN)), key(Cell::Double(-f64::NAN)));
        assert_ne!(key(Cell::Double(0.0)), key(Cell::Double(-0.0)));
        assert_ne!(key(Cell::Null), key(Cell::Text("".into())));
        // Without lengths, these two rows would have equal bytes.
        let texts = |a: &str, b: &str| key_of([&Cell::Text(a.into()), &Cell::Text(b.into())]);
        assert_ne!(texts("ab", "c"), texts("a", "bc"));
        let entry = |n| (Cell::Int(n), Cell::Null);
        assert_eq!(
            key(Cell::Map([entry(1), entry(2)].into())),
            key(Cell::Map([entry(2), entry(1)].into()))
        );
    }
}
