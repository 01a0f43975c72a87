//! Value sets, compiled to one test per column.
//!
//! Nulls go by `null_allowed` alone. NaN, which Trino's ranges never hold, passes only where every value does, where a
//! marker or a list names it, and where a list refuses values (`NaN <> x` is true in SQL, also for `x` NaN).

use arrow::{
    array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, GenericByteArray},
    buffer::BooleanBuffer,
    datatypes::{
        BinaryType, ByteArrayType, DataType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type,
        Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
        TimestampNanosecondType, TimestampSecondType, Utf8Type,
    },
};
use athena_protocol::predicate::{Bound, EquatableValueSet, Marker, Range, ValueSet};

use super::{
    constant::plain,
    interval::{Interval, Intervals, Key},
    key::{Place, bytes_place, float_key, is_nan, narrow_place, wide_place},
};
use crate::{Error, Result};

/// Which values of a column pass.
#[derive(Debug)]
pub(super) struct ValueTest {
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

/// Why there is no test.
enum Fault {
    /// Column and values do not compare.
    Incomparable,
    Error(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl ValueTest {
    /// The test of `set` on columns of `data_type`; `None` where they do not compare.
    pub(super) fn try_new(data_type: &DataType, set: &ValueSet) -> Result<Option<Self>> {
        let test = match set {
            ValueSet::AllOrNone(set) if set.all || !data_type.is_nested() => {
                return Ok(Some(Self { keys: Keys::All, refused: !set.all, nan: set.all, null: set.null_allowed }));
            }
            // Lists, structs and maps do not compare. Nor are they dropped for a set of nothing: that is how Java writes
            // "not null" (section 3.13 of the protocol), and it would empty the result.
            _ if data_type.is_nested() => return Ok(None),
            ValueSet::AllOrNone(_) => return Ok(None),
            ValueSet::SortedRange(_) | ValueSet::Equatable(_) => match data_type {
                DataType::Decimal128(_, _) => {
                    compile(set, |constant, row| wide_place(data_type, constant, row)).map(|(k, n)| (Keys::Wide(k), n))
                }
                DataType::Utf8 | DataType::Binary => {
                    compile(set, |constant, row| bytes_place(data_type, constant, row))
                        .map(|(keys, nan)| (Keys::Bytes(keys), nan))
                }
                _ => compile(set, |constant, row| narrow_place(data_type, constant, row))
                    .map(|(keys, nan)| (Keys::Narrow(keys), nan)),
            },
        };
        let refused = matches!(set, ValueSet::Equatable(set) if !set.white_list);
        match test {
            Ok((keys, nan)) => Ok(Some(Self { keys, refused, nan: nan || refused, null: set.null_allowed() })),
            Err(Fault::Incomparable) => Ok(None),
            Err(Fault::Error(error)) => Err(error),
        }
    }

    /// The test for `$in`: equal to one of `values`, nulls and NaN aside; `None` where they do not compare.
    pub(super) fn of_list(data_type: &DataType, values: ArrayRef) -> Result<Option<Self>> {
        let set = EquatableValueSet { values, white_list: true, null_allowed: false };
        let test = Self::try_new(data_type, &ValueSet::Equatable(set))?;
        // A list of an expression compares by `=`, and NaN equals nothing.
        Ok(test.map(|test| Self { nan: false, ..test }))
    }

    /// One bit per row: whether its value passes.
    pub(super) fn passes(&self, array: &dyn Array) -> Result<BooleanBuffer> {
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
                let (no, yes) = (keys.contains(&0) != self.refused, keys.contains(&1) != self.refused);
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
            (Keys::Wide(keys), DataType::Decimal128(_, _)) => self.natives::<Decimal128Type, _>(array, keys),
            (Keys::Bytes(keys), DataType::Utf8) => self.bytes::<Utf8Type>(array.as_string(), keys),
            (Keys::Bytes(keys), DataType::Binary) => self.bytes::<BinaryType>(array.as_binary(), keys),
            (Keys::Narrow(_) | Keys::Wide(_) | Keys::Bytes(_), data_type) => {
                return Err(Error::internal(format!("a value set was compiled for another type than {data_type}")));
            }
        })
    }

    fn natives<T: ArrowPrimitiveType, K: Key + From<T::Native>>(
        &self,
        array: &dyn Array,
        keys: &Intervals<K>,
    ) -> BooleanBuffer {
        let values: &[T::Native] = array.as_primitive::<T>().values();
        BooleanBuffer::collect_bool(values.len(), |row| keys.contains(&K::from(values[row])) != self.refused)
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

/// The keys of `set` and whether it names NaN, given the place of a constant among the keys of the column.
fn compile<K: Key>(
    set: &ValueSet,
    place: impl Fn(&dyn Array, usize) -> Option<Place<K>>,
) -> Result<(Intervals<K>, bool), Fault> {
    let mut nan = false;
    let mut intervals = Vec::new();
    match set {
        ValueSet::SortedRange(set) => {
            for range in &set.ranges {
                let (interval, names_nan) = range_interval(range, &place)?;
                nan |= names_nan;
                intervals.extend(interval);
            }
        }
        ValueSet::Equatable(set) => {
            let values = plain(&set.values)?.ok_or(Fault::Incomparable)?;
            for row in (0..values.len()).filter(|&row| !values.is_null(row)) {
                nan |= is_nan(&values, row);
                if let Place::At(key) = place(&values, row).ok_or(Fault::Incomparable)? {
                    intervals.push(Interval::point(key));
                }
            }
        }
        ValueSet::AllOrNone(_) => return Err(Fault::Incomparable), // has no values to compile
    }
    let intervals = Intervals::new(intervals);
    let nan = nan || intervals.is_everything();
    Ok((intervals, nan))
}

/// The interval between two markers, if anything lies there, and whether NaN does because a marker names it.
fn range_interval<K: Key>(
    range: &Range,
    place: &impl Fn(&dyn Array, usize) -> Option<Place<K>>,
) -> Result<(Option<Interval<K>>, bool), Fault> {
    let unbounded = range.low.null_value && range.low.bound == Bound::Above;
    let (low, high) = (value(&range.low)?, value(&range.high)?);
    let low_key = match &low {
        _ if unbounded => Some(K::smallest()),
        // Null stands above all values, so that nothing lies above it and everything below.
        None => None,
        Some(low) => place(low, 0).ok_or(Fault::Incomparable)?.low(range.low.bound == Bound::Above),
    };
    let high_key = match &high {
        None => Some(None),
        Some(high) => place(high, 0).ok_or(Fault::Incomparable)?.high(range.high.bound == Bound::Below),
    };
    let at_nan =
        |value: &Option<ArrayRef>, bound| bound == Bound::Exactly && value.as_ref().is_some_and(|v| is_nan(v, 0));
    let nan = at_nan(&low, range.low.bound) || at_nan(&high, range.high.bound);
    Ok((low_key.zip(high_key).map(|(low, high)| Interval { low, high }), nan))
}

/// The value of a marker; `None` for null, which is also what a marker without a row stands for.
fn value(marker: &Marker) -> Result<Option<ArrayRef>, Fault> {
    match &marker.value {
        Some(value) if !marker.null_value && !value.is_empty() => {
            let value = plain(value)?.ok_or(Fault::Incomparable)?;
            Ok((!value.is_null(0)).then_some(value))
        }
        _ => Ok(None),
    }
}
