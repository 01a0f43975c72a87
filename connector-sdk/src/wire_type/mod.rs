//! Mapping from Arrow types to the types that Athena supports (section 6.1 of the protocol).
//!
//! | Arrow type | On the wire | Remark |
//! |---|---|---|
//! | Bool, Int8 to Int64, Float32, Float64, Utf8, Binary, Date32, Date64 | unchanged | |
//! | UInt8, UInt16, UInt32 | Int16, Int32, Int64 | |
//! | UInt64 | Decimal128(20, 0) | |
//! | Float16 | Float32 | |
//! | Decimal32, Decimal64, Decimal128, Decimal256 | Decimal128 | 0 <= scale <= precision <= 38 |
//! | LargeUtf8, Utf8View | Utf8 | |
//! | LargeBinary, BinaryView, FixedSizeBinary | Binary | |
//! | Timestamp without a zone, any unit | Date64 | floored to milliseconds |
//! | Timestamp with a zone, any unit | Timestamp(Millisecond) with that zone | floored to milliseconds; the zone has a key in the protocol |
//! | List, LargeList, ListView, LargeListView, FixedSizeList | List | item type mapped |
//! | Struct | Struct | field types mapped |
//! | Map | Map, unsorted, with `entries`, `key` and `value` | key and value types mapped |
//! | Dictionary, RunEndEncoded | mapped value type | |
//! | Null, Time, Interval, Duration, Union | none | the table fails, drops the column or converts it to Utf8 |

mod cast;
mod nested;
mod scalar;
mod time;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit,
};

use athena_protocol::timestamp_tz::TimeZoneKey;

use crate::{Error, Result, UnsupportedTypes};

pub(crate) use cast::{cast_batch, cast_values};

/// Names that readers require in the schema of a map.
const MAP_ENTRIES: &str = "entries";
const MAP_KEY: &str = "key";
const MAP_VALUE: &str = "value";

/// Decimal digits of 18,446,744,073,709,551,615.
const UINT64_DIGITS: u8 = 20;

/// Maps every type of `schema` by the table of this module, keeping metadata.
///
/// # Errors
///
/// `Unsupported` for a type without a wire form, naming the path of the column.
pub(crate) fn wire_schema(schema: &Schema) -> Result<SchemaRef> {
    wire_schema_by(schema, UnsupportedTypes::Fail)
}

/// Maps every type like [`wire_schema`], and treats columns without a wire form as `unsupported`
/// specifies.
///
/// # Errors
///
/// As [`wire_schema`], with [`UnsupportedTypes::Fail`].
pub(crate) fn wire_schema_by(schema: &Schema, unsupported: UnsupportedTypes) -> Result<SchemaRef> {
    let mut fields = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        match (wire_field(field, field.name()), unsupported) {
            (Ok(field), _) => fields.push(field),
            (Err(unmapped), UnsupportedTypes::Fail) => return Err(unmapped.into_error()),
            (Err(_), UnsupportedTypes::Drop) => {}
            (Err(_), UnsupportedTypes::Text) => {
                fields.push(Arc::new(renamed(
                    field,
                    field.name(),
                    DataType::Utf8,
                    field.is_nullable(),
                )));
            }
        }
    }
    Ok(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
}

/// Type without a wire form, and the path of the field that has it.
#[derive(Debug)]
struct Unmapped {
    path: String,
    data_type: DataType,
}

impl Unmapped {
    fn into_error(self) -> Error {
        if let DataType::Timestamp(_, Some(zone)) = &self.data_type {
            return Error::unsupported(format!(
                "column {:?} has time zone {zone:?}, which has no key in Athena's protocol: its \
                 keys are of 2017; return the column in UTC or in another zone, or let the table's \
                 definition drop such columns",
                self.path
            ));
        }
        Error::unsupported(format!(
            "column {:?} has type {}, which Athena does not support; return another type, or let \
             the table's definition drop such columns or convert them to text",
            self.path, self.data_type
        ))
    }
}

fn wire_field(field: &FieldRef, path: &str) -> Result<FieldRef, Unmapped> {
    let data_type = wire_type(field.data_type(), path)?;
    if data_type == *field.data_type() {
        return Ok(Arc::clone(field));
    }
    Ok(Arc::new(renamed(field, field.name(), data_type, field.is_nullable())))
}

/// Creates a field with the metadata of `field`.
fn renamed(field: &Field, name: &str, data_type: DataType, nullable: bool) -> Field {
    Field::new(name, data_type, nullable).with_metadata(field.metadata().clone())
}

/// Returns whether the type has no wire form.
fn has_no_wire_form(data_type: &DataType) -> bool {
    wire_type(data_type, "").is_err()
}

fn wire_type(data_type: &DataType, path: &str) -> Result<DataType, Unmapped> {
    use DataType as T;
    let unmapped = || Unmapped { path: path.to_owned(), data_type: data_type.clone() };
    Ok(match data_type {
        T::Boolean
        | T::Int8
        | T::Int16
        | T::Int32
        | T::Int64
        | T::Float32
        | T::Float64
        | T::Utf8
        | T::Binary
        | T::Date32
        | T::Date64 => data_type.clone(),
        T::UInt8 => T::Int16,
        T::UInt16 => T::Int32,
        T::UInt32 => T::Int64,
        T::UInt64 => T::Decimal128(UINT64_DIGITS, 0),
        T::Float16 => T::Float32,
        T::Decimal32(precision, scale)
        | T::Decimal64(precision, scale)
        | T::Decimal128(precision, scale)
        | T::Decimal256(precision, scale) => {
            wire_decimal(*precision, *scale).ok_or_else(unmapped)?
        }
        T::LargeUtf8 | T::Utf8View => T::Utf8,
        T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => T::Binary,
        T::Timestamp(_, None) => T::Date64,
        T::Timestamp(_, Some(zone)) => {
            // Its rows could not be written.
            TimeZoneKey::from_name(zone).map_err(|_| unmapped())?;
            T::Timestamp(TimeUnit::Millisecond, Some(Arc::clone(zone)))
        }
        T::List(item)
        | T::LargeList(item)
        | T::ListView(item)
        | T::LargeListView(item)
        | T::FixedSizeList(item, _) => T::List(wire_field(item, &format!("{path}[]"))?),
        T::Struct(children) => T::Struct(
            children
                .iter()
                .map(|child| wire_field(child, &format!("{path}.{}", child.name())))
                .collect::<Result<Fields, _>>()?,
        ),
        T::Map(entries, _) => T::Map(wire_entries(entries, path)?.ok_or_else(unmapped)?, false),
        T::Dictionary(_, value) => wire_type(value, path)?,
        T::RunEndEncoded(_, value) => wire_type(value.data_type(), path)?,
        T::Null
        | T::Time32(_)
        | T::Time64(_)
        | T::Interval(_)
        | T::Duration(_)
        | T::Union(_, _) => {
            return Err(unmapped());
        }
    })
}

/// Returns the wire decimal that holds every value of the given one: 0 <= scale <= precision <= 38.
fn wire_decimal(precision: u8, scale: i8) -> Option<DataType> {
    let (precision, scale) = match u8::try_from(scale) {
        Ok(digits) => (precision.max(digits), scale),
        Err(_) => (precision.checked_add(scale.unsigned_abs())?, 0),
    };
    (precision <= DECIMAL128_MAX_PRECISION).then_some(DataType::Decimal128(precision, scale))
}

/// Maps the entries of a map to the names and nullability that readers require; `None` unless there
/// are two children.
fn wire_entries(entries: &FieldRef, path: &str) -> Result<Option<FieldRef>, Unmapped> {
    let DataType::Struct(children) = entries.data_type() else { return Ok(None) };
    let [key, value] = &children[..] else { return Ok(None) };
    let key_type = wire_type(key.data_type(), &format!("{path}.{MAP_KEY}"))?;
    let value_type = wire_type(value.data_type(), &format!("{path}.{MAP_VALUE}"))?;
    let children = Fields::from(vec![
        renamed(key, MAP_KEY, key_type, false),
        renamed(value, MAP_VALUE, value_type, value.is_nullable()),
    ]);
    Ok(Some(Arc::new(renamed(entries, MAP_ENTRIES, DataType::Struct(children), false))))
}
