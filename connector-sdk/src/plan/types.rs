//! Mapping from plan types to column types.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, TimeUnit};

use super::protobuf::{Field, Message, unsupported};
use crate::Result;

/// Type of a plan expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PlanType {
    /// Type that a column can have.
    Plain(DataType),
    /// Text of at most this many code points.
    VarChar(usize),
    /// Unsupported type.
    Other {
        /// Name, for errors.
        name: &'static str,
        /// Number of names that its struct fields take in a schema.
        names: usize,
    },
}

impl PlanType {
    /// Returns the type of columns that have it, or `Null` if values of the type are unsupported.
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Self::Plain(data_type) => data_type.clone(),
            Self::VarChar(_) => DataType::Utf8,
            Self::Other { .. } => DataType::Null,
        }
    }

    /// Returns the number of names in a schema for the fields of such a column, excluding its own.
    pub(super) fn nested_names(&self) -> usize {
        match self {
            Self::Other { names, .. } => *names,
            Self::Plain(_) | Self::VarChar(_) => 0,
        }
    }

    /// Returns whether the type has no named fields.
    pub(super) fn is_scalar(&self) -> bool {
        self.nested_names() == 0
    }

    /// Converts a `Type` message.
    pub(super) fn read(message: Message<'_>) -> Result<Self> {
        let mut found = None;
        for field in message.fields() {
            found = Some(Self::of_kind(&field?)?);
        }
        found.ok_or_else(|| unsupported("an empty type"))
    }

    fn of_kind(kind: &Field<'_>) -> Result<Self> {
        let plain = |data_type| Ok(Self::Plain(data_type));
        let other = |name| Ok(Self::Other { name, names: 0 });
        match kind.number {
            1 => plain(DataType::Boolean),
            2 => plain(DataType::Int8),
            3 => plain(DataType::Int16),
            5 => plain(DataType::Int32),
            7 => plain(DataType::Int64),
            10 => plain(DataType::Float32),
            11 => plain(DataType::Float64),
            12 => plain(DataType::Utf8),
            13 => plain(DataType::Binary),
            14 | 33 => plain(DataType::Date64),
            16 => plain(DataType::Date32),
            29 | 34 => plain(instant(TimeUnit::Millisecond)),
            22 => Ok(Self::VarChar(length(kind)?)),
            24 => decimal(kind),
            25 => nested(kind, "struct"),
            27 => nested(kind, "list"),
            28 => nested(kind, "map"),
            17 => other("time"),
            19 => other("interval_year"),
            20 => other("interval_day"),
            21 => other("fixed_char"),
            23 => other("fixed_binary"),
            31 => other("user_defined"),
            32 => other("uuid"),
            35 => other("interval_compound"),
            36 => other("precision_time"),
            _ => kind.reject(),
        }
    }
}

/// Returns the type of instants with this unit.
pub(super) fn instant(unit: TimeUnit) -> DataType {
    DataType::Timestamp(unit, Some("UTC".into()))
}

fn length(kind: &Field<'_>) -> Result<usize> {
    for field in kind.message("Type.VarChar")?.fields() {
        let field = field?;
        if field.number == 1 {
            return field.narrow();
        }
    }
    Ok(0)
}

fn decimal(kind: &Field<'_>) -> Result<PlanType> {
    let mut precision = 0;
    let mut scale = 0;
    for field in kind.message("Type.Decimal")?.fields() {
        let field = field?;
        match field.number {
            1 => scale = field.narrow::<i8>()?,
            2 => precision = field.narrow::<u8>()?,
            3 | 4 => {} // variation and nullability, irrelevant for values
            _ => return field.reject(),
        }
    }
    Ok(PlanType::Plain(decimal_type(precision, scale)?))
}

/// Returns the decimal type of this precision and scale, if it is valid.
pub(super) fn decimal_type(precision: u8, scale: i8) -> Result<DataType> {
    let digits = i16::from(precision);
    if precision == 0
        || precision > DECIMAL128_MAX_PRECISION
        || scale < 0
        || i16::from(scale) > digits
    {
        return Err(unsupported(&format!("decimal({precision}, {scale})")));
    }
    Ok(DataType::Decimal128(precision, scale))
}

/// Reads a nested type, of which only the number of names in a schema matters: structs name their
/// fields.
fn nested(kind: &Field<'_>, name: &'static str) -> Result<PlanType> {
    let mut names = 0;
    for field in kind.message(name)?.fields() {
        let field = field?;
        let is_part = match name {
            "map" => matches!(field.number, 1 | 2),
            _ => field.number == 1,
        };
        if is_part {
            if let PlanType::Other { names: inner, .. } = PlanType::read(field.message("Type")?)? {
                names += inner;
            }
            names += usize::from(name == "struct");
        }
    }
    Ok(PlanType::Other { name, names })
}
