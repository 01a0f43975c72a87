//! Round trips through this crate's and Arrow's readers.

use std::{io::Cursor, sync::Arc};

use arrow::{
    array::{
        ArrayRef, AsArray, Int32Array, LargeStringArray, ListArray, StringArray, StructArray,
        new_empty_array,
    },
    buffer::Buffer,
    datatypes::{DataType, Field, Int32Type, Schema, SchemaRef},
    ipc::reader::StreamReader,
    record_batch::RecordBatch,
};

use super::samples::{batches, no_columns};
use crate::{
    ErrorKind,
    block::{
        BlockLen, Framing, decode_batch, decode_batch_from, decode_schema, encode_batch,
        encode_batches, encode_schema, encoded_len,
    },
};

const FRAMINGS: [Framing; 2] = [Framing::Legacy, Framing::Modern];

fn encode(batch: &RecordBatch, framing: Framing) -> Vec<u8> {
    let mut out = Vec::new();
    encode_batch(batch, framing, &mut out).unwrap();
    out
}

#[test]
fn every_type_in_every_state_round_trips() {
    for (name, batch) in batches() {
        for framing in FRAMINGS {
            let schema = decode_schema(&encode_schema(&batch.schema(), framing).unwrap()).unwrap();
            assert_eq!(schema, batch.schema(), "{name}");
            assert_eq!(
                decode_batch(&encode(&batch, framing), &schema).unwrap(),
                batch,
                "{name} {framing:?}"
            );
        }
    }
}

#[test]
fn the_encoded_length_is_exact() {
    for (name, batch) in batches() {
        for framing in FRAMINGS {
            let len = encoded_len(&batch, framing).unwrap();
            assert_eq!(encode(&batch, framing).len(), len, "{name} {framing:?}");
            assert_eq!(len % 8, 0, "{name} {framing:?}");
        }
    }
}

#[test]
fn arrows_stream_reader_agrees() {
    for (name, batch) in batches() {
        for framing in FRAMINGS {
            let mut stream = encode_schema(&batch.schema(), framing).unwrap();
            encode_batch(&batch, framing, &mut stream).unwrap();
            let mut reader = StreamReader::try_new(Cursor::new(stream), None).unwrap();
            assert_eq!(reader.next().unwrap().unwrap(), batch, "{name} {framing:?}");
            assert!(reader.next().is_none());
        }
    }
}

#[test]
fn a_slice_is_encoded_like_its_copy() {
    for (name, batch) in batches().into_iter().filter(|(name, _)| name.ends_with("all")) {
        let slice = batch.slice(3, 11);
        let indices = Int32Array::from_iter_values(3..14);
        let copied = batch
            .columns()
            .iter()
            .map(|column| arrow::compute::take(column, &indices, None).unwrap())
            .collect();
        let copied = RecordBatch::try_new(batch.schema(), copied).unwrap();
        assert_eq!(encode(&slice, Framing::Modern), encode(&copied, Framing::Modern), "{name}");
    }
}

#[test]
fn blocks_decode_at_any_address() {
    for (name, batch) in batches() {
        let message = encode(&batch, Framing::Legacy);
        for shift in 1..8 {
            let shifted = [vec![0; shift], message.clone()].concat();
            assert_eq!(decode_batch(&shifted[shift..], &batch.schema()).unwrap(), batch, "{name}");
            let shared = Buffer::from_vec(shifted).slice(shift);
            assert_eq!(decode_batch_from(&shared, &batch.schema()).unwrap(), batch, "{name}");
        }
    }
}

#[test]
fn a_shared_message_is_not_copied() {
    let batch = RecordBatch::try_from_iter([(
        "n",
        Arc::new(Int32Array::from_iter_values(0..100)) as ArrayRef,
    )])
    .unwrap();
    let message = Buffer::from_vec(encode(&batch, Framing::Modern));
    let read = decode_batch_from(&message, &batch.schema()).unwrap();
    let values = read.column(0).as_primitive::<Int32Type>().values().inner().as_ptr();
    assert!(message.as_slice().as_ptr_range().contains(&values));
}

#[test]
fn framings_differ_in_prefix_and_metadata_version() {
    let (_, batch) = &batches()[10];
    let [legacy, modern] = FRAMINGS.map(|framing| encode(batch, framing));
    assert_eq!(modern[..4], [0xFF; 4]);
    assert_eq!(i32::from_le_bytes(legacy[..4].try_into().unwrap()) % 8, 4);
    assert_eq!(i32::from_le_bytes(modern[4..8].try_into().unwrap()) % 8, 0);
    let version = |metadata: &[u8]| arrow::ipc::root_as_message(metadata).unwrap().version().0;
    assert_eq!((version(&legacy[4..]), version(&modern[8..])), (3, 4));
}

#[test]
fn rows_without_columns_are_counted_and_have_a_body() {
    let message = encode(&no_columns(1_000_000), Framing::Modern);
    assert_eq!(message[message.len() - 8..], [0; 8]);
    assert_eq!(arrow::ipc::root_as_message(&message[8..]).unwrap().bodyLength(), 8);
    assert_eq!(decode_batch(&message, &Arc::new(Schema::empty())).unwrap().num_rows(), 1_000_000);
}

#[test]
fn empty_bytes_decode_to_no_rows() {
    for (name, batch) in batches() {
        let read = decode_batch(&[], &batch.schema()).unwrap();
        assert_eq!((read.num_rows(), read.schema()), (0, batch.schema()), "{name}");
    }
}

#[test]
fn bytes_after_the_body_are_ignored() {
    for (name, batch) in batches() {
        let mut message = encode(&batch, Framing::Legacy);
        message.extend_from_slice(&[0xAB; 13]);
        assert_eq!(decode_batch(&message, &batch.schema()).unwrap(), batch, "{name}");
    }
}

#[test]
fn metadata_of_schemas_and_fields_round_trips() {
    let field = Field::new("c", DataType::Date64, false)
        .with_metadata([("unit".to_owned(), "ms".to_owned())].into());
    let metadata =
        [("c".to_owned(), "a comment".to_owned()), (String::new(), String::new())].into();
    let schema: SchemaRef = Arc::new(Schema::new_with_metadata(vec![field], metadata));
    for framing in FRAMINGS {
        assert_eq!(decode_schema(&encode_schema(&schema, framing).unwrap()).unwrap(), schema);
    }
}

#[test]
fn errors_of_types_without_a_wire_form_name_the_path_of_the_column() {
    let large = Field::new("large", DataType::LargeUtf8, true);
    let list = Field::new(
        "list",
        DataType::List(Arc::new(Field::new("", DataType::Struct(vec![large].into()), true))),
        true,
    );
    let schema = Arc::new(Schema::new(vec![list.clone()]));
    let error = encode_schema(&schema, Framing::Modern).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("list.[].large"), "{error}");
    let batch = RecordBatch::try_new(schema, vec![new_empty_array(list.data_type())]).unwrap();
    let mut out = vec![1, 2, 3];
    assert_eq!(
        encode_batch(&batch, Framing::Modern, &mut out).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    assert_eq!(encoded_len(&batch, Framing::Modern).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(out, [1, 2, 3]);
}

#[test]
fn each_family_of_types_that_peers_lack_is_rejected() {
    let text = LargeStringArray::from(vec!["x"]);
    let unsupported = [
        DataType::Utf8View,
        DataType::LargeBinary,
        DataType::Decimal256(50, 2),
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        DataType::LargeList(Arc::new(Field::new("", DataType::Int8, true))),
        DataType::Duration(arrow::datatypes::TimeUnit::Second),
    ];
    for data_type in unsupported {
        let schema = Arc::new(Schema::new(vec![Field::new("c", data_type.clone(), true)]));
        let error = encode_schema(&schema, Framing::Legacy).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{data_type}");
    }
    let batch = RecordBatch::try_from_iter([("t", Arc::new(text) as ArrayRef)]).unwrap();
    assert!(encode_batch(&batch, Framing::Legacy, &mut Vec::new()).is_err());
}

#[test]
fn maps_that_peers_cannot_read_are_rejected() {
    let map = |key_nullable, entries_nullable| {
        let pair = vec![
            Field::new("key", DataType::Utf8, key_nullable),
            Field::new("value", DataType::Utf8, true),
        ];
        let entries = Field::new("entries", DataType::Struct(pair.into()), entries_nullable);
        Arc::new(Schema::new(vec![Field::new("m", DataType::Map(Arc::new(entries), false), true)]))
    };
    assert!(encode_schema(&map(false, false), Framing::Modern).is_ok());
    assert_eq!(
        encode_schema(&map(true, false), Framing::Modern).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    assert_eq!(
        encode_schema(&map(false, true), Framing::Modern).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn children_of_null_structs_and_gaps_between_lists_are_preserved() {
    // The list at index 1 is null, yet its offsets cover elements.
    let list = ListArray::new(
        Arc::new(Field::new("", DataType::Int32, true)),
        arrow::buffer::OffsetBuffer::new(vec![2, 3, 5, 6].into()),
        Arc::new(Int32Array::from_iter_values(0..9)),
        Some(vec![true, false, true].into()),
    );
    let text = StringArray::from(vec![Some("a"), Some("masked"), None]);
    let structure = StructArray::new(
        vec![Field::new("t", DataType::Utf8, true)].into(),
        vec![Arc::new(text)],
        Some(vec![true, false, true].into()),
    );
    let columns = [("l", Arc::new(list) as ArrayRef), ("s", Arc::new(structure) as ArrayRef)];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    for slice in [batch.clone(), batch.slice(1, 2)] {
        let message = encode(&slice, Framing::Modern);
        assert_eq!(message.len(), encoded_len(&slice, Framing::Modern).unwrap());
        assert_eq!(decode_batch(&message, &slice.schema()).unwrap(), slice);
    }
}

#[test]
fn several_batches_are_encoded_like_their_concatenation() {
    for (name, whole) in batches() {
        let rows = whole.num_rows();
        let cuts = [(0, 0), (1, 1), (1, 2), (3, 3), (rows / 2, rows - rows / 3), (rows, rows)];
        for (first, second) in cuts.into_iter().filter(|&(_, second)| second <= rows) {
            let pieces = [
                whole.slice(0, first),
                whole.slice(first, second - first),
                whole.slice(second, rows - second),
            ];
            for framing in FRAMINGS {
                let mut written = Vec::new();
                encode_batches(&pieces, framing, &mut written).unwrap();
                assert_eq!(written, encode(&whole, framing), "{name} cut at {first} and {second}");
                let len = pieces.iter().fold(BlockLen::default(), |len, piece| {
                    len.plus(piece, piece.num_rows()).unwrap()
                });
                assert_eq!((len.bytes(framing), len.rows()), (written.len(), rows), "{name}");
            }
        }
    }
}

#[test]
fn batches_with_different_columns_do_not_form_a_block() {
    let numbers = || Arc::new(Int32Array::from(vec![1])) as ArrayRef;
    let text = || Arc::new(StringArray::from(vec!["a"])) as ArrayRef;
    let one = RecordBatch::try_from_iter([("a", numbers())]).unwrap();
    let other = RecordBatch::try_from_iter([("a", text())]).unwrap();
    let two = RecordBatch::try_from_iter([("a", numbers()), ("b", numbers())]).unwrap();
    for batches in [vec![], vec![one.clone(), other], vec![one, two]] {
        let mut out = Vec::new();
        assert_eq!(
            encode_batches(&batches, Framing::Legacy, &mut out).unwrap_err().kind(),
            ErrorKind::Internal
        );
        assert!(out.is_empty());
    }
}
