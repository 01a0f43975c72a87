//! Casts of arrays of any type.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BooleanArray, ListArray, MapArray, StructArray, new_null_array,
    },
    buffer::{NullBuffer, OffsetBuffer},
    compute::nullif,
    datatypes::{DataType, FieldRef, Fields},
};

use super::{
    has_no_wire_form,
    scalar::{Misfit, arrow_cast, cast_scalar, format_values},
};

/// Casts `array` to `to`: nested types child by child, encoded ones by their values.
pub(super) fn cast_array(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Misfit> {
    let from = array.data_type();
    if from == to {
        return Ok(Arc::clone(array));
    }
    match (from, to) {
        (DataType::Null, _) => Ok(new_null_array(to, array.len())),
        // Formatting with a zone's name needs a time zone database.
        (DataType::Timestamp(unit, Some(_)), DataType::Utf8) if has_no_wire_form(from) => {
            let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
            format_values(&arrow_cast(array, &utc)?)
        }
        (from, DataType::Utf8) if has_no_wire_form(from) => format_values(array),
        (DataType::Dictionary(_, value), _) => cast_array(&arrow_cast(array, value)?, to),
        (DataType::RunEndEncoded(_, value), _) => {
            cast_array(&arrow_cast(array, value.data_type())?, to)
        }
        (_, DataType::List(item)) => cast_list(array, item),
        (DataType::Struct(_), DataType::Struct(children)) => {
            cast_struct(array.as_struct(), children)
        }
        (DataType::Map(_, _), DataType::Map(entries, ordered)) => {
            cast_map(array.as_map(), entries, *ordered)
        }
        (from, to) if from.is_nested() || to.is_nested() => Err(Misfit::Types),
        (_, to) => cast_scalar(array, to),
    }
}

/// Casts any list type to a `List` of `item`.
fn cast_list(array: &ArrayRef, item: &FieldRef) -> Result<ArrayRef, Misfit> {
    let list = match array.data_type() {
        DataType::List(_) => Arc::clone(array),
        DataType::LargeList(child)
        | DataType::ListView(child)
        | DataType::LargeListView(child)
        | DataType::FixedSizeList(child, _) => {
            arrow_cast(array, &DataType::List(Arc::clone(child)))?
        }
        _ => return Err(Misfit::Types),
    };
    let list = list.as_list::<i32>();
    let (offsets, values) = referenced(list.offsets(), list.values());
    let values = cast_array(&values, item.data_type())?;
    let cast = ListArray::try_new(Arc::clone(item), offsets, values, list.nulls().cloned());
    Ok(Arc::new(cast.map_err(|_| Misfit::Null)?))
}

/// Casts a struct to one of `children`, which are found by name.
fn cast_struct(array: &StructArray, children: &Fields) -> Result<ArrayRef, Misfit> {
    let mut columns = Vec::with_capacity(children.len());
    for field in children {
        let child = array.column_by_name(field.name()).ok_or(Misfit::Types)?;
        let child = if child.data_type() == field.data_type() {
            Arc::clone(child)
        } else {
            cast_array(&masked(child, array.nulls())?, field.data_type())?
        };
        columns.push(child);
    }
    let nulls = array.nulls().cloned();
    let cast = StructArray::try_new_with_length(children.clone(), columns, nulls, array.len());
    Ok(Arc::new(cast.map_err(|_| Misfit::Null)?))
}

/// Casts a map to one of `entries`. Key and value are found by position, because their names differ
/// between writers.
fn cast_map(array: &MapArray, entries: &FieldRef, ordered: bool) -> Result<ArrayRef, Misfit> {
    let DataType::Struct(children) = entries.data_type() else { return Err(Misfit::Types) };
    let [key, value] = &children[..] else { return Err(Misfit::Types) };
    let source: ArrayRef = Arc::new(array.entries().clone());
    let (offsets, source) = referenced(array.offsets(), &source);
    let source = source.as_struct();
    let columns = vec![
        cast_array(source.column(0), key.data_type())?,
        cast_array(source.column(1), value.data_type())?,
    ];
    let cast =
        StructArray::try_new(children.clone(), columns, source.nulls().cloned()).and_then(|cast| {
            MapArray::try_new(Arc::clone(entries), offsets, cast, array.nulls().cloned(), ordered)
        });
    Ok(Arc::new(cast.map_err(|_| Misfit::Null)?))
}

/// Returns the part of `values` that the offsets reference, so that the rest of a sliced list is
/// not cast.
fn referenced(offsets: &OffsetBuffer<i32>, values: &ArrayRef) -> (OffsetBuffer<i32>, ArrayRef) {
    let first = offsets[0];
    let last = offsets[offsets.len() - 1];
    let position = |offset: i32| usize::try_from(offset).expect("offsets are never negative");
    if first == 0 && position(last) == values.len() {
        return (offsets.clone(), Arc::clone(values));
    }
    let rebased: Vec<i32> = offsets.iter().map(|offset| offset - first).collect();
    (OffsetBuffer::new(rebased.into()), values.slice(position(first), position(last - first)))
}

/// Returns the child with nulls where its parent is null: a hidden value must not fail the cast.
fn masked(child: &ArrayRef, parent: Option<&NullBuffer>) -> Result<ArrayRef, Misfit> {
    match parent {
        Some(parent) if parent.null_count() > 0 => {
            let absent = BooleanArray::new(!parent.inner(), None);
            nullif(child, &absent).map_err(|_| Misfit::Types)
        }
        _ => Ok(Arc::clone(child)),
    }
}
