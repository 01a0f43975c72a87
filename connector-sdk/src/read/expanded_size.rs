//! Size of columns whose rows share values, such as dictionaries, once each row has its own copy.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, GenericListViewArray, OffsetSizeTrait, RunArray,
        downcast_run_array,
    },
    buffer::OffsetBuffer,
    datatypes::{ArrowNativeType as _, DataType, RunEndIndexType},
};

use crate::compact::visible_bytes;

/// Bytes of the widest value to which a column of nulls may be cast.
const MAX_NULL_BYTES: usize = 16;

/// Returns the approximate bytes that the values of `column` take when expanded; 0 if its rows
/// share no values.
pub(super) fn expanded_bytes(column: &dyn Array) -> usize {
    match column.data_type() {
        DataType::Null => MAX_NULL_BYTES * column.len(),
        DataType::Dictionary(_, _) => {
            let dictionary = column.as_any_dictionary();
            if dictionary.values().is_empty() {
                return 0;
            }
            let len = value_len_fn(dictionary.values());
            let nulls = dictionary.nulls();
            let keys = dictionary.normalized_keys().into_iter().enumerate();
            keys.filter(|(row, _)| nulls.is_none_or(|nulls| nulls.is_valid(*row)))
                .map(|(_, key)| len(key))
                .sum()
        }
        DataType::RunEndEncoded(_, _) => downcast_run_array!(column => run_bytes(column), _ => 0),
        DataType::Utf8View => column.as_string_view().lengths().map(|len| len as usize).sum(),
        DataType::BinaryView => column.as_binary_view().lengths().map(|len| len as usize).sum(),
        DataType::Struct(_) => {
            column.as_struct().columns().iter().map(|child| expanded_bytes(child)).sum()
        }
        DataType::List(_) => expanded_bytes(&list_elements(
            column.as_list::<i32>().values(),
            column.as_list::<i32>().offsets(),
        )),
        DataType::LargeList(_) => expanded_bytes(&list_elements(
            column.as_list::<i64>().values(),
            column.as_list::<i64>().offsets(),
        )),
        DataType::FixedSizeList(_, _) => expanded_bytes(column.as_fixed_size_list().values()),
        DataType::Map(_, _) => {
            let entries: ArrayRef = Arc::new(column.as_map().entries().clone());
            expanded_bytes(&list_elements(&entries, column.as_map().offsets()))
        }
        DataType::ListView(_) => list_view_bytes(column.as_list_view::<i32>()),
        DataType::LargeListView(_) => list_view_bytes(column.as_list_view::<i64>()),
        _ => 0,
    }
}

/// Returns the expanded size of a run-end encoded column.
fn run_bytes<R: RunEndIndexType>(array: &RunArray<R>) -> usize {
    let len = value_len_fn(array.values());
    let first = array.run_ends().get_start_physical_index();
    let mut bytes = 0_usize;
    let mut start = 0;
    for (at, end) in array.run_ends().sliced_values().enumerate() {
        let rows = end.as_usize() - start;
        start = end.as_usize();
        bytes += len(first + at).saturating_mul(rows);
    }
    bytes
}

/// Returns the expanded size of lists of which several may share elements.
fn list_view_bytes<O: OffsetSizeTrait>(lists: &GenericListViewArray<O>) -> usize {
    let len = value_len_fn(lists.values());
    let mut prefix_sums = Vec::with_capacity(lists.values().len() + 1);
    prefix_sums.push(0_usize);
    for at in 0..lists.values().len() {
        prefix_sums.push(prefix_sums[at].saturating_add(len(at)));
    }
    let mut bytes = 0;
    for (offset, size) in lists.offsets().iter().zip(lists.sizes()) {
        let start = offset.as_usize();
        bytes += prefix_sums[start + size.as_usize()] - prefix_sums[start];
    }
    bytes
}

/// Returns the elements of all lists of a slice.
fn list_elements<O: OffsetSizeTrait>(values: &ArrayRef, offsets: &OffsetBuffer<O>) -> ArrayRef {
    let first = offsets[0].as_usize();
    let last = offsets[offsets.len() - 1].as_usize();
    values.slice(first, last - first)
}

/// Returns a function from an index to the bytes of the value there, which inspects no other
/// values.
fn value_len_fn(values: &ArrayRef) -> Box<dyn Fn(usize) -> usize + '_> {
    fn offset_len<O: OffsetSizeTrait>(offsets: &[O]) -> Box<dyn Fn(usize) -> usize + '_> {
        Box::new(move |at| (offsets[at + 1] - offsets[at]).as_usize())
    }
    match values.data_type() {
        DataType::Utf8 => offset_len(values.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => offset_len(values.as_string::<i64>().value_offsets()),
        DataType::Binary => offset_len(values.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => offset_len(values.as_binary::<i64>().value_offsets()),
        DataType::Utf8View => Box::new(|at| values.as_string_view().value(at).len()),
        DataType::BinaryView => Box::new(|at| values.as_binary_view().value(at).len()),
        other => match other.primitive_width() {
            Some(width) => Box::new(move |_| width),
            None => Box::new(|at| {
                let value = values.slice(at, 1);
                expanded_bytes(&value).max(visible_bytes(&value.to_data()))
            }),
        },
    }
}
