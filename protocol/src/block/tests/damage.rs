//! Corrupt messages are rejected: no panic, and no allocation out of proportion to the input.

use std::sync::Arc;

use arrow::{
    array::{Array, AsArray},
    datatypes::{DataType, Field, Fields, Int64Type, Schema, SchemaRef},
    ipc::{
        CompressionType,
        writer::{
            DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions, write_message,
        },
    },
};
use proptest::prelude::*;

use super::samples::{batches, no_columns};
use crate::{
    ErrorKind,
    block::{
        Framing, decode_batch, decode_schema, encode_batch, encode_schema,
        frame::padded,
        metadata::{self, BatchMetadata, FieldNode},
    },
};

/// Builds a message of `nodes` and `buffers` over `body`.
fn message(rows: u64, nodes: &[[u64; 2]], buffers: &[[u64; 2]], body: &[u8]) -> Vec<u8> {
    let nodes: Vec<_> =
        nodes.iter().map(|&[len, null_count]| FieldNode { len, null_count }).collect();
    let body_len = u64::try_from(body.len()).unwrap();
    let mut out = Vec::new();
    Framing::Modern.write(metadata::len(nodes.len(), buffers.len()), &mut out, |out| {
        BatchMetadata { rows, nodes: &nodes, buffers, body_len }.write(Framing::Modern, out);
    });
    out.extend_from_slice(body);
    out
}

fn schema(data_type: DataType) -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("c", data_type, true)]))
}

fn assert_rejected(message: &[u8], data_type: DataType) {
    let error = decode_batch(message, &schema(data_type)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
}

/// Returns a schema, its message and a record batch message with every type.
fn intact() -> (SchemaRef, Vec<u8>, Vec<u8>) {
    let (_, batch) = batches().pop().unwrap();
    let mut records = Vec::new();
    encode_batch(&batch, Framing::Modern, &mut records).unwrap();
    (batch.schema(), encode_schema(&batch.schema(), Framing::Modern).unwrap(), records)
}

#[test]
fn every_truncation_is_rejected() {
    let (schema, schema_bytes, records) = intact();
    for len in 1..records.len() {
        let error = decode_batch(&records[..len], &schema).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{len} bytes");
    }
    for len in 0..schema_bytes.len() {
        // The last bytes are padding, without which the declared length is wrong.
        assert!(decode_schema(&schema_bytes[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn no_changed_byte_makes_the_reader_panic() {
    let (schema, schema_bytes, records) = intact();
    for position in 0..records.len() {
        for value in [0, 0x7F, 0xFF] {
            let mut damaged = records.clone();
            damaged[position] = value;
            let _ = decode_batch(&damaged, &schema).map(|batch| format!("{batch:?}").len());
        }
    }
    for position in 0..schema_bytes.len() {
        for value in [0, 0x7F, 0xFF] {
            let mut damaged = schema_bytes.clone();
            damaged[position] = value;
            let _ = decode_schema(&damaged)
                .map(|schema| decode_batch(&records, &schema).map(|batch| batch.num_rows()));
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode_schema(&bytes);
        for data_type in [DataType::Utf8, DataType::new_list(DataType::Boolean, true)] {
            let _ = decode_batch(&bytes, &schema(data_type));
        }
    }

    #[test]
    fn no_changed_bytes_make_the_reader_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (schema, mut schema_bytes, mut records) = intact();
        for (position, value) in &changes {
            let len = records.len();
            records[position.index(len)] = *value;
        }
        let _ = decode_batch(&records, &schema).map(|batch| format!("{batch:?}").len());
        for (position, value) in changes {
            let len = schema_bytes.len();
            schema_bytes[position.index(len)] = value;
        }
        let _ = decode_schema(&schema_bytes);
    }

    #[test]
    fn no_counts_make_the_reader_panic(
        rows in any::<u64>(),
        nodes in proptest::collection::vec([0u64..40, 0u64..40], 0..4),
        buffers in proptest::collection::vec([0u64..80, 0u64..80], 0..7),
        body in proptest::collection::vec(0u8..4, 0..80),
    ) {
        let rows = nodes.first().map_or(rows, |[len, _]| *len);
        let body = { let mut body = body; body.resize(padded(body.len()), 0); body };
        let message = message(rows, &nodes, &buffers, &body);
        for (_, batch) in batches().into_iter().step_by(11) {
            let _ = decode_batch(&message, &batch.schema()).map(|batch| format!("{batch:?}").len());
        }
    }
}

#[test]
fn an_end_of_stream_is_not_a_message() {
    for end in [&[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0][..], &[0, 0, 0, 0]] {
        assert_eq!(decode_schema(end).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_rejected(end, DataType::Int8);
    }
}

#[test]
fn huge_lengths_are_rejected_before_anything_is_allocated() {
    for bytes in [
        &[0xFF, 0xFF, 0xFF, 0x7F, 1, 2][..],
        &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        &[0, 0, 0, 0x80],
    ] {
        assert_rejected(bytes, DataType::Int8);
        assert!(decode_schema(bytes).is_err());
    }
    let huge = 0x7FFF_FFFF;
    assert_rejected(
        &message(u64::MAX, &[[u64::MAX, 0]], &[[0, 8], [0, 8]], &[0; 8]),
        DataType::Int64,
    );
    assert_rejected(&message(huge, &[[huge, 0]], &[[0, 0], [0, 8]], &[0; 8]), DataType::Int64);
    assert_rejected(
        &message(huge, &[[huge, huge]], &[[0, 0]], &[0; 8]),
        DataType::Struct(Vec::<Field>::new().into()),
    );
    let mut claims_body = message(0, &[], &[], &[]);
    let at = claims_body.len() - 88 + 24;
    claims_body[at..at + 8].copy_from_slice(&i64::MAX.to_le_bytes());
    let error = decode_batch(&claims_body, &Arc::new(Schema::empty())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn buffers_must_lie_in_the_body() {
    for buffer in [[8, 8], [0, 16], [u64::MAX, 8], [1, u64::MAX], [u64::MAX, u64::MAX]] {
        assert_rejected(&message(1, &[[1, 0]], &[[0, 0], buffer], &[0; 8]), DataType::Int64);
    }
}

#[test]
fn arrays_and_buffers_must_match_the_schema() {
    let none = message(0, &[], &[], &[]);
    let two = message(1, &[[1, 0], [1, 0]], &[[0, 0], [0, 8], [0, 0], [0, 8]], &[0; 8]);
    assert_rejected(&none, DataType::Int64);
    assert_rejected(&two, DataType::Int64);
    assert_rejected(&message(1, &[[1, 0]], &[[0, 0], [0, 8], [0, 8]], &[0; 8]), DataType::Int64);
    assert_rejected(&message(1, &[[1, 0]], &[[0, 0]], &[0; 8]), DataType::Int64);
    assert_rejected(&message(2, &[[1, 0]], &[[0, 0], [0, 8]], &[0; 8]), DataType::Int64);
}

#[test]
fn offsets_must_be_in_order_and_in_bounds() {
    for offsets in [[1i32, 0], [-1, 0], [0, 9], [0, -1]] {
        let body = [offsets[0].to_le_bytes(), offsets[1].to_le_bytes(), [0; 4], [0; 4]].concat();
        assert_rejected(&message(1, &[[1, 0]], &[[0, 0], [0, 8], [8, 8]], &body), DataType::Utf8);
        assert_rejected(&message(1, &[[1, 0]], &[[0, 0], [0, 8], [8, 8]], &body), DataType::Binary);
        let list = DataType::new_list(DataType::Int8, true);
        assert_rejected(
            &message(1, &[[1, 0], [8, 0]], &[[0, 0], [0, 8], [0, 0], [8, 8]], &body),
            list,
        );
    }
}

#[test]
fn text_must_be_utf8() {
    let body = [0, 0, 0, 0, 2, 0, 0, 0, 0xC3, 0x28, 0, 0, 0, 0, 0, 0];
    assert_rejected(&message(1, &[[1, 0]], &[[0, 0], [0, 8], [8, 2]], &body), DataType::Utf8);
}

#[test]
fn a_validity_bitmap_outweighs_the_null_count() {
    for count in [0, 1, 2, u64::MAX] {
        let body = [vec![0b01; 8], vec![7; 16]].concat();
        let batch = decode_batch(
            &message(2, &[[2, count]], &[[0, 1], [8, 16]], &body),
            &schema(DataType::Int64),
        )
        .unwrap();
        assert_eq!((batch.column(0).is_valid(0), batch.column(0).is_valid(1)), (true, false));
    }
}

#[test]
fn a_missing_validity_bitmap_means_all_or_none() {
    let read = |count| {
        decode_batch(
            &message(2, &[[2, count]], &[[0, 0], [0, 16]], &[0; 16]),
            &schema(DataType::Int64),
        )
    };
    assert_eq!(read(0).unwrap().column(0).null_count(), 0);
    assert_eq!(read(2).unwrap().column(0).null_count(), 2);
    assert_eq!(read(1).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn offsets_of_an_empty_child_may_be_missing() {
    let strings = DataType::new_list(DataType::Utf8, true);
    let message = message(
        1,
        &[[1, 0], [0, 0]],
        &[[0, 1], [8, 8], [16, 0], [16, 0], [16, 0]],
        &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    );
    let batch = decode_batch(&message, &schema(strings)).unwrap();
    assert_eq!(batch.column(0).as_list::<i32>().value(0).len(), 0);
}

#[test]
fn children_of_a_struct_may_be_longer_than_it() {
    let point = DataType::Struct(vec![Field::new("x", DataType::Int64, true)].into());
    let body = [1i64.to_le_bytes(), 2i64.to_le_bytes()].concat();
    let of = |rows, len| message(rows, &[[rows, 0], [len, 0]], &[[0, 0], [0, 0], [0, 16]], &body);
    let batch = decode_batch(&of(1, 2), &schema(point.clone())).unwrap();
    let x = batch.column(0).as_struct().column(0);
    assert_eq!(x.as_primitive::<Int64Type>().values(), &[1]);
    assert_rejected(&of(2, 1), point);
}

#[test]
fn wide_values_may_be_unaligned() {
    let body = [vec![0; 8], 42i128.to_le_bytes().to_vec()].concat();
    for data_type in [DataType::Decimal128(20, 0), DataType::Int64] {
        let batch = decode_batch(
            &message(1, &[[1, 0]], &[[0, 0], [8, 16]], &body),
            &schema(data_type.clone()),
        )
        .unwrap();
        assert_eq!(
            arrow::util::display::array_value_to_string(batch.column(0), 0).unwrap(),
            "42",
            "{data_type}"
        );
    }
}

#[test]
fn a_schema_is_not_a_batch_nor_vice_versa() {
    let (schema, schema_bytes, records) = intact();
    assert_eq!(decode_batch(&schema_bytes, &schema).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(decode_schema(&records).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn compressed_batches_are_rejected() {
    // Arrow's writer declares a compression even if there is nothing to compress, so no codec is
    // needed.
    let options =
        IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME)).unwrap();
    let mut tracker = DictionaryTracker::new(true);
    let message = IpcDataGenerator::default()
        .encode(&no_columns(3), &mut tracker, &options, &mut IpcWriteContext::default())
        .map(|(_, message)| message)
        .unwrap();
    let mut out = Vec::new();
    write_message(&mut out, message, &IpcWriteOptions::default()).unwrap();
    let error = decode_batch(&out, &Arc::new(Schema::empty())).unwrap_err();
    assert!(error.message().contains("compressed"), "{error}");
}

#[test]
fn rows_without_columns_are_unlimited_and_values_without_bytes_are_limited() {
    assert_eq!(no_columns(0x7FFF_FFFF).num_rows(), 0x7FFF_FFFF);
    let free = [
        DataType::Null,
        DataType::Struct(Fields::empty()),
        DataType::FixedSizeBinary(0),
        DataType::new_fixed_size_list(DataType::Int8, 0, true),
    ];
    for data_type in free {
        let bytes = message(0x7FFF_FFFF, &[[0x7FFF_FFFF, 0], [0, 0]], &[[0, 0]; 3], &[0; 8]);
        let error = decode_batch(&bytes, &schema(data_type.clone())).unwrap_err();
        assert!(error.to_string().contains("take no bytes"), "{data_type}: {error}");
    }
    assert_eq!(
        decode_batch(&message(9_000, &[[9_000, 0]], &[], &[]), &schema(DataType::Null))
            .unwrap()
            .num_rows(),
        9_000
    );
}

#[test]
fn columns_that_share_buffers_are_rejected_before_they_are_read() {
    // Each column would be a megabit of the same bytes, and as many nulls when encoded again.
    let columns = 1_000;
    let body = vec![0xFF; 1 << 17];
    let fields: Vec<_> =
        (0..columns).map(|n| Field::new(format!("c{n}"), DataType::Boolean, true)).collect();
    let rows = 1 << 20;
    let len = u64::try_from(body.len()).unwrap();
    let bytes = message(
        rows,
        &vec![[rows, 0]; columns],
        &vec![[[0, 0], [0, len]]; columns].concat(),
        &body,
    );
    let error = decode_batch(&bytes, &Arc::new(Schema::new(fields))).unwrap_err();
    assert!(error.to_string().contains("overlap"), "{error}");
}
