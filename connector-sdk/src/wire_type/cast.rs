//! Batches of one schema as batches of another.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, StringArray, new_null_array},
    compute::{CastOptions, can_cast_types, cast_with_options, kernels::cmp},
    datatypes::{DataType, Field, Float32Type, Float64Type, SchemaRef},
    record_batch::{RecordBatch, RecordBatchOptions},
    util::display::{ArrayFormatter, FormatOptions},
};

use super::{has_no_wire_form, nested, time};
use crate::{Error, Result};

/// Columns of the wrong type, or with a value that the right type cannot hold.
#[derive(Debug)]
pub(super) enum Misfit {
    /// No value of the one type becomes a value of the other.
    Types,
    /// Some value does not fit.
    Value,
    /// Some value is null where none may be.
    Null,
}

/// The columns of `target`, by exact name and in its order, each cast to its type there.
///
/// A column that has its type already is shared, not copied. A value never changes silently:
/// numbers become the nearest value of a floating or decimal type (decimals half away from zero, as
/// section 6.3 of the protocol wants it), times floor to a coarser unit, and anything else must
/// survive exactly. No columns at all keep the row count.
///
/// # Errors
///
/// `Internal` for a column that the batch lacks or that is of a type that cannot become the
/// target's, `InvalidInput` for a value that does not fit. Values are never in the message.
pub(crate) fn cast_batch(batch: &RecordBatch, target: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() == target {
        return Ok(batch.clone());
    }
    let mut columns = Vec::with_capacity(target.fields().len());
    for field in target.fields() {
        let Some((index, _)) = batch.schema_ref().fields().find(field.name()) else {
            return Err(missing(field, batch));
        };
        let column = batch.column(index);
        let cast = cast_array(column, field.data_type()).and_then(|cast| {
            let nulls = if field.is_nullable() { 0 } else { cast.logical_null_count() };
            if nulls == 0 { Ok(cast) } else { Err(Misfit::Null) }
        });
        columns.push(cast.map_err(|misfit| misfit.into_error(field, column.data_type()))?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(target), columns, &options).map_err(|e| {
        Error::internal("the columns of a batch do not make up the schema asked for").with_source(e)
    })
}

fn missing(field: &Field, batch: &RecordBatch) -> Error {
    let schema = batch.schema_ref();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    Error::internal(format!(
        "the connector returned a batch without column {:?}; it has {names:?}, and names must match exactly",
        field.name()
    ))
}

impl Misfit {
    fn into_error(self, field: &Field, from: &DataType) -> Error {
        let (name, to) = (field.name(), field.data_type());
        match self {
            Self::Types => Error::internal(format!(
                "the connector returned column {name:?} as {from}, which does not become {to}; return {to}"
            )),
            Self::Value => Error::invalid_input(format!(
                "column {name:?} has a value of type {from} that does not fit {to}; declare a wider type"
            )),
            Self::Null => Error::invalid_input(format!(
                "column {name:?} has a null where its type {to} does not allow one; declare it as nullable"
            )),
        }
    }
}

/// The values of `array` as values of `to`, as in [`cast_batch`]; `None` if one does not fit.
pub(crate) fn cast_values(array: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    cast_array(array, to).ok()
}

/// The values of `array` as values of `to`.
pub(super) fn cast_array(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Misfit> {
    let from = array.data_type();
    if from == to {
        return Ok(Arc::clone(array));
    }
    match (from, to) {
        (DataType::Null, _) => Ok(new_null_array(to, array.len())),
        (from, DataType::Utf8) if has_no_wire_form(from) => as_text(array),
        (DataType::Dictionary(_, value), _) => cast_array(&arrow_cast(array, value)?, to),
        (DataType::RunEndEncoded(_, value), _) => {
            cast_array(&arrow_cast(array, value.data_type())?, to)
        }
        (_, DataType::List(item)) => nested::cast_list(array, item),
        (DataType::Struct(_), DataType::Struct(children)) => {
            nested::cast_struct(array.as_struct(), children)
        }
        (DataType::Map(_, _), DataType::Map(entries, ordered)) => {
            nested::cast_map(array.as_map(), entries, *ordered)
        }
        (from, to) if from.is_nested() || to.is_nested() => Err(Misfit::Types),
        (from, to) if time::is_time(from, to) => time::convert(array, to).ok_or(Misfit::Value),
        (DataType::Float64, DataType::Float32) => narrow_float(array),
        (DataType::Float16, to) if *to != DataType::Float32 => {
            cast_array(&arrow_cast(array, &DataType::Float32)?, to)
        }
        // Arrow drops the fraction and calls the rest an instant; and shows the bytes of integers
        // in its own layout.
        (from, to) if is_fractional(from) && to.is_temporal() => Err(Misfit::Types),
        (from, DataType::Binary) if from.is_integer() => Err(Misfit::Types),
        (from, to) if may_change_silently(from, to) => {
            let cast = arrow_cast(array, to)?;
            // A value that survived comes back as it was.
            let back = arrow_cast(&cast, from)?;
            let changed =
                cmp::distinct(&without_negative_zero(array), &back).map_err(|_| Misfit::Types)?;
            if changed.has_true() { Err(Misfit::Value) } else { Ok(cast) }
        }
        _ => arrow_cast(array, to),
    }
}

/// The values as Arrow displays them.
fn as_text(array: &ArrayRef) -> Result<ArrayRef, Misfit> {
    let options = FormatOptions::default().with_display_error(false);
    let formatter = ArrayFormatter::try_new(array, &options).map_err(|_| Misfit::Types)?;
    let nulls = array.logical_nulls();
    let text = |row| match &nulls {
        Some(nulls) if nulls.is_null(row) => Ok(None),
        _ => formatter.value(row).try_to_string().map(Some).map_err(|_| Misfit::Value),
    };
    let texts = (0..array.len()).map(text).collect::<Result<StringArray, _>>()?;
    Ok(Arc::new(texts))
}

/// Arrow's cast. Its error is dropped because its text quotes the value.
pub(super) fn arrow_cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Misfit> {
    if !can_cast_types(array.data_type(), to) {
        return Err(Misfit::Types);
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, to, &options).map_err(|_| Misfit::Value)
}

/// Whether arrow's cast drops a fraction, or everything but "not zero", without an error.
fn may_change_silently(from: &DataType, to: &DataType) -> bool {
    let whole = to.is_integer() || *to == DataType::Boolean;
    (is_fractional(from) && whole) || (from.is_integer() && *to == DataType::Boolean)
}

fn is_fractional(data_type: &DataType) -> bool {
    data_type.is_floating() || data_type.is_decimal()
}

/// Floats with 0.0 for -0.0, which no integer tells apart; anything else as it is.
fn without_negative_zero(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float32 => Arc::new(
            array.as_primitive::<Float32Type>().unary::<_, Float32Type>(|value| value + 0.0),
        ),
        DataType::Float64 => Arc::new(
            array.as_primitive::<Float64Type>().unary::<_, Float64Type>(|value| value + 0.0),
        ),
        _ => Arc::clone(array),
    }
}

/// Nearest single-precision values; arrow's cast would make infinities of large numbers.
fn narrow_float(array: &ArrayRef) -> Result<ArrayRef, Misfit> {
    let narrowed = array.as_primitive::<Float64Type>().try_unary::<_, Float32Type, _>(|wide| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounds to nearest, and the overflow is looked for"
        )]
        let narrow = wide as f32;
        if narrow.is_infinite() && wide.is_finite() { Err(Misfit::Value) } else { Ok(narrow) }
    })?;
    Ok(Arc::new(narrowed))
}
