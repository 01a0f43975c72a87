//! Values as Athena writes them in CSV.
//!
//! | Type | Text |
//! |---|---|
//! | timestamp | `2024-01-01 00:00:00.000`, with the time zone if it has one |
//! | varbinary | `00 ff` |
//! | double, real | `1.5`, `1.0E10`, `-Infinity` |
//! | array, map, row | `[a, b]`, `{k=v}`, `{field0=1}` |

use arrow::{
    array::{Array, AsArray as _},
    datatypes::{DataType, Float32Type, Float64Type},
    error::ArrowError,
    util::display::{ArrayFormatter, FormatOptions},
};

/// Formats a value of a column, which is not null.
type Format<'a> = Box<dyn Fn(usize) -> Result<String, ArrowError> + 'a>;

const TIMESTAMP: &str = "%Y-%m-%d %H:%M:%S%.3f";
const TIME: &str = "%H:%M:%S%.3f";

/// Texts of the values of one column.
pub(super) struct TextColumn<'a> {
    array: &'a dyn Array,
    nulls: Option<arrow::buffer::NullBuffer>,
    format: Format<'a>,
}

impl<'a> TextColumn<'a> {
    pub(super) fn try_new(array: &'a dyn Array) -> Result<Self, ArrowError> {
        // A column of nulls has no validity bitmap.
        Ok(Self { array, nulls: array.logical_nulls(), format: format(array)? })
    }

    /// Returns the text of a value, or `None` if it is null.
    pub(super) fn text(&self, row: usize) -> Result<Option<String>, ArrowError> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(None);
        }
        (self.format)(row).map(Some)
    }

    /// Returns the texts of a range of values, with `null` for nulls.
    fn items(&self, from: usize, to: usize) -> Result<Vec<String>, ArrowError> {
        debug_assert!(to <= self.array.len(), "offsets are in the array");
        (from..to).map(|row| Ok(self.text(row)?.unwrap_or_else(|| "null".to_owned()))).collect()
    }
}

fn format(array: &dyn Array) -> Result<Format<'_>, ArrowError> {
    Ok(match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            Box::new(|row| Ok(float(values.value(row), &format!("{:E}", values.value(row)))))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            Box::new(|row| {
                Ok(float(f64::from(values.value(row)), &format!("{:E}", values.value(row))))
            })
        }
        DataType::Binary => {
            let values = array.as_binary::<i32>();
            Box::new(|row| Ok(bytes(values.value(row))))
        }
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            let items = TextColumn::try_new(lists.values().as_ref())?;
            Box::new(move |row| {
                let offsets = lists.value_offsets();
                let (from, to) = (index(offsets[row])?, index(offsets[row + 1])?);
                Ok(format!("[{}]", items.items(from, to)?.join(", ")))
            })
        }
        DataType::Map(..) => {
            let maps = array.as_map();
            let keys = TextColumn::try_new(maps.keys().as_ref())?;
            let values = TextColumn::try_new(maps.values().as_ref())?;
            Box::new(move |row| {
                let offsets = maps.value_offsets();
                let (from, to) = (index(offsets[row])?, index(offsets[row + 1])?);
                let keys = keys.items(from, to)?;
                let pairs = keys.into_iter().zip(values.items(from, to)?);
                let pairs: Vec<String> =
                    pairs.map(|(key, value)| format!("{key}={value}")).collect();
                Ok(format!("{{{}}}", pairs.join(", ")))
            })
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter();
            let columns: Vec<TextColumn<'_>> = columns
                .map(|column| TextColumn::try_new(column.as_ref()))
                .collect::<Result<_, _>>()?;
            // The engine names the fields of a row without names `c0`, `c1`.
            let names: Vec<String> = fields
                .iter()
                .enumerate()
                .map(|(number, field)| {
                    let is_unnamed = *field.name() == format!("c{number}");
                    if is_unnamed { format!("field{number}") } else { field.name().clone() }
                })
                .collect();
            Box::new(move |row| {
                let mut parts = Vec::with_capacity(names.len());
                for (name, column) in names.iter().zip(&columns) {
                    let value = column.items(row, row + 1)?;
                    parts.push(format!("{name}={}", value.join("")));
                }
                Ok(format!("{{{}}}", parts.join(", ")))
            })
        }
        DataType::Timestamp(_, zone) => {
            let zone = zone.as_ref().map(|zone| format!(" {zone}")).unwrap_or_default();
            let formatter = formatter(array)?;
            Box::new(move |row| Ok(formatter.value(row).try_to_string()? + &zone))
        }
        // Foreign enum: Arrow and Athena write all other types alike.
        _ => {
            let formatter = formatter(array)?;
            Box::new(move |row| formatter.value(row).try_to_string())
        }
    })
}

fn formatter(array: &dyn Array) -> Result<ArrayFormatter<'_>, ArrowError> {
    const OPTIONS: FormatOptions<'static> = FormatOptions::new()
        .with_display_error(false)
        .with_timestamp_format(Some(TIMESTAMP))
        .with_timestamp_tz_format(Some(TIMESTAMP))
        .with_time_format(Some(TIME));
    ArrayFormatter::try_new(array, &OPTIONS)
}

fn index(offset: i32) -> Result<usize, ArrowError> {
    usize::try_from(offset).map_err(|_| ArrowError::InvalidArgumentError("negative offset".into()))
}

/// Formats a number like Java: without an exponent from 0.001 to 10,000,000. `scientific` has its
/// shortest digits.
fn float(value: f64, scientific: &str) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let Some((digits, exponent)) = scientific.split_once('E') else {
        return scientific.to_owned();
    };
    let has_exponent = value != 0.0 && !(1e-3..1e7).contains(&value.abs());
    if has_exponent {
        let point = if digits.contains('.') { "" } else { ".0" };
        return format!("{digits}{point}E{exponent}");
    }
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let digits = digits.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if let Ok(whole) = usize::try_from(exponent) {
        let digits = format!("{digits:0<width$}", width = whole + 2);
        let (whole, fraction) = digits.split_at(whole + 1);
        return format!("{sign}{whole}.{fraction}");
    }
    let zeros = exponent.unsigned_abs().saturating_sub(1);
    format!("{sign}0.{}{digits}", "0".repeat(zeros.try_into().unwrap_or(0)))
}

fn bytes(bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{
            ArrayRef, BinaryArray, Float32Array, Float64Array, Int32Array, StringArray,
            StructArray, TimestampMicrosecondArray,
        },
        datatypes::Field,
    };

    use super::*;

    fn texts(array: &dyn Array) -> Vec<String> {
        let column = TextColumn::try_new(array).unwrap();
        column.items(0, array.len()).unwrap()
    }

    #[test]
    fn numbers_have_an_exponent_outside_of_a_thousandth_to_ten_millions() {
        let values = [1.5, 0.0, -0.0, 100.0, 1e7, 9_999_999.5, 0.001, 0.000_99, -2.5e-10];
        assert_eq!(
            texts(&Float64Array::from(values.to_vec())),
            ["1.5", "0.0", "-0.0", "100.0", "1.0E7", "9999999.5", "0.001", "9.9E-4", "-2.5E-10"]
        );
        assert_eq!(
            texts(&Float64Array::from(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY])),
            ["NaN", "Infinity", "-Infinity"]
        );
        assert_eq!(texts(&Float32Array::from(vec![0.1_f32])), ["0.1"]);
    }

    #[test]
    fn timestamps_have_milliseconds_and_their_zone() {
        let instant = TimestampMicrosecondArray::from(vec![Some(1_704_067_200_500_999), None]);
        assert_eq!(texts(&instant), ["2024-01-01 00:00:00.500", "null"]);
        let zoned = instant.with_timezone("Europe/Paris");
        assert_eq!(texts(&zoned)[0], "2024-01-01 01:00:00.500 Europe/Paris");
    }

    #[test]
    fn bytes_are_separated_and_fields_have_names() {
        assert_eq!(texts(&BinaryArray::from_vec(vec![b"\x00\xff", b""])), ["00 ff", ""]);
        let named = StructArray::from(vec![
            (
                Arc::new(Field::new("a", DataType::Int32, true)),
                Arc::new(Int32Array::from(vec![1])) as ArrayRef,
            ),
            (
                Arc::new(Field::new("c1", DataType::Utf8, true)),
                Arc::new(StringArray::from(vec![None::<&str>])) as ArrayRef,
            ),
        ]);
        assert_eq!(texts(&named), ["{a=1, field1=null}"]);
    }
}
