//! Names of types, as Trino writes them.

use arrow::datatypes::{DataType, Field};

/// Returns Trino's name of an Arrow type, without lengths of text and precisions of times, which
/// Arrow does not have.
pub(crate) fn of(data_type: &DataType) -> String {
    let list = |item: &Field| format!("array({})", of(item.data_type()));
    match data_type {
        DataType::Null => "unknown".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "integer".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "varchar".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "varbinary".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone".to_owned(),
        // The engine's intervals have months, days and nanoseconds.
        DataType::Interval(_) | DataType::Duration(_) => "interval".to_owned(),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            format!("decimal({precision},{scale})")
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            list(item)
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => {
                format!("map({},{})", of(fields[0].data_type()), of(fields[1].data_type()))
            }
            other => format!("map({other})"),
        },
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields.iter().map(|field| of(field.data_type())).collect();
            format!("row({})", fields.join(","))
        }
        other => other.to_string(),
    }
}

/// Removes from a recorded name what [`of`] does not have: lengths, precisions of times, names of
/// fields, the fields of an interval.
pub(crate) fn simplified(recorded: &str) -> String {
    let recorded = recorded.trim().to_ascii_lowercase();
    if let Some(arguments) = arguments(&recorded, "array") {
        return format!("array({})", simplified(arguments));
    }
    for base in ["map", "row"] {
        if let Some(arguments) = arguments(&recorded, base) {
            let parts: Vec<String> =
                split(arguments).into_iter().map(|part| simplified(unnamed(part))).collect();
            return format!("{base}({})", parts.join(","));
        }
    }
    if recorded.starts_with("interval") {
        return "interval".to_owned();
    }
    if recorded.starts_with("decimal") {
        return recorded.replace(' ', "");
    }
    // `varchar(3)`, `timestamp(3) with time zone`.
    match (recorded.find('('), recorded.find(')')) {
        (Some(open), Some(close)) => format!("{}{}", &recorded[..open], &recorded[close + 1..]),
        _ => recorded,
    }
}

fn arguments<'a>(name: &'a str, base: &str) -> Option<&'a str> {
    name.strip_prefix(base)?.strip_prefix('(')?.strip_suffix(')')
}

/// Removes the name of a field.
fn unnamed(field: &str) -> &str {
    let field = field.trim();
    let is_type = ["timestamp", "time", "interval"]
        .iter()
        .any(|name| field.split(['(', ' ']).next() == Some(name));
    match field.split_once(' ') {
        Some((name, data_type)) if !is_type && !name.contains('(') => data_type,
        _ => field,
    }
}

/// Splits at commas outside of parentheses.
fn split(arguments: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let comma = move |character: char| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    };
    arguments.split(comma).collect()
}
