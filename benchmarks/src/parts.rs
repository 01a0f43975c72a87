//! What the steps of an answer cost by themselves, on one core, beside what does nothing but the
//! least.

use std::hint::black_box;

use arrow::record_batch::RecordBatch;
use athena_connector_bench::BenchTable;
use athena_protocol::{
    Response, SerdeVersion,
    block::{Framing, encode_batch, encoded_len},
    message::ReadRecordsResponse,
};
use bytes::Bytes;
use serde_json::value::RawValue;

use crate::{
    limit::{encrypt, serialise},
    process::of_thread,
    report::{ONE_CORE, Report, Unit},
    sample::Sample,
};

/// Rows of `wide16` in a block of 16,000,000 bytes, about.
pub(crate) const BLOCK_ROWS: u64 = 84_500;
/// The same in an inline answer at Lambda's limit.
const INLINE_ROWS: u64 = 23_000;

pub(crate) fn measure(rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    let block = BenchTable::Wide16.batch(0..BLOCK_ROWS)?;
    let len = encoded_len(&block, Framing::Legacy)?;
    let mut memory = Vec::with_capacity(2 * len);
    let mut add = |part: &str,
                   bytes: usize,
                   work: &mut dyn FnMut() -> anyhow::Result<()>|
     -> anyhow::Result<()> {
        let mut sample = Sample::default();
        for round in 0..=rounds {
            let (done, used) = of_thread(|| (0..8).try_for_each(|_| work()));
            done?;
            if round > 0 {
                #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
                sample.push((8 * bytes) as f64 / 1e6 / used.as_secs_f64());
            }
        }
        report.add(
            &format!("parts: {part}"),
            "MB / CPU second",
            ONE_CORE,
            Unit::MegabytesASecond,
            sample,
        );
        Ok(())
    };

    let source = vec![7_u8; len];
    add("memcpy of a block", len, &mut || {
        memory.clear();
        memory.extend_from_slice(black_box(&source));
        Ok(())
    })?;
    add("serialise a block, arrow-ipc", len, &mut || serialise(black_box(&block), &mut memory))?;
    add("serialise a block, ours", len, &mut || {
        memory.clear();
        Ok(encode_batch(black_box(&block), Framing::Legacy, &mut memory)?)
    })?;
    add("encrypt a block", len, &mut || encrypt(black_box(&mut memory)))?;

    let inline = BenchTable::Wide16.batch(0..INLINE_ROWS)?;
    let len = encoded_len(&inline, Framing::Modern)?;
    let plain = vec![7_u8; len];
    let answer = answer(inline);
    let encoded: Bytes = answer.encode(SerdeVersion::V6)?.into();
    let mut text = String::with_capacity(2 * len);
    add("inline answer: memcpy and base64", len, &mut || {
        memory.clear();
        memory.extend_from_slice(black_box(&plain));
        text.clear();
        base64_simd::STANDARD.encode_append(&memory, &mut text);
        Ok(())
    })?;
    add("inline answer: written", len, &mut || {
        black_box(answer.encode(SerdeVersion::V6)?);
        Ok(())
    })?;
    // The crate of Lambda's runtime takes a JSON value, which is looked over, and copies it.
    add("inline answer: written for the runtime", len, &mut || {
        let answer = RawValue::from_string(String::from_utf8(answer.encode(SerdeVersion::V6)?)?)?;
        black_box(serde_json::to_vec(&answer)?);
        Ok(())
    })?;
    let text = base64_simd::STANDARD.encode_to_string(&plain);
    add("inline answer: base64 and memcpy, back", len, &mut || {
        let bytes = base64_simd::STANDARD.decode_to_vec(black_box(&text))?;
        memory.clear();
        memory.extend_from_slice(&bytes);
        Ok(())
    })?;
    add("inline answer: read", len, &mut || {
        black_box(Response::decode(black_box(&encoded))?);
        Ok(())
    })?;
    Ok(())
}

fn answer(records: RecordBatch) -> Response {
    Response::ReadRecords(ReadRecordsResponse { catalog_name: "bench".to_owned(), records })
}
