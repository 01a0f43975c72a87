//! Inline responses, encoded and decoded.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int64Array, StringArray},
    record_batch::RecordBatch,
};
use athena_protocol::{Response, SerdeVersion, message::ReadRecordsResponse};

use super::exclusive;

#[test]
fn an_inline_response_is_encoded_once_as_bytes_and_once_as_text() {
    let _exclusive = exclusive();
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
    let written = written.total_bytes;
    let allocated = allocated.total_bytes;
    let len = text.len() as u64;
    println!(
        "allocations: {written} bytes to encode {len} bytes of text, {allocated} to decode them"
    );
    // Base64 encodes three bytes in four.
    assert!(written < len * 15 / 8, "{written} bytes are allocated to encode");
    assert!(allocated < len * 7 / 8, "{allocated} bytes are allocated to decode");
}
