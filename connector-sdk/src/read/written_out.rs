//! How many bytes rows take once each has a value of its own, where Arrow lets them share one.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, GenericListViewArray, OffsetSizeTrait, RunArray,
        downcast_run_array,
    },
    buffer::OffsetBuffer,
    datatypes::{ArrowNativeType as _, DataType, RunEndIndexType},
};

use crate::unshared::shown;

/// Bytes of the widest value that a null may become.
const WIDEST: usize = 16;

/// Bytes that the values of `column` take once written out, about; 0 where rows share none.
pub(super) fn written_out(column: &dyn Array) -> usize {
    match column.data_type() {
        DataType::Null => WIDEST * column.len(),
        DataType::Dictionary(_, _) => {
            let dictionary = column.as_any_dictionary();
            if dictionary.values().is_empty() {
                return 0;
            }
            let (len, nulls) = (len_of_each(dictionary.values()), dictionary.nulls());
            let keys = dictionary.normalized_keys().into_iter().enumerate();
            keys.filter(|(row, _)| nulls.is_none_or(|nulls| nulls.is_valid(*row)))
                .map(|(_, key)| len(key))
                .sum()
        }
        DataType::RunEndEncoded(_, _) => downcast_run_array!(column => runs(column), _ => 0),
        DataType::Utf8View => column.as_string_view().lengths().map(|len| len as usize).sum(),
        DataType::BinaryView => column.as_binary_view().lengths().map(|len| len as usize).sum(),
        DataType::Struct(_) => {
            column.as_struct().columns().iter().map(|child| written_out(child)).sum()
        }
        DataType::List(_) => written_out(&between(
            column.as_list::<i32>().values(),
            column.as_list::<i32>().offsets(),
        )),
        DataType::LargeList(_) => written_out(&between(
            column.as_list::<i64>().values(),
            column.as_list::<i64>().offsets(),
        )),
        DataType::FixedSizeList(_, _) => written_out(column.as_fixed_size_list().values()),
        DataType::Map(_, _) => {
            let entries: ArrayRef = Arc::new(column.as_map().entries().clone());
            written_out(&between(&entries, column.as_map().offsets()))
        }
        DataType::ListView(_) => list_views(column.as_list_view::<i32>()),
        DataType::LargeListView(_) => list_views(column.as_list_view::<i64>()),
        _ => 0,
    }
}

fn runs<R: RunEndIndexType>(array: &RunArray<R>) -> usize {
    let (len, first) = (len_of_each(array.values()), array.run_ends().get_start_physical_index());
    let mut start = 0;
    let run = |(at, end): (usize, R::Native)| {
        let rows = end.as_usize() - start;
        start = end.as_usize();
        len(first + at).saturating_mul(rows)
    };
    array.run_ends().sliced_values().enumerate().map(run).sum()
}

/// Lists of which several may have the same elements.
fn list_views<O: OffsetSizeTrait>(lists: &GenericListViewArray<O>) -> usize {
    let len = len_of_each(lists.values());
    let mut before = Vec::with_capacity(lists.values().len() + 1);
    before.push(0_usize);
    for at in 0..lists.values().len() {
        before.push(before[at].saturating_add(len(at)));
    }
    let list = |(offset, size): (&O, &O)| {
        before[offset.as_usize() + size.as_usize()] - before[offset.as_usize()]
    };
    lists.offsets().iter().zip(lists.sizes()).map(list).sum()
}

/// The elements of all lists of a slice.
fn between<O: OffsetSizeTrait>(values: &ArrayRef, offsets: &OffsetBuffer<O>) -> ArrayRef {
    let (first, last) = (offsets[0].as_usize(), offsets[offsets.len() - 1].as_usize());
    values.slice(first, last - first)
}

/// Tells how many bytes the value in a row of `values` has, without looking at others.
fn len_of_each(values: &ArrayRef) -> Box<dyn Fn(usize) -> usize + '_> {
    fn between<O: OffsetSizeTrait>(offsets: &[O]) -> Box<dyn Fn(usize) -> usize + '_> {
        Box::new(move |at| (offsets[at + 1] - offsets[at]).as_usize())
    }
    match values.data_type() {
        DataType::Utf8 => between(values.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => between(values.as_string::<i64>().value_offsets()),
        DataType::Binary => between(values.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => between(values.as_binary::<i64>().value_offsets()),
        DataType::Utf8View => Box::new(|at| values.as_string_view().value(at).len()),
        DataType::BinaryView => Box::new(|at| values.as_binary_view().value(at).len()),
        other => match other.primitive_width() {
            Some(width) => Box::new(move |_| width),
            None => Box::new(|at| {
                let value = values.slice(at, 1);
                written_out(&value).max(shown(&value.to_data()))
            }),
        },
    }
}
