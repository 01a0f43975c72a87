//! The metadata of a record batch message, table by table (sections 4.4 and 4.8 of the protocol).
//!
//! A record batch always has the same tables with the same members, so that they can be written in
//! place instead of through a builder of `FlatBuffers`. What this buys: the length is known from
//! two counts, without building anything, and the bytes are those of the Java SDK.

use arrow::ipc::MetadataVersion;

use super::frame::Framing;

/// How many values an array has, and how many of them are null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) len: u64,
    pub(super) null_count: u64,
}

/// The bytes from the first to the length of the buffers' vector, with zeros for what varies.
///
/// Numbers are positions. A table begins with the distance back to its vtable; a vtable is its own
/// length, the length of the table, and where in the table each member is.
#[rustfmt::skip]
const TABLES: [u8; BUFFERS] = [
    /*  0 */ 20, 0, 0, 0, /* the message is at 20 */ 0, 0, 0, 0,
    /*  8 */ 12, 0, 22, 0, /* version */ 14, 0, /* header type */ 21, 0, /* header */ 16, 0, /* body length */ 4, 0,
    /* 20 */ 12, 0, 0, 0, /* body length */ 0, 0, 0, 0, 0, 0, 0, 0,
    /* 32 */ 0, 0, /* version */ 0, 0, /* header: 36 + 16 */ 16, 0, 0, 0, 0, /* header type: RecordBatch */ 3,
    /* 42 */ 10, 0, 24, 0, /* length */ 12, 0, /* nodes */ 8, 0, /* buffers */ 4, 0,
    /* 52 */ 10, 0, 0, 0, /* buffers: 56 + 20 */ 20, 0, 0, 0, /* nodes */ 0, 0, 0, 0, /* length */ 0, 0, 0, 0, 0, 0, 0, 0,
    /* 72 */ 0, 0, 0, 0, /* how many buffers */ 0, 0, 0, 0,
];

const BODY_LENGTH: usize = 24;
const VERSION: usize = 34;
const NODES_OFFSET: usize = 60;
const LENGTH: usize = 64;
const BUFFERS_COUNT: usize = 76;
const BUFFERS: usize = 80;

/// Both a node and a buffer are two integers.
const ENTRY_LEN: usize = 16;
/// Padding, and how many nodes there are.
const NODES_HEAD_LEN: usize = 8;

/// How long the metadata of a batch of so many arrays and buffers is.
pub(super) fn len(nodes: usize, buffers: usize) -> usize {
    BUFFERS + ENTRY_LEN * buffers + NODES_HEAD_LEN + ENTRY_LEN * nodes
}

/// Appends the metadata of a batch.
///
/// `buffers` are the offset in the body and the length of each.
pub(super) fn write(
    framing: Framing,
    rows: u64,
    nodes: &[Node],
    buffers: &[[u64; 2]],
    body_len: u64,
    out: &mut Vec<u8>,
) {
    let MetadataVersion(version) = framing.metadata_version();
    let nodes_at = BUFFERS + ENTRY_LEN * buffers.len() + NODES_HEAD_LEN - size_of::<u32>();
    let mut tables = TABLES;
    let mut put = |at: usize, bytes: &[u8]| tables[at..at + bytes.len()].copy_from_slice(bytes);
    put(BODY_LENGTH, &body_len.to_le_bytes());
    put(VERSION, &version.to_le_bytes());
    put(NODES_OFFSET, &word(nodes_at - NODES_OFFSET));
    put(LENGTH, &rows.to_le_bytes());
    put(BUFFERS_COUNT, &word(buffers.len()));
    out.extend_from_slice(&tables);
    for [offset, len] in buffers {
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(&len.to_le_bytes());
    }
    out.extend_from_slice(&word(0));
    out.extend_from_slice(&word(nodes.len()));
    for node in nodes {
        out.extend_from_slice(&node.len.to_le_bytes());
        out.extend_from_slice(&node.null_count.to_le_bytes());
    }
}

fn word(count: usize) -> [u8; 4] {
    u32::try_from(count).expect("a batch has fewer than 2^28 buffers").to_le_bytes()
}
