//! Casts of scalar values.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, StringArray},
    compute::{CastOptions, can_cast_types, cast_with_options, kernels::cmp},
    datatypes::{DataType, Float32Type, Float64Type},
    util::display::{ArrayFormatter, FormatOptions},
};

use super::time;

/// Reason for which a column cannot be cast.
#[derive(Debug)]
pub(super) enum Misfit {
    /// No value of the source type can become a value of the target type.
    Types,
    /// A value does not fit the target type.
    Value,
    /// A value is null in a non-nullable field.
    Null,
}

/// Casts `array` to `to`, where neither is nested or encoded.
pub(super) fn cast_scalar(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Misfit> {
    match (array.data_type(), to) {
        (from, to) if time::is_time(from, to) => time::convert(array, to).ok_or(Misfit::Value),
        (DataType::Float64, DataType::Float32) => narrow_float(array),
        (DataType::Float16, to) if *to != DataType::Float32 => {
            cast_scalar(&arrow_cast(array, &DataType::Float32)?, to)
        }
        // Arrow would truncate the fraction and interpret the rest as an instant, and expose the
        // bytes of integers in its own layout.
        (from, to) if is_fractional(from) && to.is_temporal() => Err(Misfit::Types),
        (from, DataType::Binary) if from.is_integer() => Err(Misfit::Types),
        (from, to) if may_change_silently(from, to) => {
            let cast = arrow_cast(array, to)?;
            // A value that survives the cast survives the way back.
            let back = arrow_cast(&cast, from)?;
            let changed =
                cmp::distinct(&without_negative_zero(array), &back).map_err(|_| Misfit::Types)?;
            if changed.has_true() { Err(Misfit::Value) } else { Ok(cast) }
        }
        _ => arrow_cast(array, to),
    }
}

/// Calls Arrow's cast. Its error is dropped because its text contains the value.
pub(super) fn arrow_cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Misfit> {
    if !can_cast_types(array.data_type(), to) {
        return Err(Misfit::Types);
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, to, &options).map_err(|_| Misfit::Value)
}

/// Formats the values as Arrow displays them.
pub(super) fn format_values(array: &ArrayRef) -> Result<ArrayRef, Misfit> {
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

/// Returns whether Arrow's cast silently truncates a fraction, or maps every non-zero number to
/// true.
fn may_change_silently(from: &DataType, to: &DataType) -> bool {
    let whole = to.is_integer() || *to == DataType::Boolean;
    (is_fractional(from) && whole) || (from.is_integer() && *to == DataType::Boolean)
}

fn is_fractional(data_type: &DataType) -> bool {
    data_type.is_floating() || data_type.is_decimal()
}

/// Replaces -0.0 by 0.0 in floats, which no integer distinguishes; returns other types unchanged.
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

/// Rounds to the nearest single-precision values. Arrow's cast would turn large numbers into
/// infinity.
fn narrow_float(array: &ArrayRef) -> Result<ArrayRef, Misfit> {
    let narrowed = array.as_primitive::<Float64Type>().try_unary::<_, Float32Type, _>(|wide| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounds to nearest, and overflow is checked"
        )]
        let narrow = wide as f32;
        if narrow.is_infinite() && wide.is_finite() { Err(Misfit::Value) } else { Ok(narrow) }
    })?;
    Ok(Arc::new(narrowed))
}
