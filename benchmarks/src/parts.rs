//! Cost of the individual steps of a response, on one core, compared with the minimal equivalent.

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
    block::{block_rows, encrypt, serialize},
    process::thread_cpu,
    report::{Figure, ONE_CORE, Report, Unit},
    sample::Sample,
};

/// Rows of `wide16` in an inline response at Lambda's size limit.
const INLINE_ROWS: u64 = 23_000;

pub(crate) fn measure(rounds: usize, report: &mut Report) -> anyhow::Result<()> {
    let block = BenchTable::Wide16.batch(0..block_rows(BenchTable::Wide16))?;
    let len = encoded_len(&block, Framing::Legacy)?;
    let mut buffer = Vec::with_capacity(2 * len);
    let mut add = |part: &str,
                   bytes: usize,
                   work: &mut dyn FnMut() -> anyhow::Result<()>|
     -> anyhow::Result<()> {
        let mut sample = Sample::default();
        for round in 0..=rounds {
            let (result, used) = thread_cpu(|| (0..8).try_for_each(|_| work()));
            result?;
            if round > 0 {
                #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
                sample.push((8 * bytes) as f64 / 1e6 / used.as_secs_f64());
            }
        }
        report.add(Figure {
            benchmark: format!("parts: {part}"),
            name: "MB / CPU second",
            side: ONE_CORE,
            unit: Unit::MegabytesPerSecond,
            sample,
        });
        Ok(())
    };

    let source = vec![7_u8; len];
    add("memcpy of a block", len, &mut || {
        buffer.clear();
        buffer.extend_from_slice(black_box(&source));
        Ok(())
    })?;
    add("serialize a block, arrow-ipc", len, &mut || serialize(black_box(&block), &mut buffer))?;
    add("serialize a block, this SDK", len, &mut || {
        buffer.clear();
        Ok(encode_batch(black_box(&block), Framing::Legacy, &mut buffer)?)
    })?;
    add("encrypt a block", len, &mut || encrypt(black_box(&mut buffer)))?;

    let inline = BenchTable::Wide16.batch(0..INLINE_ROWS)?;
    let len = encoded_len(&inline, Framing::Modern)?;
    let plain = vec![7_u8; len];
    let response = response(inline);
    let encoded: Bytes = response.encode(SerdeVersion::V6)?.into();
    let mut text = String::with_capacity(2 * len);
    add("inline response: memcpy and base64", len, &mut || {
        buffer.clear();
        buffer.extend_from_slice(black_box(&plain));
        text.clear();
        base64_simd::STANDARD.encode_append(&buffer, &mut text);
        Ok(())
    })?;
    add("inline response: encode", len, &mut || {
        black_box(response.encode(SerdeVersion::V6)?);
        Ok(())
    })?;
    // Lambda's runtime crate accepts a JSON value, which is validated, and copies it.
    add("inline response: encode for the runtime", len, &mut || {
        let response =
            RawValue::from_string(String::from_utf8(response.encode(SerdeVersion::V6)?)?)?;
        black_box(serde_json::to_vec(&response)?);
        Ok(())
    })?;
    let text = base64_simd::STANDARD.encode_to_string(&plain);
    add("inline response: base64 and memcpy, back", len, &mut || {
        let bytes = base64_simd::STANDARD.decode_to_vec(black_box(&text))?;
        buffer.clear();
        buffer.extend_from_slice(&bytes);
        Ok(())
    })?;
    add("inline response: decode", len, &mut || {
        black_box(Response::decode(black_box(&encoded))?);
        Ok(())
    })?;
    Ok(())
}

fn response(records: RecordBatch) -> Response {
    Response::ReadRecords(ReadRecordsResponse { catalog_name: "bench".to_owned(), records })
}
