//! The metadata of a record batch message, table by table (sections 4.4 and 4.8 of the protocol).
//!
//! A record batch always has the same tables with the same members, so they are written in place
//! instead of with a `FlatBuffers` builder. The length then follows from two counts, without
//! building anything, and the bytes equal those of the Java SDK.

use arrow::ipc::MetadataVersion;

use super::frame::Framing;

/// The length and null count of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FieldNode {
    pub(super) len: u64,
    pub(super) null_count: u64,
}

/// The bytes up to and including the length of the buffers vector, with zeros for variable values.
///
/// Numbers in comments are positions. A table begins with the distance back to its vtable; a vtable
/// holds its own length, the length of the table, and the position of each member in the table.
#[rustfmt::skip]
const TABLES: [u8; BUFFERS] = [
    /*  0 */ 20, 0, 0, 0, /* the message is at 20 */ 0, 0, 0, 0,
    /*  8 */ 12, 0, 22, 0, /* version */ 14, 0, /* header type */ 21, 0,
    /* 16 */ /* header */ 16, 0, /* body length */ 4, 0,
    /* 20 */ 12, 0, 0, 0, /* body length */ 0, 0, 0, 0, 0, 0, 0, 0,
    /* 32 */ 0, 0, /* version */ 0, 0, /* header: 36 + 16 */ 16, 0, 0, 0,
    /* 40 */ 0, /* header type: RecordBatch */ 3,
    /* 42 */ 10, 0, 24, 0, /* length */ 12, 0, /* nodes */ 8, 0, /* buffers */ 4, 0,
    /* 52 */ 10, 0, 0, 0, /* buffers: 56 + 20 */ 20, 0, 0, 0, /* nodes */ 0, 0, 0, 0,
    /* 64 */ /* length */ 0, 0, 0, 0, 0, 0, 0, 0,
    /* 72 */ 0, 0, 0, 0, /* number of buffers */ 0, 0, 0, 0,
];

const BODY_LENGTH: usize = 24;
const VERSION: usize = 34;
const NODES_OFFSET: usize = 60;
const LENGTH: usize = 64;
const BUFFERS_COUNT: usize = 76;
const BUFFERS: usize = 80;

/// Length of a node or buffer entry: two integers.
const ENTRY_LEN: usize = 16;
/// Length of the padding and of the number of nodes.
const NODES_HEAD_LEN: usize = 8;

/// Returns the length in bytes of the metadata of a batch with this many arrays and buffers.
pub(super) fn len(nodes: usize, buffers: usize) -> usize {
    BUFFERS + ENTRY_LEN * buffers + NODES_HEAD_LEN + ENTRY_LEN * nodes
}

/// The variable values of the metadata of a batch.
pub(super) struct BatchMetadata<'a> {
    pub(super) rows: u64,
    pub(super) nodes: &'a [FieldNode],
    /// Offset in the body and length of each buffer.
    pub(super) buffers: &'a [[u64; 2]],
    pub(super) body_len: u64,
}

impl BatchMetadata<'_> {
    /// Appends the metadata to `out`.
    pub(super) fn write(&self, framing: Framing, out: &mut Vec<u8>) {
        let MetadataVersion(version) = framing.metadata_version();
        let nodes_at = BUFFERS + ENTRY_LEN * self.buffers.len() + NODES_HEAD_LEN - size_of::<u32>();
        let mut tables = TABLES;
        let mut put = |at: usize, bytes: &[u8]| tables[at..at + bytes.len()].copy_from_slice(bytes);
        put(BODY_LENGTH, &self.body_len.to_le_bytes());
        put(VERSION, &version.to_le_bytes());
        put(NODES_OFFSET, &word(nodes_at - NODES_OFFSET));
        put(LENGTH, &self.rows.to_le_bytes());
        put(BUFFERS_COUNT, &word(self.buffers.len()));
        out.extend_from_slice(&tables);
        for [offset, len] in self.buffers {
            out.extend_from_slice(&offset.to_le_bytes());
            out.extend_from_slice(&len.to_le_bytes());
        }
        out.extend_from_slice(&word(0));
        out.extend_from_slice(&word(self.nodes.len()));
        for node in self.nodes {
            out.extend_from_slice(&node.len.to_le_bytes());
            out.extend_from_slice(&node.null_count.to_le_bytes());
        }
    }
}

fn word(count: usize) -> [u8; 4] {
    u32::try_from(count).expect("a batch has fewer than 2^28 buffers").to_le_bytes()
}
