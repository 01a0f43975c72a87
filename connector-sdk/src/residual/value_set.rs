//! Value sets, compiled to one test per column.
//!
//! Nulls go by `null_allowed` alone. NaN, which Trino's ranges never hold, passes only where every
//! value does, where a marker or a list names it, and where a list refuses values (`NaN <> x` is
//! true in SQL, also for `x` NaN).

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
    constant::plain,
    interval::{Interval, Intervals, Key},
    key::{Place, bytes_place, float_key, is_nan, narrow_place, wide_place},
};
use crate::{Error, Result};

/// Which values of a column pass.
#[derive(Debug)]
pub(crate) struct ValueTest {
    keys: Keys,
    /// Whether the keys are refused rather than allowed.
    refused: bool,
    /// Whether NaN passes, whatever the keys say.
    nan: bool,
    /// Whether null passes.
    null: bool,
}

#[derive(Debug)]
enum Keys {
    /// Every value that is not null, of any type.
    All,
    /// Booleans, integers, floats, dates, instants.
    Narrow(Intervals<i64>),
    /// Decimals.
    Wide(Intervals<i128>),
    /// Strings and bytes.
    Bytes(Intervals<Box<[u8]>>),
}

/// The values that a test is made of, plain.
enum Values {
    Ranges(Vec<PlainRange>),
    List(ArrayRef),
}

/// A range of plain values.
struct PlainRange {
    low: End,
    high: End,
}

/// A marker whose value is plain.
struct End {
    /// `None` for null, which is also what a marker without a row stands for.
    value: Option<ArrayRef>,
    bound: Bound,
    /// Whether it is the lower end of everything.
    unbounded: bool,
}

impl ValueTest {
    /// The test of `set` on columns of `data_type`; `None` where they do not compare.
    pub(crate) fn try_new(data_type: &DataType, set: &ValueSet) -> Result<Option<Self>> {
        match set {
            ValueSet::AllOrNone(set) if set.all || !data_type.is_nested() => Ok(Some(Self {
                keys: Keys::All,
                refused: !set.all,
                nan: set.all,
                null: set.null_allowed,
            })),
            // Lists, structs and maps do not compare. Nor are they dropped for a set of nothing:
            // that is how Java writes "not null" (section 3.13 of the protocol), and it would empty
            // the result.
            _ if data_type.is_nested() => Ok(None),
            ValueSet::AllOrNone(_) => Ok(None),
            ValueSet::SortedRange(set) => {
                let Some(ranges) = plain_ranges(&set.ranges)? else { return Ok(None) };
                Ok(Self::compile(data_type, &Values::Ranges(ranges), set.null_allowed))
            }
            ValueSet::Equatable(set) => {
                let Some(values) = plain(&set.values)? else { return Ok(None) };
                let test = Self::compile(data_type, &Values::List(values), set.null_allowed);
                Ok(test.map(|test| Self {
                    refused: !set.inclusive,
                    nan: test.nan || !set.inclusive,
                    ..test
                }))
            }
        }
    }

    /// The test for `$in`: equal to one of `values`, which are plain; nulls aside, and NaN, which
    /// equals nothing.
    ///
    /// `None` where they do not compare.
    pub(super) fn of_list(data_type: &DataType, values: ArrayRef) -> Option<Self> {
        let test = Self::compile(data_type, &Values::List(values), false)?;
        Some(Self { nan: false, ..test })
    }

    fn compile(data_type: &DataType, values: &Values, null: bool) -> Option<Self> {
        let (keys, nan) = match data_type {
            DataType::Decimal128(_, _) => {
                let (keys, nan) =
                    values.keys(|constant, row| wide_place(data_type, constant, row))?;
                (Keys::Wide(keys), nan)
            }
            DataType::Utf8 | DataType::Binary => {
                let (keys, nan) =
                    values.keys(|constant, row| bytes_place(data_type, constant, row))?;
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
                    values.keys(|constant, row| narrow_place(data_type, constant, row))?;
                (Keys::Narrow(keys), nan)
            }
            // Also where no value is named, so that nothing would have to be compared.
            _ => return None,
        };
        Some(Self { keys, refused: false, nan, null })
    }

    /// The keys that pass, as ranges from a key to before another, in order; `None` for keys wider
    /// than 64 bits.
    pub(crate) fn key_ranges(&self) -> Option<Vec<(i64, Option<i64>)>> {
        match &self.keys {
            Keys::Narrow(keys) => {
                let ranges = keys.in_order();
                Some(if self.refused { complement(&ranges) } else { ranges })
            }
            Keys::All | Keys::Wide(_) | Keys::Bytes(_) => None,
        }
    }

    /// One bit per row: whether its value passes.
    pub(crate) fn passes(&self, array: &dyn Array) -> Result<BooleanBuffer> {
        let values = self.values_pass(array)?;
        Ok(match array.logical_nulls() {
            None => values,
            Some(valid) if self.null => &values | &!valid.inner(),
            Some(valid) => &values & valid.inner(),
        })
    }

    /// As [`Self::passes`], with any bit for nulls.
    fn values_pass(&self, array: &dyn Array) -> Result<BooleanBuffer> {
        let len = array.len();
        Ok(match (&self.keys, array.data_type()) {
            (Keys::All, _) if self.refused => BooleanBuffer::new_unset(len),
            (Keys::All, _) => BooleanBuffer::new_set(len),
            (Keys::Narrow(keys), DataType::Boolean) => {
                let (no, yes) =
                    (keys.contains(&0) != self.refused, keys.contains(&1) != self.refused);
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
                    "a value set was compiled for another type than {data_type}"
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
            keys.contains(&K::from(values[row])) != self.refused
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
            if value.is_nan() { self.nan } else { keys.contains(&float_key(value)) != self.refused }
        })
    }

    fn bytes<T: ByteArrayType<Offset = i32>>(
        &self,
        array: &GenericByteArray<T>,
        keys: &Intervals<Box<[u8]>>,
    ) -> BooleanBuffer {
        BooleanBuffer::collect_bool(array.len(), |row| {
            let value: &[u8] = array.value(row).as_ref();
            keys.contains(value) != self.refused
        })
    }
}

/// The keys outside of ranges that are in order and apart.
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
    /// The keys and whether NaN is named, given the place of a constant among the keys of the
    /// column; `None` where one has no place.
    fn keys<K: Key>(
        &self,
        place: impl Fn(&dyn Array, usize) -> Option<Place<K>>,
    ) -> Option<(Intervals<K>, bool)> {
        let mut nan = false;
        let mut intervals = Vec::new();
        match self {
            Self::Ranges(ranges) => {
                for range in ranges {
                    nan |= range.low.is_nan() || range.high.is_nan();
                    intervals.push(range.interval(&place)?);
                }
            }
            Self::List(values) => {
                let nulls = values.logical_nulls();
                let is_null = |row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
                for row in (0..values.len()).filter(|&row| !is_null(row)) {
                    nan |= is_nan(values, row);
                    if let Place::At(key) = place(values, row)? {
                        intervals.push(Interval::point(key));
                    }
                }
            }
        }
        let intervals = Intervals::new(intervals);
        let nan = nan || intervals.is_everything();
        Some((intervals, nan))
    }
}

impl PlainRange {
    /// The interval between the ends; `None` where one has no place.
    fn interval<K: Key>(
        &self,
        place: &impl Fn(&dyn Array, usize) -> Option<Place<K>>,
    ) -> Option<Interval<K>> {
        let end = |end: &End| match &end.value {
            _ if end.unbounded => Some(Place::Before),
            // Null stands above all values, as does the upper end of everything.
            None => Some(Place::After),
            Some(value) => place(value, 0),
        };
        let low = (end(&self.low)?, self.low.bound == Bound::Above);
        let high = (end(&self.high)?, self.high.bound == Bound::Below);
        Some(Interval::between(low, high))
    }
}

impl End {
    /// Whether the end is NaN itself, so that NaN is in the range.
    fn is_nan(&self) -> bool {
        self.bound == Bound::Exactly && self.value.as_ref().is_some_and(|value| is_nan(value, 0))
    }
}

/// The ranges with plain values; `None` if a type has no plain form.
fn plain_ranges(ranges: &[Range]) -> Result<Option<Vec<PlainRange>>> {
    let mut plain = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (Some(low), Some(high)) = (plain_end(&range.low)?, plain_end(&range.high)?) else {
            return Ok(None);
        };
        plain.push(PlainRange { low, high });
    }
    Ok(Some(plain))
}

fn plain_end(marker: &Marker) -> Result<Option<End>> {
    let unbounded = marker.null_value && marker.bound == Bound::Above;
    let value = match &marker.value {
        Some(value) if !marker.null_value && !value.is_empty() => {
            let Some(value) = plain(value)? else { return Ok(None) };
            (*value.data_type() != DataType::Null && !value.is_null(0)).then_some(value)
        }
        _ => None,
    };
    Ok(Some(End { value, bound: marker.bound, unbounded }))
}
