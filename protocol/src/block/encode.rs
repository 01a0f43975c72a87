//! Record batch messages, written (section 4.4 of the protocol).

use arrow::record_batch::RecordBatch;

use super::{
    frame::{ALIGNMENT, Framing, padded},
    layout::{Layout, Part, Range, Validity},
    metadata::{self, Node},
};
use crate::error::{Error, Result};

/// The longest body that peers read.
const MAX_BODY_LEN: usize = 0x7FFF_FFFF;

/// Appends `batch` as one record batch message to `out`, without its schema.
///
/// Every buffer of the layout is written, bitmaps of nulls too where nothing is null, each padded to 8 bytes and never
/// compressed. Of sliced arrays only the slice is written. A batch with rows but no columns has 8 zeros for a body,
/// because peers cannot read a batch without one. `out` can be kept between blocks.
///
/// # Errors
///
/// `Unsupported` for a type without a wire form, naming the column, and for a batch over 2 GiB. `out` is unchanged then.
pub fn encode_batch(batch: &RecordBatch, framing: Framing, out: &mut Vec<u8>) -> Result<()> {
    let layout = Layout::of(batch)?;
    let body_len = layout.body_len();
    if body_len > MAX_BODY_LEN {
        return Err(Error::unsupported(format!(
            "a block of {} rows has {body_len} bytes, and peers read at most {MAX_BODY_LEN}: cut it into smaller blocks",
            layout.rows
        )));
    }
    let metadata_len = layout.metadata_len();
    out.reserve(framing.header_len(metadata_len) + body_len);
    let nodes: Vec<_> = layout.nodes.iter().map(node).collect();
    let mut position = 0;
    let buffers: Vec<_> = layout
        .parts
        .iter()
        .map(|part| {
            let offset = position;
            position += padded(part.len());
            [integer(offset), integer(part.len())]
        })
        .collect();
    framing.write(metadata_len, out, |out| {
        metadata::write(framing, integer(layout.rows), &nodes, &buffers, integer(body_len), out);
    });
    let body = out.len();
    for part in &layout.parts {
        write_part(part, out);
        let filled = out.len() - body;
        out.resize(body + padded(filled), 0);
    }
    out.resize(body + body_len, 0);
    Ok(())
}

/// How many bytes [`encode_batch`] would append for `batch`, exactly.
///
/// Looks at no value: the cost is by column, whatever the number of rows, and the same for a slice.
///
/// # Errors
///
/// `Unsupported` for a type without a wire form, naming the column.
pub fn encoded_len(batch: &RecordBatch, framing: Framing) -> Result<usize> {
    let layout = Layout::of(batch)?;
    Ok(framing.header_len(layout.metadata_len()) + layout.body_len())
}

fn integer(value: usize) -> u64 {
    u64::try_from(value).expect("no machine has lengths of more than 64 bits")
}

fn node(validity: &Validity<'_>) -> Node {
    let Range { start, len } = validity.range;
    let null_count = match validity.nulls {
        Some(nulls) if start == 0 && len == nulls.len() => nulls.null_count(),
        Some(nulls) => nulls.slice(start, len).null_count(),
        None if validity.all_null => len,
        None => 0,
    };
    Node { len: integer(len), null_count: integer(null_count) }
}

fn write_part(part: &Part<'_>, out: &mut Vec<u8>) {
    match part {
        Part::Ones { bits } => {
            out.resize(out.len() + bits.div_ceil(8), 0xFF);
            clear_unused_bits(*bits, out);
        }
        Part::Bits(bitmap, range) => {
            let first = bitmap.offset() + range.start;
            let count = range.len.div_ceil(8);
            if first.is_multiple_of(8) {
                out.extend_from_slice(&bitmap.values()[first / 8..][..count]);
            } else {
                out.extend_from_slice(&bitmap.slice(range.start, range.len).sliced()[..count]);
            }
            clear_unused_bits(range.len, out);
        }
        Part::Bytes(bytes) => out.extend_from_slice(bytes),
        Part::Offsets(offsets) => {
            let (first, start) = (offsets[0], out.len());
            out.resize(start + part.len(), 0);
            for (slot, offset) in out[start..].chunks_exact_mut(size_of::<i32>()).zip(*offsets) {
                slot.copy_from_slice(&(offset - first).to_le_bytes());
            }
        }
    }
}

/// Clears what the last byte of `out`, the end of a bitmap of `bits` bits, has beyond them.
fn clear_unused_bits(bits: usize, out: &mut [u8]) {
    if let Some(last) = out.last_mut().filter(|_| !bits.is_multiple_of(8)) {
        *last &= (1 << (bits % 8)) - 1;
    }
}

const _: () = assert!(ALIGNMENT == 8, "the placeholder body and the metadata are laid out for 8 bytes");
