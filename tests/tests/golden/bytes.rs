//! Blocks are encoded byte for byte as by Java.

use arrow::record_batch::RecordBatch;
use athena_protocol::block::{Framing, decode_batch, decode_schema, encode_batch};
use athena_tests::golden::Golden;
use serde_json::Value;

use super::{file, text};

/// Checks that encoding a decoded batch returns the original bytes.
pub(crate) fn same_bytes(
    bytes: &[u8],
    batch: &RecordBatch,
    framing: Framing,
) -> Result<(), String> {
    let mut written = Vec::new();
    encode_batch(batch, framing, &mut written).map_err(text)?;
    match written.iter().zip(bytes).position(|(ours, theirs)| ours != theirs) {
        None if written.len() == bytes.len() => Ok(()),
        None => {
            Err(format!("a batch is encoded in {} bytes, expected {}", written.len(), bytes.len()))
        }
        Some(at) => Err(format!(
            "byte {at} of a batch is encoded as {}, expected {}",
            written[at], bytes[at]
        )),
    }
}

/// Cases in which Java leaves bits of dropped rows after the last row in a bitmap.
const DIRTY_BITMAPS: [&str; 1] = ["v6.exchange.read-filtered"];

#[test]
fn blocks_are_encoded_byte_for_byte_as_by_java() {
    let golden = Golden::open().unwrap();
    let mut failures = Vec::new();
    let mut count = 0;
    for case in &golden.cases {
        // The connector responds in the version in which it decoded the request, which may be
        // newer than that of the request.
        let version = case.members["resolvedVersion"].as_i64().or(case.serde);
        let framing = match (case.kind.as_str(), version) {
            ("request" | "response" | "exchange", Some(2)) => Framing::Legacy,
            ("request" | "response" | "exchange", Some(3..))
                if !DIRTY_BITMAPS.contains(&case.id.as_str()) =>
            {
                Framing::Modern
            }
            _ => continue,
        };
        let document: Value =
            serde_json::from_slice(&file(&golden, &case.members, "file").unwrap()).unwrap();
        let mut blocks = Vec::new();
        collect_blocks(&document, &mut blocks);
        for (schema, records) in blocks {
            let schema = decode_schema(&schema).unwrap();
            let batch = decode_batch(&records, &schema).unwrap();
            count += 1;
            if let Err(failure) = same_bytes(&records, &batch, framing) {
                failures.push(format!("{}: {failure}", case.id));
            }
        }
    }
    println!("{}", failures.join("\n"));
    println!("golden: {count} blocks, {} encoded identically", count - failures.len());
    assert!(count > 100 && failures.is_empty(), "{} of {count} blocks differ", failures.len());
}

/// Collects the schema and the records of every block with rows in a document.
fn collect_blocks(value: &Value, blocks: &mut Vec<(Vec<u8>, Vec<u8>)>) {
    match value {
        Value::Object(members) => {
            let bytes = |name: &str| {
                members
                    .get(name)?
                    .as_str()
                    .and_then(|text| base64_simd::STANDARD.decode_to_vec(text).ok())
            };
            match (bytes("schema"), bytes("records")) {
                (Some(schema), Some(records)) if !records.is_empty() => {
                    blocks.push((schema, records));
                }
                _ => members.values().for_each(|member| collect_blocks(member, blocks)),
            }
        }
        Value::Array(elements) => {
            for element in elements {
                collect_blocks(element, blocks);
            }
        }
        _ => {}
    }
}
