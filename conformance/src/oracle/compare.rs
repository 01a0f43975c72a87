//! How values compare: as Trino compares them, whatever the source does.

use std::cmp::Ordering;

use arrow::datatypes::i256;
use athena_protocol::timestamp_tz::unpack;

use super::Cell;

/// How two values of one type compare; `None` for null, for NaN, which is neither less nor more nor
/// equal, and for types that do not compare.
///
/// -0.0 is 0.0; text goes by code points, bytes are unsigned, decimals go by their value, zoned
/// timestamps by the instant.
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

/// `digits` times ten to the power of `by`.
fn scaled(digits: i128, by: i8) -> Option<i256> {
    let ten = i256::from_i128(10);
    i256::from_i128(digits).checked_mul(ten.checked_pow(u32::from(by.unsigned_abs()))?)
}

/// The order in which `ORDER BY` puts two values that are not null: as [`compare`], with NaN after
/// all numbers.
pub fn in_order(left: &Cell, right: &Cell) -> Ordering {
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
            // U+FFFF is below U+1F600, though not in UTF-16.
            (Cell::Text("\u{FFFF}".into()), Cell::Text("\u{1F600}".into()), Some(Less)),
            (Cell::Bytes([0x80].into()), Cell::Bytes([0x7F].into()), Some(Greater)),
            // One instant in two zones.
            (zoned("UTC"), zoned("America/New_York"), Some(Equal)),
            (Cell::Null, Cell::Int(1), None),
        ] {
            assert_eq!(compare(&left, &right), order, "{left:?} and {right:?}");
        }
        assert_eq!(in_order(&Cell::Single(f32::NAN), &Cell::Single(f32::INFINITY)), Greater);
        assert_eq!(in_order(&Cell::Single(f32::NAN), &Cell::Single(f32::NAN)), Equal);
    }
}
