//! Encoding and decoding of schema messages (section 4.3 of the protocol).

use std::{collections::HashMap, sync::Arc};

use arrow::{
    datatypes::{
        DECIMAL128_MAX_PRECISION, DECIMAL128_MAX_SCALE, DataType, Field, FieldRef, IntervalUnit,
        Schema, SchemaRef, TimeUnit,
    },
    ipc::{
        self,
        writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions},
    },
};

use super::{
    column_path::ColumnPath,
    frame::{self, ALIGNMENT, Framing},
    supported::{self, map_entries},
};
use crate::error::{Error, Result};

/// Encodes `schema` as one message, with the metadata of schema and fields.
///
/// # Errors
///
/// `Unsupported` for a type without a wire form, naming the column.
pub fn encode_schema(schema: &SchemaRef, framing: Framing) -> Result<Vec<u8>> {
    check(schema)?;
    let options =
        IpcWriteOptions::try_new(ALIGNMENT, framing == Framing::Legacy, framing.metadata_version())
            .map_err(|error| {
                Error::internal("Arrow rejects the options of the framing").with_source(error)
            })?;
    let message = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
        schema,
        &mut DictionaryTracker::new(true),
        &options,
    );
    let metadata = message.ipc_message;
    let mut out = Vec::with_capacity(framing.header_len(metadata.len()));
    framing.write(metadata.len(), &mut out, |out| out.extend_from_slice(&metadata));
    Ok(out)
}

/// Checks that every column of `schema` has a type with a wire form.
pub(super) fn check(schema: &Schema) -> Result<()> {
    let mut fields = schema.fields().iter();
    fields
        .try_for_each(|field| supported::check(ColumnPath::column(field.name()), field.data_type()))
}

/// Decodes a schema message in either framing. Bytes after it are ignored.
///
/// # Errors
///
/// `InvalidInput` for anything but a schema message; `Unsupported` for a type that blocks cannot
/// carry, naming the column.
pub fn decode_schema(bytes: &[u8]) -> Result<SchemaRef> {
    let (message, end) = frame::read(bytes)?;
    let schema = message.header_as_schema().ok_or_else(|| {
        let kind = message.header_type().variant_name().unwrap_or("unknown");
        Error::invalid_input(format!(
            "an Arrow message holds a header of kind {kind}, expected a Schema"
        ))
    })?;
    if schema.endianness() != ipc::Endianness::Little {
        return Err(Error::invalid_input(
            "an Arrow schema declares big endian buffers, expected little endian",
        ));
    }
    let mut reader = SchemaReader { budget: end };
    let mut columns = Vec::new();
    for field in schema.fields().into_iter().flatten() {
        columns.push(reader.field(ColumnPath::column(field.name().unwrap_or_default()), field)?);
    }
    let metadata = reader.metadata(schema.custom_metadata().into_iter().flatten())?;
    Ok(Arc::new(Schema::new_with_metadata(columns, metadata)))
}

/// Reads fields with a budget, so that a message with parts that refer to each other repeatedly
/// cannot grow without bound.
struct SchemaReader {
    /// Remaining bytes of names, plus [`FIELD_LEN`] for each field; initially the message's length.
    budget: usize,
}

/// Minimum length of a field in a message, in bytes.
const FIELD_LEN: usize = 16;

impl SchemaReader {
    fn spend(&mut self, bytes: usize) -> Result<()> {
        self.budget = self.budget.checked_sub(bytes).ok_or_else(|| {
            Error::invalid_input(
                "an Arrow schema refers to the same names or fields more than once",
            )
        })?;
        Ok(())
    }

    fn metadata<'a>(
        &mut self,
        pairs: impl Iterator<Item = ipc::KeyValue<'a>>,
    ) -> Result<HashMap<String, String>> {
        let mut metadata = HashMap::new();
        for pair in pairs {
            let key = pair.key().unwrap_or_default();
            let value = pair.value().unwrap_or_default();
            self.spend(key.len() + value.len())?;
            metadata.insert(key.to_owned(), value.to_owned());
        }
        Ok(metadata)
    }

    fn field(&mut self, path: ColumnPath<'_>, field: ipc::Field<'_>) -> Result<FieldRef> {
        let name = field.name().unwrap_or_default();
        self.spend(FIELD_LEN + name.len())?;
        if field.dictionary().is_some() {
            return Err(Error::unsupported(format!(
                "column {path} is dictionary-encoded, which blocks do not support: send plain \
                 values"
            )));
        }
        let mut children = Vec::new();
        for child in field.children().into_iter().flatten() {
            children.push(self.field(path.child(child.name().unwrap_or_default()), child)?);
        }
        let data_type = data_type(path, field, children)?;
        let metadata = self.metadata(field.custom_metadata().into_iter().flatten())?;
        Ok(Arc::new(Field::new(name, data_type, field.nullable()).with_metadata(metadata)))
    }
}

/// Returns the type of a field from its message and its decoded children.
fn data_type(
    path: ColumnPath<'_>,
    field: ipc::Field<'_>,
    children: Vec<FieldRef>,
) -> Result<DataType> {
    let bad = || {
        let kind = field.type_type().variant_name().unwrap_or("of an unknown kind");
        Error::unsupported(format!(
            "column {path} has a type {kind} in a form that blocks cannot carry"
        ))
    };
    let only_child = |children: Vec<FieldRef>| {
        let count = children.len();
        <[FieldRef; 1]>::try_from(children).map(|[child]| child).map_err(|_| {
            Error::invalid_input(format!("column {path} has {count} children, expected one"))
        })
    };
    Ok(match field.type_type() {
        ipc::Type::Null => DataType::Null,
        ipc::Type::Bool => DataType::Boolean,
        ipc::Type::Utf8 => DataType::Utf8,
        ipc::Type::Binary => DataType::Binary,
        ipc::Type::Int => integer(field.type_as_int().ok_or_else(bad)?).ok_or_else(bad)?,
        ipc::Type::FloatingPoint => {
            match field.type_as_floating_point().ok_or_else(bad)?.precision() {
                ipc::Precision::HALF => DataType::Float16,
                ipc::Precision::SINGLE => DataType::Float32,
                ipc::Precision::DOUBLE => DataType::Float64,
                _ => return Err(bad()),
            }
        }
        ipc::Type::Decimal => decimal(field.type_as_decimal().ok_or_else(bad)?).ok_or_else(bad)?,
        ipc::Type::Date => match field.type_as_date().ok_or_else(bad)?.unit() {
            ipc::DateUnit::DAY => DataType::Date32,
            ipc::DateUnit::MILLISECOND => DataType::Date64,
            _ => return Err(bad()),
        },
        ipc::Type::Time => {
            let time = field.type_as_time().ok_or_else(bad)?;
            match (time_unit(time.unit()).ok_or_else(bad)?, time.bitWidth()) {
                (unit @ (TimeUnit::Second | TimeUnit::Millisecond), 32) => DataType::Time32(unit),
                (unit @ (TimeUnit::Microsecond | TimeUnit::Nanosecond), 64) => {
                    DataType::Time64(unit)
                }
                _ => return Err(bad()),
            }
        }
        ipc::Type::Timestamp => {
            let timestamp = field.type_as_timestamp().ok_or_else(bad)?;
            // Without a zone, arrow-rs writes an empty one and Java writes none.
            let zone = timestamp.timezone().filter(|zone| !zone.is_empty());
            DataType::Timestamp(time_unit(timestamp.unit()).ok_or_else(bad)?, zone.map(Arc::from))
        }
        ipc::Type::Interval => {
            DataType::Interval(match field.type_as_interval().ok_or_else(bad)?.unit() {
                ipc::IntervalUnit::YEAR_MONTH => IntervalUnit::YearMonth,
                ipc::IntervalUnit::DAY_TIME => IntervalUnit::DayTime,
                ipc::IntervalUnit::MONTH_DAY_NANO => IntervalUnit::MonthDayNano,
                _ => return Err(bad()),
            })
        }
        ipc::Type::FixedSizeBinary => {
            let width = field.type_as_fixed_size_binary().ok_or_else(bad)?.byteWidth();
            if width < 0 {
                return Err(bad());
            }
            DataType::FixedSizeBinary(width)
        }
        ipc::Type::FixedSizeList => {
            let size = field.type_as_fixed_size_list().ok_or_else(bad)?.listSize();
            if size < 0 {
                return Err(bad());
            }
            DataType::FixedSizeList(only_child(children)?, size)
        }
        ipc::Type::List => DataType::List(only_child(children)?),
        ipc::Type::Struct_ => DataType::Struct(children.into()),
        ipc::Type::Map => {
            let entries = only_child(children)?;
            if entries.is_nullable() || map_entries(&entries).is_none() {
                return Err(Error::invalid_input(format!(
                    "column {path} is a map whose entries are not a non-null struct of a key and a \
                     value"
                )));
            }
            DataType::Map(entries, field.type_as_map().ok_or_else(bad)?.keysSorted())
        }
        _ => return Err(bad()),
    })
}

fn integer(int: ipc::Int<'_>) -> Option<DataType> {
    Some(match (int.bitWidth(), int.is_signed()) {
        (8, true) => DataType::Int8,
        (16, true) => DataType::Int16,
        (32, true) => DataType::Int32,
        (64, true) => DataType::Int64,
        (8, false) => DataType::UInt8,
        (16, false) => DataType::UInt16,
        (32, false) => DataType::UInt32,
        (64, false) => DataType::UInt64,
        _ => return None,
    })
}

fn decimal(decimal: ipc::Decimal<'_>) -> Option<DataType> {
    let precision = u8::try_from(decimal.precision()).ok()?;
    let scale = i8::try_from(decimal.scale()).ok()?;
    let legal = decimal.bitWidth() == 128
        && (1..=DECIMAL128_MAX_PRECISION).contains(&precision)
        && scale <= DECIMAL128_MAX_SCALE;
    legal.then_some(DataType::Decimal128(precision, scale))
}

fn time_unit(unit: ipc::TimeUnit) -> Option<TimeUnit> {
    match unit {
        ipc::TimeUnit::SECOND => Some(TimeUnit::Second),
        ipc::TimeUnit::MILLISECOND => Some(TimeUnit::Millisecond),
        ipc::TimeUnit::MICROSECOND => Some(TimeUnit::Microsecond),
        ipc::TimeUnit::NANOSECOND => Some(TimeUnit::Nanosecond),
        _ => None,
    }
}
