//! Lists, structs and maps, child by child.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, MapArray, StructArray},
    buffer::{NullBuffer, OffsetBuffer},
    compute::nullif,
    datatypes::{DataType, FieldRef, Fields},
};

use super::cast::{Misfit, arrow_cast, cast_array};

/// Any list as a `List` of `item`.
pub(super) fn cast_list(array: &ArrayRef, item: &FieldRef) -> Result<ArrayRef, Misfit> {
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

/// A struct as one of `children`, found by name.
pub(super) fn cast_struct(array: &StructArray, children: &Fields) -> Result<ArrayRef, Misfit> {
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

/// A map as one of `entries`, whose key and value are found by place: their names differ between
/// writers.
pub(super) fn cast_map(
    array: &MapArray,
    entries: &FieldRef,
    ordered: bool,
) -> Result<ArrayRef, Misfit> {
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

/// The part of `values` that the offsets reach, so that a slice of a large list is not cast as a
/// whole.
fn referenced(offsets: &OffsetBuffer<i32>, values: &ArrayRef) -> (OffsetBuffer<i32>, ArrayRef) {
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let place = |offset: i32| usize::try_from(offset).expect("offsets are never negative");
    if first == 0 && place(last) == values.len() {
        return (offsets.clone(), Arc::clone(values));
    }
    let rebased: Vec<i32> = offsets.iter().map(|offset| offset - first).collect();
    (OffsetBuffer::new(rebased.into()), values.slice(place(first), place(last - first)))
}

/// The child with nulls where its parent is null: what lies there is nobody's value and must not
/// fail a cast.
fn masked(child: &ArrayRef, parent: Option<&NullBuffer>) -> Result<ArrayRef, Misfit> {
    match parent {
        Some(parent) if parent.null_count() > 0 => {
            let absent = BooleanArray::new(!parent.inner(), None);
            nullif(child, &absent).map_err(|_| Misfit::Types)
        }
        _ => Ok(Arc::clone(child)),
    }
}
