//! Blocks never exceed the limit, are as full as possible, and keep the order of rows.

use arrow::{
    array::{ArrayRef, AsArray, Int8Array, StringArray},
    compute::concat_batches,
};
use athena_protocol::ErrorKind;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;
use crate::samples::{mixed, mixed_schema, no_columns, numbers};

fn size(block: &RecordBatch) -> usize {
    encoded_len(block, Framing::Legacy).unwrap()
}

/// Builds all blocks of `batches`, each as one batch.
fn build(
    schema: &SchemaRef,
    max_bytes: usize,
    batches: &[RecordBatch],
) -> Result<Vec<RecordBatch>> {
    build_blocks(schema, max_bytes, batches)?.into_iter().map(Block::into_batch).collect()
}

/// Builds all blocks of `batches`.
fn build_blocks(
    schema: &SchemaRef,
    max_bytes: usize,
    batches: &[RecordBatch],
) -> Result<Vec<Block>> {
    let mut builder = BlockBuilder::new(Arc::clone(schema), max_bytes);
    let mut blocks = Vec::new();
    for batch in batches {
        blocks.extend(builder.push(batch.clone())?);
        let pending = builder.pending_len();
        assert!(pending <= max_bytes, "{pending} bytes are pending for a block of {max_bytes}");
    }
    let pending = builder.pending_len();
    let last = builder.finish();
    assert_eq!(last.as_ref().map_or(0, |block| block.encoded_len(Framing::Legacy)), pending);
    blocks.extend(last);
    for block in &blocks {
        let mut bytes = Vec::new();
        block.encode(&mut bytes).unwrap();
        assert_eq!(bytes.len(), block.encoded_len(Framing::Legacy));
    }
    Ok(blocks)
}

/// Checks the rows, order and sizes of all blocks of `batches`.
fn check(schema: &SchemaRef, max_bytes: usize, batches: &[RecordBatch], blocks: &[RecordBatch]) {
    let rows = concat_batches(schema, batches).unwrap();
    let mut start = 0;
    for block in blocks {
        let bytes = size(block);
        let end = start + block.num_rows();
        assert!(block.num_rows() > 0, "block without rows");
        assert!(bytes <= max_bytes, "block of {bytes} bytes, at most {max_bytes} allowed");
        assert_eq!(*block, rows.slice(start, block.num_rows()), "rows from {start}");
        if end < rows.num_rows() {
            let more = size(&rows.slice(start, block.num_rows() + 1));
            assert!(
                more > max_bytes,
                "block of {bytes} bytes, although {more} fit into {max_bytes}"
            );
        }
        start = end;
    }
    assert_eq!(start, rows.num_rows());
}

#[test]
fn blocks_are_within_the_limit_and_full_to_the_row() {
    let schema = mixed_schema();
    for seed in 0..120 {
        let mut random = StdRng::seed_from_u64(seed);
        let most_rows = [1, 3, 40, 500][random.random_range(0..4)];
        let text = [0, 5, 300][random.random_range(0..3)];
        let max_bytes = random.random_range(2_500..40_000);
        let batches: Vec<_> = (0..random.random_range(1..40))
            .map(|_| {
                let rows = random.random_range(0..=most_rows);
                mixed(&mut random, rows, text)
            })
            .collect();
        let blocks = build(&schema, max_bytes, &batches).unwrap();
        check(&schema, max_bytes, &batches, &blocks);
    }
}

#[test]
fn blocks_of_small_rows_are_nearly_full() {
    for rows in [1, 8, 1_000, 40_000] {
        let batches: Vec<_> =
            (0..40_000 / rows).map(|index| numbers(index * rows..(index + 1) * rows)).collect();
        let max_bytes = 8_000;
        let blocks = build(&batches[0].schema(), max_bytes, &batches).unwrap();
        check(&batches[0].schema(), max_bytes, &batches, &blocks);
        let (_, full) = blocks.split_last().unwrap();
        assert!(full.len() > 30, "batches of {rows} rows");
        let percent = full.iter().map(size).sum::<usize>() * 100 / (full.len() * max_bytes);
        assert!(percent >= 99, "blocks of batches of {rows} rows are full to {percent} %");
    }
}

#[test]
fn a_row_over_the_limit_is_an_error_with_its_size() {
    let texts = StringArray::from(vec!["a", "b", &"x".repeat(5_000), "c"]);
    let batch = RecordBatch::try_from_iter([("t", Arc::new(texts) as ArrayRef)]).unwrap();
    let row = size(&batch.slice(2, 1));
    let build_with = |max_bytes| build(&batch.schema(), max_bytes, std::slice::from_ref(&batch));
    let error = build_with(row - 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    for number in [row, row - 1] {
        assert!(error.message().contains(&number.to_string()), "{number} is not in {error}");
    }
    // With a limit of exactly its size, the row has a block of its own.
    assert_eq!(
        build_with(row).unwrap().iter().map(RecordBatch::num_rows).collect::<Vec<_>>(),
        [2, 1, 1]
    );
    assert_eq!(build_with(0).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_batch_that_fits_is_returned_unchanged() {
    let batch = numbers(0..1_000);
    let mut builder = BlockBuilder::new(batch.schema(), size(&batch));
    assert_eq!(builder.pending_len(), 0);
    assert!(builder.push(batch.clone()).unwrap().is_empty());
    assert_eq!(builder.pending_len(), size(&batch));
    let last = builder.finish().unwrap().into_batch().unwrap();
    assert!(Arc::ptr_eq(last.column(0), batch.column(0)));
}

#[test]
fn no_rows_are_no_blocks() {
    let mut builder = BlockBuilder::new(numbers(0..0).schema(), 1_000);
    assert!(builder.push(numbers(0..0)).unwrap().is_empty());
    assert!(builder.finish().is_none());
}

/// Returns the address of the values of the only column.
fn address(batch: &RecordBatch) -> usize {
    batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().values().as_ptr().addr()
}

#[test]
fn blocks_of_one_batch_are_slices_of_it() {
    let batch = numbers(0..100_000);
    let mut builder = BlockBuilder::new(batch.schema(), 100_000);
    let blocks = builder.push(batch.clone()).unwrap();
    assert_eq!(blocks.len(), 8);
    let mut start = address(&batch);
    for block in blocks {
        let block = block.into_batch().unwrap();
        assert_eq!(address(&block), start);
        start += block.num_rows() * size_of::<i64>();
    }
}

#[test]
fn blocks_of_several_batches_are_slices_of_them() {
    let batches: Vec<_> = (0..8).map(|n| numbers(n * 10_000..(n + 1) * 10_000)).collect();
    let blocks = build_blocks(&batches[0].schema(), 100_000, &batches).unwrap();
    assert_eq!(blocks.len(), 7);
    let is_slice_of = |piece: &RecordBatch, batch: &RecordBatch| {
        (address(batch)..address(batch) + 10_000 * size_of::<i64>()).contains(&address(piece))
    };
    let pieces: Vec<_> = blocks.iter().flat_map(Block::batches).collect();
    // The boundaries add six slices; remainders of less than half a batch are copies.
    assert_eq!(pieces.len(), 8 + 6);
    let slices =
        pieces.iter().filter(|piece| batches.iter().any(|batch| is_slice_of(piece, batch))).count();
    assert!(slices >= 11, "{slices} of {} pieces are slices", pieces.len());
}

#[test]
fn the_remainder_of_a_large_batch_does_not_retain_all_of_it() {
    let batch = numbers(0..100_000);
    let values = Arc::downgrade(batch.column(0));
    let addresses = address(&batch)..address(&batch) + 100_000 * size_of::<i64>();
    let mut builder = BlockBuilder::new(batch.schema(), 100_000);
    drop(builder.push(batch).unwrap());
    assert!(values.upgrade().is_none());
    assert!(builder.pending_len() > 0);
    let rest = builder.finish().unwrap().into_batch().unwrap();
    assert!(!addresses.contains(&address(&rest)));
    assert!(rest.get_array_memory_size() < 100_000);
}

#[test]
fn rows_without_columns_are_counted_and_limited_to_32_bits() {
    let schema = no_columns(0).schema();
    let blocks = build(&schema, 1_000, &[no_columns(3), no_columns(0), no_columns(4)]).unwrap();
    assert_eq!(blocks.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [7]);
    let blocks =
        build(&schema, 1_000, &[no_columns(MAX_BLOCK - 1), no_columns(MAX_BLOCK), no_columns(7)])
            .unwrap();
    let rows: Vec<_> = blocks.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(rows, [MAX_BLOCK, MAX_BLOCK, 6]);
}

#[test]
fn a_batch_with_other_columns_is_rejected_and_other_metadata_is_replaced() {
    let schema = numbers(0..0).schema();
    let with_metadata =
        schema.as_ref().clone().with_metadata([("k".to_owned(), "v".to_owned())].into());
    let with_metadata = Arc::new(with_metadata);
    let mut builder = BlockBuilder::new(Arc::clone(&with_metadata), 1_000);
    assert_eq!(builder.push(no_columns(1)).unwrap_err().kind(), ErrorKind::Internal);
    builder.push(numbers(0..3)).unwrap();
    assert_eq!(builder.finish().unwrap().into_batch().unwrap().schema(), with_metadata);
}

#[test]
fn a_type_without_a_wire_form_is_unsupported() {
    let texts: ArrayRef = Arc::new(arrow::array::LargeStringArray::from(vec!["a"]));
    let batch = RecordBatch::try_from_iter([("t", texts)]).unwrap();
    let mut builder = BlockBuilder::new(batch.schema(), 1_000);
    assert_eq!(builder.push(batch).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn many_columns_of_small_batches_are_concatenated() {
    const COLUMNS: usize = 500;
    let column: ArrayRef = Arc::new(Int8Array::from(vec![7]));
    let one =
        RecordBatch::try_from_iter((0..COLUMNS).map(|at| (format!("c{at}"), Arc::clone(&column))))
            .unwrap();
    let mut builder = BlockBuilder::new(one.schema(), 16_000_000);
    let mut most = 0;
    for _ in 0..10_000 {
        assert!(builder.push(one.clone()).unwrap().is_empty());
        most = most.max(builder.pending.len() * COLUMNS);
    }
    assert!(
        most <= MAX_SMALL_COLUMNS + 16_000_000 / COLUMN_OVERHEAD,
        "{most} columns were pending"
    );
    assert_eq!(builder.finish().unwrap().into_batch().unwrap().num_rows(), 10_000);
}
