//! Conversion of dates and timestamps between units.
//!
//! Arrow's own cast divides towards zero, which moves an instant before 1970 into the next unit,
//! and needs a time zone database to attach a zone. Here coarser units are floored, and local times
//! are interpreted as UTC (section 6.2 of the protocol), whatever zone the type has.

use std::{cmp::Ordering, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array, PrimitiveArray},
    datatypes::{
        ArrowPrimitiveType, DataType, Date32Type, Date64Type, Int64Type, TimeUnit,
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
        TimestampSecondType,
    },
};

/// Returns the number of ticks per day of a date or timestamp type, or `None` for other types.
fn ticks_per_day(data_type: &DataType) -> Option<i64> {
    const SECONDS: i64 = 24 * 60 * 60;
    match data_type {
        DataType::Date32 => Some(1),
        DataType::Timestamp(TimeUnit::Second, _) => Some(SECONDS),
        DataType::Date64 | DataType::Timestamp(TimeUnit::Millisecond, _) => Some(SECONDS * 1_000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Some(SECONDS * 1_000_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Some(SECONDS * 1_000_000_000),
        _ => None,
    }
}

/// Returns whether both types count time from the epoch, so that [`convert`] supports them.
pub(super) fn is_time(from: &DataType, to: &DataType) -> bool {
    ticks_per_day(from).is_some() && ticks_per_day(to).is_some()
}

/// Converts times to the unit of `to`, flooring where it is coarser; `None` if one is out of range.
pub(super) fn convert(array: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    let from_ticks = ticks_per_day(array.data_type())?;
    let to_ticks = ticks_per_day(to)?;
    let ticks = ticks(array)?;
    let ticks = match to_ticks.cmp(&from_ticks) {
        Ordering::Greater => {
            let factor = to_ticks / from_ticks;
            ticks.try_unary::<_, Int64Type, ()>(|tick| tick.checked_mul(factor).ok_or(())).ok()?
        }
        Ordering::Less => {
            let divisor = from_ticks / to_ticks;
            ticks.unary(|tick| tick.div_euclid(divisor))
        }
        Ordering::Equal => ticks,
    };
    from_ticks_of(&ticks, to)
}

fn ticks(array: &ArrayRef) -> Option<Int64Array> {
    fn same<T: ArrowPrimitiveType<Native = i64>>(array: &ArrayRef) -> Int64Array {
        array.as_primitive::<T>().reinterpret_cast()
    }
    Some(match array.data_type() {
        DataType::Date32 => array.as_primitive::<Date32Type>().unary(i64::from),
        DataType::Date64 => same::<Date64Type>(array),
        DataType::Timestamp(TimeUnit::Second, _) => same::<TimestampSecondType>(array),
        DataType::Timestamp(TimeUnit::Millisecond, _) => same::<TimestampMillisecondType>(array),
        DataType::Timestamp(TimeUnit::Microsecond, _) => same::<TimestampMicrosecondType>(array),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => same::<TimestampNanosecondType>(array),
        _ => return None,
    })
}

fn from_ticks_of(ticks: &Int64Array, to: &DataType) -> Option<ArrayRef> {
    fn same<T: ArrowPrimitiveType<Native = i64>>(ticks: &Int64Array, to: &DataType) -> ArrayRef {
        let array: PrimitiveArray<T> = ticks.reinterpret_cast();
        Arc::new(array.with_data_type(to.clone())) // the zone
    }
    Some(match to {
        DataType::Date32 => {
            Arc::new(ticks.try_unary::<_, Date32Type, _>(i32::try_from).ok()?) as ArrayRef
        }
        DataType::Date64 => same::<Date64Type>(ticks, to),
        DataType::Timestamp(TimeUnit::Second, _) => same::<TimestampSecondType>(ticks, to),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            same::<TimestampMillisecondType>(ticks, to)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            same::<TimestampMicrosecondType>(ticks, to)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => same::<TimestampNanosecondType>(ticks, to),
        _ => return None,
    })
}
