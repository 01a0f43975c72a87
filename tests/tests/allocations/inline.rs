//! An inline answer, written and read.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, StringArray},
    record_batch::RecordBatch,
};
use athena_protocol::{Response, SerdeVersion, message::ReadRecordsResponse};

use super::alone;

#[test]
fn an_inline_answer_is_written_once_as_bytes_and_once_as_text() {
    let _alone = alone();
    let texts = StringArray::from_iter_values(
        (0..80_000).map(|n| format!("the text of row number {n:>16}")),
    );
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..80_000));
    let records = RecordBatch::try_from_iter([("n", numbers), ("t", Arc::new(texts))]).unwrap();
    let answer =
        Response::ReadRecords(ReadRecordsResponse { catalog_name: "bench".to_owned(), records });

    let profiler = dhat::Profiler::builder().testing().build();
    let text = answer.encode(SerdeVersion::V6).unwrap();
    let written = dhat::HeapStats::get();
    drop(profiler);
    let _profiler = dhat::Profiler::builder().testing().build();
    let read = Response::decode(&text).unwrap();
    let allocated = dhat::HeapStats::get();

    assert_eq!(read, answer);
    let (written, allocated, len) = (written.total_bytes, allocated.total_bytes, text.len() as u64);
    println!("allocations: {written} bytes to write {len} of text, {allocated} to read them");
    // Three bytes make four of text.
    assert!(written < len * 15 / 8, "{written} bytes were allocated to write");
    assert!(allocated < len * 7 / 8, "{allocated} bytes were allocated to read");
}
