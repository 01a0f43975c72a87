//! The JSON form of Arrow types in value sets and expressions (section 3.17 of the protocol).
//!
//! Schemas never travel this way. Nested types lose their children: they are read as a list of
//! nulls, an empty struct or a map of nulls.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, TimeUnit};

use crate::{
    error::{Error, Result},
    json::{JsonCursor, Writer},
    version::SerdeVersion,
};

/// Names of the Arrow types that have a JSON form.
const KINDS: [&str; 16] = [
    "Null",
    "Struct",
    "List",
    "FixedSizeList",
    "Map",
    "Int",
    "FloatingPoint",
    "Utf8",
    "Binary",
    "FixedSizeBinary",
    "Bool",
    "Decimal",
    "Date",
    "Time",
    "Timestamp",
    "Interval",
];

pub(crate) fn read(at: JsonCursor<'_>) -> Result<DataType> {
    let kind = at.object()?.member_or("@type", "name");
    // Version 1 writes them in lower case.
    let name = kind.text()?;
    let name =
        KINDS.iter().find(|known| known.eq_ignore_ascii_case(&name)).copied().unwrap_or_default();
    Ok(match name {
        "Null" => DataType::Null,
        "Struct" => DataType::Struct(Fields::empty()),
        "List" => DataType::List(child()),
        "FixedSizeList" => DataType::FixedSizeList(child(), at.member("listSize").int()?),
        "Map" => DataType::Map(map_entries(), false),
        "Int" => integer(at)?,
        "FloatingPoint" => match &*at.member("precision").text()? {
            "HALF" => DataType::Float16,
            "SINGLE" => DataType::Float32,
            "DOUBLE" => DataType::Float64,
            _ => return Err(at.member("precision").unexpected("HALF, SINGLE or DOUBLE")),
        },
        "Utf8" => DataType::Utf8,
        "Binary" => DataType::Binary,
        "FixedSizeBinary" => DataType::FixedSizeBinary(at.member("byteWidth").int()?),
        "Bool" => DataType::Boolean,
        "Decimal" => decimal(at)?,
        "Date" => match &*at.member("unit").text()? {
            "DAY" => DataType::Date32,
            "MILLISECOND" => DataType::Date64,
            _ => return Err(at.member("unit").unexpected("DAY or MILLISECOND")),
        },
        "Time" => match time_unit(at)? {
            unit @ (TimeUnit::Second | TimeUnit::Millisecond) => DataType::Time32(unit),
            unit @ (TimeUnit::Microsecond | TimeUnit::Nanosecond) => DataType::Time64(unit),
        },
        "Timestamp" => DataType::Timestamp(
            time_unit(at)?,
            at.member("timezone").optional_text()?.map(|zone| Arc::from(&*zone)),
        ),
        "Interval" => DataType::Interval(match &*at.member("unit").text()? {
            "YEAR_MONTH" => IntervalUnit::YearMonth,
            "DAY_TIME" => IntervalUnit::DayTime,
            "MONTH_DAY_NANO" => IntervalUnit::MonthDayNano,
            _ => {
                return Err(at.member("unit").unexpected("YEAR_MONTH, DAY_TIME or MONTH_DAY_NANO"));
            }
        }),
        _ => return Err(kind.unexpected(&format!("an Arrow type: one of {}", KINDS.join(", ")))),
    })
}

/// Reads an integer type. Java allows any width, Arrow four: the narrowest that fits is returned.
fn integer(at: JsonCursor<'_>) -> Result<DataType> {
    Ok(match (at.member("bitWidth").int()?, at.member("isSigned").boolean()?) {
        (1..=8, true) => DataType::Int8,
        (9..=16, true) => DataType::Int16,
        (17..=32, true) => DataType::Int32,
        (33..=64, true) => DataType::Int64,
        (1..=8, false) => DataType::UInt8,
        (9..=16, false) => DataType::UInt16,
        (17..=32, false) => DataType::UInt32,
        (33..=64, false) => DataType::UInt64,
        _ => return Err(at.member("bitWidth").unexpected("a width from 1 to 64 bits")),
    })
}

fn decimal(at: JsonCursor<'_>) -> Result<DataType> {
    let precision = at.member("precision");
    let scale = at.member("scale");
    Ok(DataType::Decimal128(
        u8::try_from(precision.int()?)
            .map_err(|_| precision.unexpected("a precision from 1 to 38"))?,
        i8::try_from(scale.int()?).map_err(|_| scale.unexpected("a scale from 0 to 38"))?,
    ))
}

fn time_unit(at: JsonCursor<'_>) -> Result<TimeUnit> {
    let unit = at.member("unit");
    Ok(match &*unit.text()? {
        "SECOND" => TimeUnit::Second,
        "MILLISECOND" => TimeUnit::Millisecond,
        "MICROSECOND" => TimeUnit::Microsecond,
        "NANOSECOND" => TimeUnit::Nanosecond,
        _ => return Err(unit.unexpected("SECOND, MILLISECOND, MICROSECOND or NANOSECOND")),
    })
}

fn child() -> Arc<Field> {
    Arc::new(Field::new("", DataType::Null, true))
}

fn map_entries() -> Arc<Field> {
    let entries =
        [Field::new("key", DataType::Null, false), Field::new("value", DataType::Null, true)];
    Arc::new(Field::new("entries", DataType::Struct(entries.into_iter().collect()), false))
}

/// A member after `@type`.
enum Detail<'d> {
    Text(&'static str, &'d str),
    OptionalText(&'static str, Option<&'d str>),
    Number(&'static str, i64),
    Flag(&'static str, bool),
}

pub(crate) fn write(data_type: &DataType, writer: &mut Writer) -> Result<()> {
    use Detail::{Flag, Number, OptionalText, Text};
    let (kind, details) = match data_type {
        DataType::Null => ("Null", vec![]),
        DataType::Struct(_) => ("Struct", vec![]),
        DataType::List(_) => ("List", vec![]),
        DataType::FixedSizeList(_, size) => {
            ("FixedSizeList", vec![Number("listSize", i64::from(*size))])
        }
        DataType::Map(..) => ("Map", vec![]),
        DataType::Int8 => ("Int", vec![Number("bitWidth", 8), Flag("isSigned", true)]),
        DataType::Int16 => ("Int", vec![Number("bitWidth", 16), Flag("isSigned", true)]),
        DataType::Int32 => ("Int", vec![Number("bitWidth", 32), Flag("isSigned", true)]),
        DataType::Int64 => ("Int", vec![Number("bitWidth", 64), Flag("isSigned", true)]),
        DataType::UInt8 => ("Int", vec![Number("bitWidth", 8), Flag("isSigned", false)]),
        DataType::UInt16 => ("Int", vec![Number("bitWidth", 16), Flag("isSigned", false)]),
        DataType::UInt32 => ("Int", vec![Number("bitWidth", 32), Flag("isSigned", false)]),
        DataType::UInt64 => ("Int", vec![Number("bitWidth", 64), Flag("isSigned", false)]),
        DataType::Float16 => ("FloatingPoint", vec![Text("precision", "HALF")]),
        DataType::Float32 => ("FloatingPoint", vec![Text("precision", "SINGLE")]),
        DataType::Float64 => ("FloatingPoint", vec![Text("precision", "DOUBLE")]),
        DataType::Utf8 => ("Utf8", vec![]),
        DataType::Binary => ("Binary", vec![]),
        DataType::FixedSizeBinary(width) => {
            ("FixedSizeBinary", vec![Number("byteWidth", i64::from(*width))])
        }
        DataType::Boolean => ("Bool", vec![]),
        DataType::Decimal128(precision, scale) => (
            "Decimal",
            vec![Number("precision", i64::from(*precision)), Number("scale", i64::from(*scale))],
        ),
        DataType::Date32 => ("Date", vec![Text("unit", "DAY")]),
        DataType::Date64 => ("Date", vec![Text("unit", "MILLISECOND")]),
        DataType::Time32(unit) => {
            ("Time", vec![Text("unit", unit_name(*unit)), Number("bitWidth", 32)])
        }
        DataType::Time64(unit) => {
            ("Time", vec![Text("unit", unit_name(*unit)), Number("bitWidth", 64)])
        }
        DataType::Timestamp(unit, zone) => (
            "Timestamp",
            vec![Text("unit", unit_name(*unit)), OptionalText("timezone", zone.as_deref())],
        ),
        DataType::Interval(unit) => ("Interval", vec![Text("unit", interval_name(*unit))]),
        other => {
            return Err(Error::unsupported(format!(
                "type {other} has no form in a predicate: cast the column to another type"
            )));
        }
    };
    writer.object(|writer| {
        if writer.version == SerdeVersion::V1 {
            writer.name("name").text(&kind.to_ascii_lowercase());
        } else {
            writer.name("@type").text(kind);
        }
        for detail in details {
            match detail {
                Text(name, text) => writer.name(name).text(text),
                OptionalText(name, text) => writer.name(name).optional_text(text),
                Number(name, number) => writer.name(name).integer(number),
                Flag(name, flag) => writer.name(name).boolean(flag),
            }
        }
        Ok(())
    })
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "SECOND",
        TimeUnit::Millisecond => "MILLISECOND",
        TimeUnit::Microsecond => "MICROSECOND",
        TimeUnit::Nanosecond => "NANOSECOND",
    }
}

fn interval_name(unit: IntervalUnit) -> &'static str {
    match unit {
        IntervalUnit::YearMonth => "YEAR_MONTH",
        IntervalUnit::DayTime => "DAY_TIME",
        IntervalUnit::MonthDayNano => "MONTH_DAY_NANO",
    }
}
