//! SQL text of names and values.

use arrow::{
    array::{ArrayRef, Date32Array},
    datatypes::DataType,
    util::display::array_value_to_string,
};
use athena_protocol::timestamp_tz::unpack;

use crate::oracle::Cell;

/// Returns a quoted name, in lower case as Athena knows it.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.to_lowercase().replace('"', "\"\""))
}

/// Returns a value as a literal of its type; `None` if there is none, as for values of nested types
/// and years of more than four digits.
pub(super) fn literal(cell: &Cell, data_type: &DataType) -> Option<String> {
    Some(match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Bool(value) => value.to_string(),
        // Its digits without the sign are no bigint.
        Cell::Int(i64::MIN) => format!("CAST('{}' AS bigint)", i64::MIN),
        Cell::Int(value) => value.to_string(),
        Cell::Single(value) => format!("REAL '{}'", float(f64::from(*value), format!("{value:e}"))),
        Cell::Double(value) => format!("DOUBLE '{}'", float(*value, format!("{value:e}"))),
        Cell::Decimal(digits, scale) => {
            let text = decimal(*digits, *scale)?;
            match data_type {
                // Without a point it is an integer, or too long for one.
                DataType::Decimal128(precision, 0) => {
                    format!("CAST('{text}' AS decimal({precision}, 0))")
                }
                _ => text,
            }
        }
        Cell::Text(text) => string(text),
        Cell::Bytes(bytes) => {
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("X'{}'", digits.concat())
        }
        Cell::Day(day) => format!("DATE '{}'", date(*day)?),
        Cell::Milli(millis) => format!("TIMESTAMP '{}'", timestamp(*millis)?),
        Cell::Zoned(packed) => format!("TIMESTAMP '{} UTC'", timestamp(unpack(*packed).0)?),
        Cell::List(_) | Cell::Struct(_) | Cell::Map(_) | Cell::Other(_) => return None,
    })
}

fn string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns the name of a value that has no digits, or `digits`.
fn float(value: f64, digits: String) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ => digits,
    }
}

fn decimal(digits: i128, scale: i8) -> Option<String> {
    let scale = usize::try_from(scale).ok()?;
    let sign = if digits < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

fn date(day: i32) -> Option<String> {
    const WIDTH: usize = "2020-01-31".len();
    let text = array_value_to_string(&Date32Array::from(vec![day]), 0).ok()?;
    (text.len() == WIDTH && !text.starts_with('-')).then_some(text)
}

fn timestamp(millis: i64) -> Option<String> {
    const DAY: i64 = 86_400_000;
    let day = date(i32::try_from(millis.div_euclid(DAY)).ok()?)?;
    let time = millis.rem_euclid(DAY);
    let [hour, minute, second] = [time / 3_600_000, time / 60_000 % 60, time / 1_000 % 60];
    Some(format!("{day} {hour:02}:{minute:02}:{second:02}.{:03}", time % 1_000))
}

/// Returns the first value of an array as a literal.
pub(super) fn constant(values: &ArrayRef) -> Option<String> {
    literal(&Cell::read(values, 0), values.data_type())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_literal_of_its_type() {
        let text = |cell: Cell, data_type: DataType| literal(&cell, &data_type);
        for (cell, data_type, expected) in [
            (Cell::Null, DataType::Int8, "NULL"),
            (Cell::Int(-7), DataType::Int8, "-7"),
            (Cell::Int(i64::MIN), DataType::Int64, "CAST('-9223372036854775808' AS bigint)"),
            (Cell::Single(0.1), DataType::Float32, "REAL '1e-1'"),
            (Cell::Double(f64::NEG_INFINITY), DataType::Float64, "DOUBLE '-Infinity'"),
            (Cell::Decimal(-5, 2), DataType::Decimal128(5, 2), "-0.05"),
            (Cell::Decimal(7, 0), DataType::Decimal128(5, 0), "CAST('7' AS decimal(5, 0))"),
            (Cell::Text("it's".into()), DataType::Utf8, "'it''s'"),
            (Cell::Bytes([0, 171].into()), DataType::Binary, "X'00AB'"),
            (Cell::Day(-1), DataType::Date32, "DATE '1969-12-31'"),
            (Cell::Milli(-1), DataType::Date64, "TIMESTAMP '1969-12-31 23:59:59.999'"),
        ] {
            assert_eq!(text(cell, data_type).as_deref(), Some(expected));
        }
        assert_eq!(text(Cell::Day(i32::MAX), DataType::Date32), None);
        assert_eq!(text(Cell::List([].into()), DataType::Utf8), None);
        assert_eq!(identifier("A\"b"), "\"a\"\"b\"");
    }
}
