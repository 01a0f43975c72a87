//! The types that have a wire form.

use arrow::datatypes::{DataType, Field};

use super::column_path::ColumnPath;
use crate::error::{Error, Result};

/// Checks that peers can read `data_type`; the error names the field.
///
/// These types also have a JSON form (section 3.17 of the protocol). Tables may have fewer of them,
/// which the connector side checks: blocks also carry partitions and constants.
pub(super) fn check(path: ColumnPath<'_>, data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::Null
        | DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(_, _)
        | DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(_, _)
        | DataType::Interval(_)
        | DataType::Binary
        | DataType::FixedSizeBinary(_)
        | DataType::Utf8 => Ok(()),
        DataType::List(element) | DataType::FixedSizeList(element, _) => {
            check(path.child(element.name()), element.data_type())
        }
        DataType::Struct(fields) => {
            fields.iter().try_for_each(|field| check(path.child(field.name()), field.data_type()))
        }
        DataType::Map(entries, _) => {
            let [key, value] = map_entries(entries)
                .filter(|[key, _]| !entries.is_nullable() && !key.is_nullable())
                .ok_or_else(|| unsupported_map(path))?;
            check(path.child(key.name()), key.data_type())?;
            check(path.child(value.name()), value.data_type())
        }
        _ => Err(unsupported(path, data_type)),
    }
}

/// Returns the key and value fields of a map with these `entries`.
pub(super) fn map_entries(entries: &Field) -> Option<[&Field; 2]> {
    match entries.data_type() {
        DataType::Struct(fields) => match &**fields {
            [key, value] => Some([key, value]),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn unsupported(path: ColumnPath<'_>, data_type: &DataType) -> Error {
    let remedy = match data_type {
        DataType::LargeUtf8 | DataType::Utf8View => "cast it to Utf8",
        DataType::LargeBinary | DataType::BinaryView => "cast it to Binary",
        DataType::LargeList(_) | DataType::ListView(_) | DataType::LargeListView(_) => {
            "cast it to List"
        }
        DataType::Dictionary(_, _) | DataType::RunEndEncoded(_, _) => {
            "cast it to the type of its values"
        }
        DataType::Decimal32(_, _) | DataType::Decimal64(_, _) | DataType::Decimal256(_, _) => {
            "cast it to Decimal128"
        }
        _ => "cast it to another type, or omit the column",
    };
    Error::unsupported(format!(
        "column {path} has type {data_type}, which has no form in Athena's protocol: {remedy}"
    ))
}

fn unsupported_map(path: ColumnPath<'_>) -> Error {
    Error::unsupported(format!(
        "column {path} is a map that peers cannot read: its entries must be a struct of a key and \
         a value, and neither entries nor key may be nullable"
    ))
}
