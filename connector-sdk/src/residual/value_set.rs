//! Value sets, compiled to one test per column.
//!
//! Nulls pass by `null_allowed` only. NaN, which is in none of Trino's ranges, passes only if every
//! value does, if a marker or an inclusive list names it, or if a list is exclusive (`NaN <> x` is
//! true in SQL, even for NaN).

use arrow::{
    array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, GenericByteArray},
    buffer::BooleanBuffer,
    datatypes::{
        BinaryType, ByteArrayType, DataType, Date32Type, Date64Type, Decimal128Type, Float32Type,
        Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, Utf8Type,
    },
};
use athena_protocol::predicate::{Bound, Marker, Range, ValueSet};

use super::{
    constant::decode,
    interval::{Interval, Intervals, Key},
    key::{Endpoint, Position, bytes_position, float_key, is_nan, narrow_position, wide_position},
};
use crate::{Error, Result};

/// Test of whether a value of a column is in a value set.
#[derive(Debug)]
pub(crate) struct ValueTest {
    keys: Keys,
    /// Whether the keys are rejected instead of accepted.
    inverted: bool,
    /// Whether NaN passes, regardless of the keys.
    nan: bool,
    /// Whether null passes.
    null: bool,
}

#[derive(Debug)]
enum Keys {
    /// Every non-null value of any type.
    All,
    /// Booleans, integers, floats, dates and zoned timestamps.
    Narrow(Intervals<i64>),
    /// Decimals.
    Wide(Intervals<i128>),
    /// Strings and binary values.
    Bytes(Intervals<Box<[u8]>>),
}

/// Decoded values of a set.
enum Values {
    Ranges(Vec<DecodedRange>),
    List(ArrayRef),
}

/// Range between decoded values.
struct DecodedRange {
    low: DecodedMarker,
    high: DecodedMarker,
}

/// Marker with a decoded value.
struct DecodedMarker {
    /// `None` for null, and for a marker without a row.
    value: Option<ArrayRef>,
    bound: Bound,
    /// Whether this is the unbounded lower end.
    unbounded: bool,
}

impl ValueTest {
    /// Compiles `set` for columns of `data_type`; `None` if they cannot be compared.
    pub(crate) fn try_new(data_type: &DataType, set: &ValueSet) -> Result<Option<Self>> {
        match set {
            ValueSet::AllOrNone(set) if set.all || !data_type.is_nested() => Ok(Some(Self {
                keys: Keys::All,
                inverted: !set.all,
                nan: set.all,
                null: set.null_allowed,
            })),
            // Lists, structs and maps do not compare. Their rows are not dropped for an empty set
            // either: Java writes "not null" that way (section 3.13 of the protocol), and the
            // result would be empty.
            _ if data_type.is_nested() => Ok(None),
            ValueSet::AllOrNone(_) => Ok(None),
            ValueSet::SortedRange(set) => {
                let Some(ranges) = decode_ranges(&set.ranges)? else { return Ok(None) };
                Ok(Self::compile(data_type, &Values::Ranges(ranges), set.null_allowed))
            }
            ValueSet::Equatable(set) => {
                let Some(values) = decode(&set.values)? else { return Ok(None) };
                let test = Self::compile(data_type, &Values::List(values), set.null_allowed);
                Ok(test.map(|test| Self {
                    inverted: !set.inclusive,
                    nan: test.nan || !set.inclusive,
                    ..test
                }))
            }
        }
    }

    /// Compiles the test of `$in`: equality to one of `values`, which are decoded. Nulls in the
    /// list are ignored, and NaN equals nothing.
    ///
    /// Returns `None` if they cannot be compared.
    pub(super) fn of_list(data_type: &DataType, values: ArrayRef) -> Option<Self> {
        let test = Self::compile(data_type, &Values::List(values), false)?;
        Some(Self { nan: false, ..test })
    }

    fn compile(data_type: &DataType, values: &Values, null: bool) -> Option<Self> {
        let (keys, nan) = match data_type {
            DataType::Decimal128(_, _) => {
                let (keys, nan) =
                    values.keys(|constant, row| wide_position(data_type, constant, row))?;
                (Keys::Wide(keys), nan)
            }
            DataType::Utf8 | DataType::Binary => {
                let (keys, nan) =
                    values.keys(|constant, row| bytes_position(data_type, constant, row))?;
                (Keys::Bytes(keys), nan)
            }
            DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Date32
            | DataType::Date64
            | DataType::Timestamp(_, _)
            | DataType::Float32
            | DataType::Float64 => {
                let (keys, nan) =
                    values.keys(|constant, row| narrow_position(data_type, constant, row))?;
                (Keys::Narrow(keys), nan)
            }
            // Also for an empty list, which would need no comparison.
            _ => return None,
        };
        Some(Self { keys, inverted: false, nan, null })
    }

    /// Returns the keys that pass as ascending (start, exclusive end) ranges; `None` for keys wider
    /// than 64 bits.
    pub(crate) fn key_ranges(&self) -> Option<Vec<(i64, Option<i64>)>> {
        match &self.keys {
            Keys::Narrow(keys) => {
                let ranges = keys.to_ranges();
                Some(if self.inverted { complement(&ranges) } else { ranges })
            }
            Keys::All | Keys::Wide(_) | Keys::Bytes(_) => None,
        }
    }

    /// Returns one bit per row: whether its value passes.
    pub(crate) fn passes(&self, array: &dyn Array) -> Result<BooleanBuffer> {
        let values = self.values_pass(array)?;
        Ok(match array.logical_nulls() {
            None => values,
            Some(valid) if self.null => &values | &!valid.inner(),
            Some(valid) => &values & valid.inner(),
        })
    }

    /// Tests like [`Self::passes`], with unspecified bits for nulls.
    fn values_pass(&self, array: &dyn Array) -> Result<BooleanBuffer> {
        let len = array.len();
        Ok(match (&self.keys, array.data_type()) {
            (Keys::All, _) if self.inverted => BooleanBuffer::new_unset(len),
            (Keys::All, _) => BooleanBuffer::new_set(len),
            (Keys::Narrow(keys), DataType::Boolean) => {
                let no = keys.contains(&0) != self.inverted;
                let yes = keys.contains(&1) != self.inverted;
                let values = array.as_boolean().values();
                match (no, yes) {
                    (false, false) => BooleanBuffer::new_unset(len),
                    (false, true) => values.clone(),
                    (true, false) => !values,
                    (true, true) => BooleanBuffer::new_set(len),
                }
            }
            (Keys::Narrow(keys), DataType::Int8) => self.natives::<Int8Type, _>(array, keys),
            (Keys::Narrow(keys), DataType::Int16) => self.natives::<Int16Type, _>(array, keys),
            (Keys::Narrow(keys), DataType::Int32) => self.natives::<Int32Type, _>(array, keys),
            (Keys::Narrow(keys), DataType::Int64) => self.natives::<Int64Type, _>(array, keys),
            (Keys::Narrow(keys), DataType::Date32) => self.natives::<Date32Type, _>(array, keys),
            (Keys::Narrow(keys), DataType::Date64) => self.natives::<Date64Type, _>(array, keys),
            (Keys::Narrow(keys), DataType::Timestamp(unit, _)) => match unit {
                TimeUnit::Second => self.natives::<TimestampSecondType, _>(array, keys),
                TimeUnit::Millisecond => self.natives::<TimestampMillisecondType, _>(array, keys),
                TimeUnit::Microsecond => self.natives::<TimestampMicrosecondType, _>(array, keys),
                TimeUnit::Nanosecond => self.natives::<TimestampNanosecondType, _>(array, keys),
            },
            (Keys::Narrow(keys), DataType::Float32) => self.floats::<Float32Type>(array, keys),
            (Keys::Narrow(keys), DataType::Float64) => self.floats::<Float64Type>(array, keys),
            (Keys::Wide(keys), DataType::Decimal128(_, _)) => {
                self.natives::<Decimal128Type, _>(array, keys)
            }
            (Keys::Bytes(keys), DataType::Utf8) => self.bytes::<Utf8Type>(array.as_string(), keys),
            (Keys::Bytes(keys), DataType::Binary) => {
                self.bytes::<BinaryType>(array.as_binary(), keys)
            }
            (Keys::Narrow(_) | Keys::Wide(_) | Keys::Bytes(_), data_type) => {
                return Err(Error::internal(format!(
                    "a value set was not compiled for type {data_type}"
                )));
            }
        })
    }

    fn natives<T: ArrowPrimitiveType, K: Key + From<T::Native>>(
        &self,
        array: &dyn Array,
        keys: &Intervals<K>,
    ) -> BooleanBuffer {
        let values: &[T::Native] = array.as_primitive::<T>().values();
        BooleanBuffer::collect_bool(values.len(), |row| {
            keys.contains(&K::from(values[row])) != self.inverted
        })
    }

    fn floats<T: ArrowPrimitiveType<Native: Into<f64>>>(
        &self,
        array: &dyn Array,
        keys: &Intervals<i64>,
    ) -> BooleanBuffer {
        let values: &[T::Native] = array.as_primitive::<T>().values();
        BooleanBuffer::collect_bool(values.len(), |row| {
            let value: f64 = values[row].into();
            if value.is_nan() {
                self.nan
            } else {
                keys.contains(&float_key(value)) != self.inverted
            }
        })
    }

    fn bytes<T: ByteArrayType<Offset = i32>>(
        &self,
        array: &GenericByteArray<T>,
        keys: &Intervals<Box<[u8]>>,
    ) -> BooleanBuffer {
        BooleanBuffer::collect_bool(array.len(), |row| {
            let value: &[u8] = array.value(row).as_ref();
            keys.contains(value) != self.inverted
        })
    }
}

/// Returns the keys outside of ascending, disjoint ranges.
fn complement(ranges: &[(i64, Option<i64>)]) -> Vec<(i64, Option<i64>)> {
    let mut outside = Vec::new();
    let mut from = Some(i64::MIN);
    for (low, high) in ranges {
        if let Some(start) = from
            && start < *low
        {
            outside.push((start, Some(*low)));
        }
        from = *high;
    }
    outside.extend(from.map(|from| (from, None)));
    outside
}

impl Values {
    /// Returns the keys, and whether NaN is named, given the position of a constant among the keys
    /// of the column; `None` if a constant has no position.
    fn keys<K: Key>(
        &self,
        position: impl Fn(&dyn Array, usize) -> Option<Position<K>>,
    ) -> Option<(Intervals<K>, bool)> {
        let mut nan = false;
        let mut intervals = Vec::new();
        match self {
            Self::Ranges(ranges) => {
                for range in ranges {
                    nan |= range.low.is_nan() || range.high.is_nan();
                    intervals.push(range.interval(&position)?);
                }
            }
            Self::List(values) => {
                let nulls = values.logical_nulls();
                let is_null = |row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
                for row in (0..values.len()).filter(|&row| !is_null(row)) {
                    nan |= is_nan(values, row);
                    if let Position::At(key) = position(values, row)? {
                        intervals.push(Interval::point(key));
                    }
                }
            }
        }
        let intervals = Intervals::new(intervals);
        let nan = nan || intervals.is_all();
        Some((intervals, nan))
    }
}

impl DecodedRange {
    /// Returns the interval between the ends; `None` if one has no position.
    fn interval<K: Key>(
        &self,
        position: &impl Fn(&dyn Array, usize) -> Option<Position<K>>,
    ) -> Option<Interval<K>> {
        let position = |end: &DecodedMarker| match &end.value {
            _ if end.unbounded => Some(Position::Before),
            // Null sorts after all values, as does the unbounded upper end.
            None => Some(Position::After),
            Some(value) => position(value, 0),
        };
        let low_exclusive = self.low.bound == Bound::Above;
        let high_exclusive = self.high.bound == Bound::Below;
        Some(Interval::between(
            Endpoint { position: position(&self.low)?, exclusive: low_exclusive },
            Endpoint { position: position(&self.high)?, exclusive: high_exclusive },
        ))
    }
}

impl DecodedMarker {
    /// Returns whether the end is exactly NaN, so that NaN is in the range.
    fn is_nan(&self) -> bool {
        self.bound == Bound::Exactly && self.value.as_ref().is_some_and(|value| is_nan(value, 0))
    }
}

/// Decodes the markers of the ranges; `None` if a type cannot be decoded.
fn decode_ranges(ranges: &[Range]) -> Result<Option<Vec<DecodedRange>>> {
    let mut decoded = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (Some(low), Some(high)) = (decode_marker(&range.low)?, decode_marker(&range.high)?)
        else {
            return Ok(None);
        };
        decoded.push(DecodedRange { low, high });
    }
    Ok(Some(decoded))
}

fn decode_marker(marker: &Marker) -> Result<Option<DecodedMarker>> {
    let unbounded = marker.null_value && marker.bound == Bound::Above;
    let value = match &marker.value {
        Some(value) if !marker.null_value && !value.is_empty() => {
            let Some(value) = decode(value)? else { return Ok(None) };
            (*value.data_type() != DataType::Null && !value.is_null(0)).then_some(value)
        }
        _ => None,
    };
    Ok(Some(DecodedMarker { value, bound: marker.bound, unbounded }))
}
