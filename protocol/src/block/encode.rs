//! Record batch messages, written (section 4.4 of the protocol).

use std::slice;

use arrow::{array::BooleanBufferBuilder, buffer::BooleanBuffer, record_batch::RecordBatch};

use super::{
    frame::{ALIGNMENT, Framing, padded},
    layout::{Layout, Part, Range, Size, Validity},
    metadata::{self, Node},
};
use crate::error::{Error, Result};

/// The longest body that peers read.
const MAX_BODY_LEN: usize = 0x7FFF_FFFF;

/// Appends `batch` as one record batch message to `out`, without its schema.
///
/// Every buffer of the layout is written, bitmaps of nulls too where nothing is null, each padded
/// to 8 bytes and never compressed. Of sliced arrays only the slice is written. A batch with rows
/// but no columns has 8 zeros for a body, because peers cannot read a batch without one. `out` can
/// be kept between blocks.
///
/// # Errors
///
/// `Unsupported` for a type without a wire form, naming the column, and for a batch over 2 GiB.
/// `out` is unchanged then.
pub fn encode_batch(batch: &RecordBatch, framing: Framing, out: &mut Vec<u8>) -> Result<()> {
    encode_batches(slice::from_ref(batch), framing, out)
}

/// As [`encode_batch`], with the rows of all `batches`, which have the same columns, in one
/// message.
///
/// Writes what it would write of the batches joined, without the copy that joining takes.
///
/// # Errors
///
/// As [`encode_batch`]; `Internal` for no batches, or such with different columns.
pub fn encode_batches(batches: &[RecordBatch], framing: Framing, out: &mut Vec<u8>) -> Result<()> {
    let mut len = BlockLen::default();
    let mut layouts = Vec::with_capacity(batches.len());
    for batch in batches {
        let layout = Layout::of(batch, batch.num_rows())?;
        len.add(&layout)?;
        layouts.push(layout);
    }
    let Some(first) = layouts.first() else {
        return Err(Error::internal("a block of no batches has no columns"));
    };
    let body_len = len.body_len();
    if body_len > MAX_BODY_LEN {
        let rows = len.rows;
        return Err(Error::unsupported(format!(
            "a block of {rows} rows has {body_len} bytes, and peers read at most {MAX_BODY_LEN}: cut it into smaller blocks"
        )));
    }
    let nodes: Vec<_> = (0..first.nodes.len())
        .map(|at| node(layouts.iter().map(|layout| &layout.nodes[at])))
        .collect();
    if let Some(node) = nodes.iter().find(|node| node.len > integer(MAX_BODY_LEN)) {
        let values = node.len;
        return Err(Error::unsupported(format!(
            "a block has an array of {values} values, and peers read at most {MAX_BODY_LEN}: cut it into smaller blocks"
        )));
    }
    let metadata_len = metadata::len(nodes.len(), len.sizes.len());
    out.reserve(framing.header_len(metadata_len) + body_len);
    let mut position = 0;
    let buffers: Vec<_> = len
        .sizes
        .iter()
        .map(|size| {
            let offset = position;
            position += padded(size.len());
            [integer(offset), integer(size.len())]
        })
        .collect();
    framing.write(metadata_len, out, |out| {
        metadata::write(framing, integer(len.rows), &nodes, &buffers, integer(body_len), out);
    });
    let body = out.len();
    for (at, size) in len.sizes.iter().enumerate() {
        write_buffer(*size, layouts.iter().map(|layout| &layout.parts[at]), out);
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
    Ok(BlockLen::default().with(batch, batch.num_rows())?.bytes(framing))
}

/// How long a block of several batches is, kept while it grows.
///
/// Exactly what [`encode_batches`] appends for them, at a cost by column for each batch, whatever
/// the number of rows.
#[derive(Debug, Clone, Default)]
pub struct BlockLen {
    rows: usize,
    /// How many arrays there are; `None` before the first batch.
    nodes: Option<usize>,
    sizes: Vec<Size>,
}

impl BlockLen {
    /// Rows of all batches so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The length of the block, in bytes; 0 before the first batch.
    pub fn bytes(&self, framing: Framing) -> usize {
        let header = |nodes| framing.header_len(metadata::len(nodes, self.sizes.len()));
        self.nodes.map_or(0, |nodes| header(nodes) + self.body_len())
    }

    /// What it is if the first `rows` of `batch` come to the block.
    ///
    /// # Errors
    ///
    /// As [`encode_batches`].
    pub fn with(&self, batch: &RecordBatch, rows: usize) -> Result<Self> {
        let mut len = self.clone();
        len.add(&Layout::of(batch, rows)?)?;
        Ok(len)
    }

    fn add(&mut self, layout: &Layout<'_>) -> Result<()> {
        let different = || Error::internal("the batches of a block have different columns");
        let nodes = *self.nodes.get_or_insert_with(|| {
            self.sizes = layout.parts.iter().map(|part| part.size().none()).collect();
            layout.nodes.len()
        });
        if (nodes, self.sizes.len()) != (layout.nodes.len(), layout.parts.len()) {
            return Err(different());
        }
        for (size, part) in self.sizes.iter_mut().zip(&layout.parts) {
            *size = size.plus(part.size()).ok_or_else(different)?;
        }
        self.rows += layout.rows;
        Ok(())
    }

    /// Every buffer padded, and never nothing, since peers cannot read a batch without a body.
    fn body_len(&self) -> usize {
        self.sizes.iter().map(|size| padded(size.len())).sum::<usize>().max(padded(1))
    }
}

fn integer(value: usize) -> u64 {
    u64::try_from(value).expect("no machine has lengths of more than 64 bits")
}

/// One node for the array of all batches.
fn node<'a>(validities: impl Iterator<Item = &'a Validity<'a>>) -> Node {
    validities.fold(Node { len: 0, null_count: 0 }, |node, validity| {
        let Range { start, len } = validity.range;
        let null_count = match validity.nulls {
            Some(nulls) if start == 0 && len == nulls.len() => nulls.null_count(),
            Some(nulls) => nulls.slice(start, len).null_count(),
            None if validity.all_null => len,
            None => 0,
        };
        Node { len: node.len + integer(len), null_count: node.null_count + integer(null_count) }
    })
}

/// Appends one buffer, made of a part of each batch.
fn write_buffer<'a>(
    size: Size,
    mut parts: impl ExactSizeIterator<Item = &'a Part<'a>>,
    out: &mut Vec<u8>,
) {
    match size {
        Size::Bytes(_) => parts.for_each(|part| {
            if let Part::Bytes(bytes) = part {
                out.extend_from_slice(bytes);
            }
        }),
        Size::Bits(bits) => {
            match parts.next() {
                Some(Part::Bits(bitmap, range)) if parts.len() == 0 => {
                    write_bits(*bitmap, *range, out)
                }
                first => write_joined_bits(first.into_iter().chain(parts), bits, out),
            }
            clear_unused_bits(bits, out);
        }
        Size::Offsets(0) => {}
        Size::Offsets(_) => {
            out.extend_from_slice(&[0; size_of::<i32>()]);
            let mut base = 0;
            for part in parts {
                if let Part::Offsets([first, offsets @ ..]) = part {
                    write_offsets(offsets, base - first, out);
                    base += offsets.last().map_or(0, |last| last - first);
                }
            }
        }
    }
}

fn write_bits(bitmap: Option<&BooleanBuffer>, range: Range, out: &mut Vec<u8>) {
    let count = range.len.div_ceil(8);
    let Some(bitmap) = bitmap else {
        out.resize(out.len() + count, 0xFF);
        return;
    };
    let first = bitmap.offset() + range.start;
    if first.is_multiple_of(8) {
        out.extend_from_slice(&bitmap.values()[first / 8..][..count]);
    } else {
        out.extend_from_slice(&bitmap.slice(range.start, range.len).sliced()[..count]);
    }
}

fn write_joined_bits<'a>(
    parts: impl Iterator<Item = &'a Part<'a>>,
    bits: usize,
    out: &mut Vec<u8>,
) {
    let mut joined = BooleanBufferBuilder::new(bits);
    for part in parts {
        match part {
            Part::Bits(Some(bitmap), range) => {
                joined.append_buffer(&bitmap.slice(range.start, range.len))
            }
            Part::Bits(None, range) => joined.append_n(range.len, true),
            Part::Bytes(_) | Part::Offsets(_) => {}
        }
    }
    out.extend_from_slice(joined.as_slice());
}

/// Appends `offsets`, each moved by `distance`.
fn write_offsets(offsets: &[i32], distance: i32, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + size_of_val(offsets), 0);
    for (slot, offset) in out[start..].chunks_exact_mut(size_of::<i32>()).zip(offsets) {
        slot.copy_from_slice(&(offset + distance).to_le_bytes());
    }
}

/// Clears what the last byte of `out`, the end of a bitmap of `bits` bits, has beyond them.
fn clear_unused_bits(bits: usize, out: &mut [u8]) {
    if let Some(last) = out.last_mut().filter(|_| !bits.is_multiple_of(8)) {
        *last &= (1 << (bits % 8)) - 1;
    }
}

const _: () =
    assert!(ALIGNMENT == 8, "the placeholder body and the metadata are laid out for 8 bytes");
