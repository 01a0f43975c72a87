//! Blocks are never over the limit, as full as they can be, and have the rows in order.

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

/// All blocks of `batches`, each as one batch.
fn cut(schema: &SchemaRef, max_bytes: usize, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
    cut_in_pieces(schema, max_bytes, batches)?.into_iter().map(Block::into_batch).collect()
}

/// All blocks of `batches`.
fn cut_in_pieces(
    schema: &SchemaRef,
    max_bytes: usize,
    batches: &[RecordBatch],
) -> Result<Vec<Block>> {
    let mut cutter = BlockBuilder::new(Arc::clone(schema), max_bytes);
    let mut blocks = Vec::new();
    for batch in batches {
        blocks.extend(cutter.push(batch.clone())?);
        let pending = cutter.pending_len();
        assert!(pending <= max_bytes, "{pending} bytes wait for a block of {max_bytes}");
    }
    let pending = cutter.pending_len();
    let last = cutter.finish();
    assert_eq!(last.as_ref().map_or(0, |block| block.encoded_len(Framing::Legacy)), pending);
    blocks.extend(last);
    for block in &blocks {
        let mut bytes = Vec::new();
        block.encode(&mut bytes).unwrap();
        assert_eq!(bytes.len(), block.encoded_len(Framing::Legacy));
    }
    Ok(blocks)
}

/// What must hold of all blocks of `batches`.
fn check(schema: &SchemaRef, max_bytes: usize, batches: &[RecordBatch], blocks: &[RecordBatch]) {
    let rows = concat_batches(schema, batches).unwrap();
    let mut start = 0;
    for block in blocks {
        let (bytes, end) = (size(block), start + block.num_rows());
        assert!(block.num_rows() > 0, "block without rows");
        assert!(bytes <= max_bytes, "block of {bytes} bytes, at most {max_bytes} wanted");
        assert_eq!(*block, rows.slice(start, block.num_rows()), "rows from {start}");
        if end < rows.num_rows() {
            let more = size(&rows.slice(start, block.num_rows() + 1));
            assert!(
                more > max_bytes,
                "block of {bytes} bytes, though {more} are no more than {max_bytes}"
            );
        }
        start = end;
    }
    assert_eq!(start, rows.num_rows());
}

#[test]
fn no_block_is_over_the_limit_nor_a_row_short_of_it() {
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
        let blocks = cut(&schema, max_bytes, &batches).unwrap();
        check(&schema, max_bytes, &batches, &blocks);
    }
}

#[test]
fn blocks_of_small_rows_are_nearly_full() {
    for rows in [1, 8, 1_000, 40_000] {
        let batches: Vec<_> =
            (0..40_000 / rows).map(|index| numbers(index * rows..(index + 1) * rows)).collect();
        let max_bytes = 8_000;
        let blocks = cut(&batches[0].schema(), max_bytes, &batches).unwrap();
        check(&batches[0].schema(), max_bytes, &batches, &blocks);
        let (_, full) = blocks.split_last().unwrap();
        assert!(full.len() > 30, "batches of {rows} rows");
        let percent = full.iter().map(size).sum::<usize>() * 100 / (full.len() * max_bytes);
        assert!(percent >= 99, "blocks of batches of {rows} rows are full to {percent} %");
    }
}

#[test]
fn one_row_over_the_limit_is_an_error_with_its_size() {
    let texts = StringArray::from(vec!["a", "b", &"x".repeat(5_000), "c"]);
    let batch = RecordBatch::try_from_iter([("t", Arc::new(texts) as ArrayRef)]).unwrap();
    let row = size(&batch.slice(2, 1));
    let cut_at = |max_bytes| cut(&batch.schema(), max_bytes, std::slice::from_ref(&batch));
    let error = cut_at(row - 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    for number in [row, row - 1] {
        assert!(error.message().contains(&number.to_string()), "{number} is not in {error}");
    }
    // A limit that the row just keeps gives it a block of its own.
    assert_eq!(
        cut_at(row).unwrap().iter().map(RecordBatch::num_rows).collect::<Vec<_>>(),
        [2, 1, 1]
    );
    assert_eq!(cut_at(0).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn one_batch_that_fits_comes_back_as_it_is() {
    let batch = numbers(0..1_000);
    let mut cutter = BlockBuilder::new(batch.schema(), size(&batch));
    assert_eq!(cutter.pending_len(), 0);
    assert!(cutter.push(batch.clone()).unwrap().is_empty());
    assert_eq!(cutter.pending_len(), size(&batch));
    let last = cutter.finish().unwrap().into_batch().unwrap();
    assert!(Arc::ptr_eq(last.column(0), batch.column(0)));
}

#[test]
fn nothing_gives_nothing() {
    let mut cutter = BlockBuilder::new(numbers(0..0).schema(), 1_000);
    assert!(cutter.push(numbers(0..0)).unwrap().is_empty());
    assert!(cutter.finish().is_none());
}

/// Where the values of the only column lie in memory.
fn place(batch: &RecordBatch) -> usize {
    batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().values().as_ptr().addr()
}

#[test]
fn blocks_of_one_batch_are_slices_of_it() {
    let batch = numbers(0..100_000);
    let mut cutter = BlockBuilder::new(batch.schema(), 100_000);
    let blocks = cutter.push(batch.clone()).unwrap();
    assert_eq!(blocks.len(), 8);
    let mut start = place(&batch);
    for block in blocks {
        let block = block.into_batch().unwrap();
        assert_eq!(place(&block), start);
        start += block.num_rows() * size_of::<i64>();
    }
}

#[test]
fn blocks_of_several_batches_are_pieces_of_them() {
    let batches: Vec<_> = (0..8).map(|n| numbers(n * 10_000..(n + 1) * 10_000)).collect();
    let blocks = cut_in_pieces(&batches[0].schema(), 100_000, &batches).unwrap();
    assert_eq!(blocks.len(), 7);
    let lies_in = |piece: &RecordBatch, batch: &RecordBatch| {
        (place(batch)..place(batch) + 10_000 * size_of::<i64>()).contains(&place(piece))
    };
    let pieces: Vec<_> = blocks.iter().flat_map(Block::batches).collect();
    // The cuts make seven more, and the rests of less than half a batch are copies.
    assert_eq!(pieces.len(), 8 + 6);
    let of_batches =
        pieces.iter().filter(|piece| batches.iter().any(|batch| lies_in(piece, batch))).count();
    assert!(of_batches >= 11, "{of_batches} of {} pieces are slices", pieces.len());
}

#[test]
fn the_rest_of_a_large_batch_does_not_keep_all_of_it() {
    let batch = numbers(0..100_000);
    let values = Arc::downgrade(batch.column(0));
    let place = place(&batch)..place(&batch) + 100_000 * size_of::<i64>();
    let mut cutter = BlockBuilder::new(batch.schema(), 100_000);
    drop(cutter.push(batch).unwrap());
    assert!(values.upgrade().is_none());
    assert!(cutter.pending_len() > 0);
    let rest = cutter.finish().unwrap().into_batch().unwrap();
    assert!(!place.contains(&self::place(&rest)));
    assert!(rest.get_array_memory_size() < 100_000);
}

#[test]
fn rows_without_columns_are_counted_and_limited_as_peers_count() {
    let schema = no_columns(0).schema();
    let blocks = cut(&schema, 1_000, &[no_columns(3), no_columns(0), no_columns(4)]).unwrap();
    assert_eq!(blocks.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [7]);
    let blocks =
        cut(&schema, 1_000, &[no_columns(MAX_BLOCK - 1), no_columns(MAX_BLOCK), no_columns(7)])
            .unwrap();
    let rows: Vec<_> = blocks.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(rows, [MAX_BLOCK, MAX_BLOCK, 6]);
}

#[test]
fn a_batch_of_another_schema_is_refused_and_other_metadata_is_replaced() {
    let schema = numbers(0..0).schema();
    let with_metadata =
        schema.as_ref().clone().with_metadata([("k".to_owned(), "v".to_owned())].into());
    let with_metadata = Arc::new(with_metadata);
    let mut cutter = BlockBuilder::new(Arc::clone(&with_metadata), 1_000);
    assert_eq!(cutter.push(no_columns(1)).unwrap_err().kind(), ErrorKind::Internal);
    cutter.push(numbers(0..3)).unwrap();
    assert_eq!(cutter.finish().unwrap().into_batch().unwrap().schema(), with_metadata);
}

#[test]
fn a_type_without_a_wire_form_is_unsupported() {
    let texts: ArrayRef = Arc::new(arrow::array::LargeStringArray::from(vec!["a"]));
    let batch = RecordBatch::try_from_iter([("t", texts)]).unwrap();
    let mut cutter = BlockBuilder::new(batch.schema(), 1_000);
    assert_eq!(cutter.push(batch).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn many_columns_of_small_batches_wait_as_few_pieces() {
    const COLUMNS: usize = 500;
    let column: ArrayRef = Arc::new(Int8Array::from(vec![7]));
    let one =
        RecordBatch::try_from_iter((0..COLUMNS).map(|at| (format!("c{at}"), Arc::clone(&column))))
            .unwrap();
    let mut cutter = BlockBuilder::new(one.schema(), 16_000_000);
    let mut most = 0;
    for _ in 0..10_000 {
        assert!(cutter.push(one.clone()).unwrap().is_empty());
        most = most.max(cutter.pending.len() * COLUMNS);
    }
    assert!(most <= MAX_SMALL_COLUMNS + 16_000_000 / COLUMN, "{most} columns waited");
    assert_eq!(cutter.finish().unwrap().into_batch().unwrap().num_rows(), 10_000);
}
