//! Comparison of values with the semantics of Trino.

use std::cmp::Ordering;

use arrow::datatypes::i256;
use athena_protocol::timestamp_tz::unpack;

use super::Cell;

/// Compares two values of one type; `None` for null, NaN, different types, and types without an
/// order.
///
/// -0.0 equals 0.0. Text compares by code points, bytes as unsigned, decimals by numeric value, and
/// timestamps with a time zone by instant.
pub fn compare(left: &Cell, right: &Cell) -> Option<Ordering> {
    Some(match (left, right) {
        (Cell::Bool(left), Cell::Bool(right)) => left.cmp(right),
        (Cell::Int(left), Cell::Int(right)) | (Cell::Milli(left), Cell::Milli(right)) => {
            left.cmp(right)
        }
        (Cell::Single(left), Cell::Single(right)) => return left.partial_cmp(right),
        (Cell::Double(left), Cell::Double(right)) => return left.partial_cmp(right),
        (Cell::Decimal(left, left_scale), Cell::Decimal(right, right_scale)) => {
            let scale = *left_scale.max(right_scale);
            scaled(*left, scale - left_scale)?.cmp(&scaled(*right, scale - right_scale)?)
        }
        (Cell::Text(left), Cell::Text(right)) => left.chars().cmp(right.chars()),
        (Cell::Bytes(left), Cell::Bytes(right)) => left.cmp(right),
        (Cell::Day(left), Cell::Day(right)) => left.cmp(right),
        (Cell::Zoned(left), Cell::Zoned(right)) => unpack(*left).0.cmp(&unpack(*right).0),
        _ => return None,
    })
}

/// Multiplies `digits` by ten to the power of `exponent`.
fn scaled(digits: i128, exponent: i8) -> Option<i256> {
    let ten = i256::from_i128(10);
    i256::from_i128(digits).checked_mul(ten.checked_pow(u32::from(exponent.unsigned_abs()))?)
}

/// Compares two values that are not null for `ORDER BY`: as [`compare`], with NaN after all
/// numbers.
pub(crate) fn order_by_cmp(left: &Cell, right: &Cell) -> Ordering {
    compare(left, right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

#[cfg(test)]
mod tests {
    use athena_protocol::timestamp_tz::{TimeZoneKey, pack};

    use super::*;

    #[test]
    fn values_compare_as_in_trino() {
        use Ordering::{Equal, Greater, Less};
        let zoned = |zone| Cell::Zoned(pack(5, TimeZoneKey::from_name(zone).unwrap()).unwrap());
        for (left, right, order) in [
            (Cell::Double(-0.0), Cell::Double(0.0), Some(Equal)),
            (Cell::Double(f64::NAN), Cell::Double(f64::NAN), None),
            (Cell::Decimal(100, 2), Cell::Decimal(1, 0), Some(Equal)),
            (Cell::Decimal(i128::from(i64::MAX), 0), Cell::Decimal(1, 30), Some(Greater)),
            (Cell::Text("a".into()), Cell::Text("a ".into()), Some(Less)),
            // U+FFFF is below U+1F600 by code points, and above it in UTF-16.
            (Cell::Text("\u{FFFF}".into()), Cell::Text("\u{1F600}".into()), Some(Less)),
            (Cell::Bytes([0x80].into()), Cell::Bytes([0x7F].into()), Some(Greater)),
            // The same instant in two zones.
            (zoned("UTC"), zoned("America/New_York"), Some(Equal)),
            (Cell::Null, Cell::Int(1), None),
        ] {
            assert_eq!(compare(&left, &right), order, "{left:?} and {right:?}");
        }
        assert_eq!(order_by_cmp(&Cell::Single(f32::NAN), &Cell::Single(f32::INFINITY)), Greater);
        assert_eq!(order_by_cmp(&Cell::Single(f32::NAN), &Cell::Single(f32::NAN)), Equal);
    }
}
