//! Encoding of record batch messages (section 4.4 of the protocol).

use std::slice;

use arrow::{array::BooleanBufferBuilder, buffer::BooleanBuffer, record_batch::RecordBatch};

use super::{
    frame::{ALIGNMENT, Framing, padded},
    layout::{BufferPart, BufferSize, Layout, Validity, ValueRange},
    metadata::{self, BatchMetadata, FieldNode},
};
use crate::error::{Error, Result};

/// Maximum length of a body in bytes, and of an array in values, that peers accept.
const MAX_BODY_LEN: usize = 0x7FFF_FFFF;

/// Appends `batch` to `out` as one record batch message, without its schema.
///
/// Writes every buffer of the layout, validity bitmaps even if nothing is null, each padded to 8
/// bytes and never compressed. Only the visible part of a sliced array is written. A batch without
/// columns has a body of 8 zeros, because peers reject an empty one. `out` may be reused for
/// several blocks.
///
/// # Errors
///
/// `Unsupported` for a type without a wire form, naming the column, and for a batch over 2 GiB.
/// `out` is then unchanged.
pub fn encode_batch(batch: &RecordBatch, framing: Framing, out: &mut Vec<u8>) -> Result<()> {
    encode_batches(slice::from_ref(batch), framing, out)
}

/// Appends the rows of all `batches`, in order, to `out` as one record batch message.
///
/// The bytes equal those of [`encode_batch`] for the concatenated batches, without the copy that
/// concatenation makes. All batches must have the same columns.
///
/// # Errors
///
/// As [`encode_batch`]; `Internal` if there are no batches or their columns differ.
pub fn encode_batches(batches: &[RecordBatch], framing: Framing, out: &mut Vec<u8>) -> Result<()> {
    let mut len = BlockLen::default();
    let mut layouts = Vec::with_capacity(batches.len());
    for batch in batches {
        let layout = Layout::new(batch, batch.num_rows())?;
        len.add(&layout)?;
        layouts.push(layout);
    }
    let Some(first) = layouts.first() else {
        return Err(Error::internal("a block needs at least one batch"));
    };
    let body_len = len.body_len();
    if body_len > MAX_BODY_LEN {
        let rows = len.rows;
        return Err(Error::unsupported(format!(
            "a block of {rows} rows has {body_len} bytes, of which peers accept at most \
             {MAX_BODY_LEN}: use smaller blocks"
        )));
    }
    let nodes: Vec<_> = (0..first.nodes.len())
        .map(|at| node(layouts.iter().map(|layout| &layout.nodes[at])))
        .collect();
    if let Some(node) = nodes.iter().find(|node| node.len > integer(MAX_BODY_LEN)) {
        let values = node.len;
        return Err(Error::unsupported(format!(
            "a block has an array of {values} values, of which peers accept at most \
             {MAX_BODY_LEN}: use smaller blocks"
        )));
    }
    let metadata_len = metadata::len(nodes.len(), len.sizes.len());
    out.reserve(framing.header_len(metadata_len) + body_len);
    let buffers = len.buffers();
    let metadata = BatchMetadata {
        rows: integer(len.rows),
        nodes: &nodes,
        buffers: &buffers,
        body_len: integer(body_len),
    };
    framing.write(metadata_len, out, |out| metadata.write(framing, out));
    let body = out.len();
    for (at, size) in len.sizes.iter().enumerate() {
        write_buffer(*size, layouts.iter().map(|layout| &layout.parts[at]), out);
        let filled = out.len() - body;
        out.resize(body + padded(filled), 0);
    }
    out.resize(body + body_len, 0);
    Ok(())
}

/// Returns the exact number of bytes that [`encode_batch`] appends for `batch`.
///
/// Reads no values: the cost depends on the number of columns, not of rows, for slices too.
///
/// # Errors
///
/// `Unsupported` for a type without a wire form, naming the column.
pub fn encoded_len(batch: &RecordBatch, framing: Framing) -> Result<usize> {
    Ok(BlockLen::default().plus(batch, batch.num_rows())?.bytes(framing))
}

/// The encoded length of a growing block, from its batches.
///
/// Exactly the number of bytes that [`encode_batches`] appends. The cost of a batch depends on its
/// number of columns, not of rows.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::{array::{ArrayRef, Int64Array}, record_batch::RecordBatch};
/// use athena_protocol::block::{BlockLen, Framing, encode_batches};
///
/// let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
/// let batch = RecordBatch::try_from_iter([("id", ids)]).expect("one column");
/// let len = BlockLen::default().plus(&batch, 100)?.plus(&batch, 7)?;
/// assert_eq!(len.rows(), 107);
///
/// let mut block = Vec::new();
/// encode_batches(&[batch.clone(), batch.slice(0, 7)], Framing::Legacy, &mut block)?;
/// assert_eq!(len.bytes(Framing::Legacy), block.len());
/// # Ok::<(), athena_protocol::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct BlockLen {
    rows: usize,
    /// Number of arrays; `None` before the first batch.
    nodes: Option<usize>,
    sizes: Vec<BufferSize>,
}

impl BlockLen {
    /// Returns the number of rows of all batches.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the length of the block in bytes; 0 before the first batch.
    pub fn bytes(&self, framing: Framing) -> usize {
        let header = |nodes| framing.header_len(metadata::len(nodes, self.sizes.len()));
        self.nodes.map_or(0, |nodes| header(nodes) + self.body_len())
    }

    /// Returns the length with the first `rows` rows of `batch` appended.
    ///
    /// # Errors
    ///
    /// `Unsupported` for a type without a wire form, naming the column; `Internal` if the columns
    /// differ from those of earlier batches.
    ///
    /// # Panics
    ///
    /// If `batch` has fewer than `rows` rows.
    pub fn plus(&self, batch: &RecordBatch, rows: usize) -> Result<Self> {
        let mut len = self.clone();
        len.add(&Layout::new(batch, rows)?)?;
        Ok(len)
    }

    fn add(&mut self, layout: &Layout<'_>) -> Result<()> {
        let different = || Error::internal("the batches of a block differ in their columns");
        let nodes = *self.nodes.get_or_insert_with(|| {
            self.sizes = layout.parts.iter().map(|part| part.size().empty()).collect();
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

    /// Returns the length of all padded buffers, at least 8: peers reject a batch without a body.
    fn body_len(&self) -> usize {
        self.sizes.iter().map(|size| padded(size.len())).sum::<usize>().max(padded(1))
    }

    /// Returns the offset in the body and the length of each buffer.
    fn buffers(&self) -> Vec<[u64; 2]> {
        let mut position = 0;
        let mut buffers = Vec::with_capacity(self.sizes.len());
        for size in &self.sizes {
            buffers.push([integer(position), integer(size.len())]);
            position += padded(size.len());
        }
        buffers
    }
}

fn integer(value: usize) -> u64 {
    u64::try_from(value).expect("a length fits into 64 bits")
}

/// Returns the node of one array over all batches.
fn node<'a>(validities: impl Iterator<Item = &'a Validity<'a>>) -> FieldNode {
    validities.fold(FieldNode { len: 0, null_count: 0 }, |node, validity| {
        let ValueRange { start, len } = validity.range;
        let null_count = match validity.nulls {
            Some(nulls) if start == 0 && len == nulls.len() => nulls.null_count(),
            Some(nulls) => nulls.slice(start, len).null_count(),
            None if validity.all_null => len,
            None => 0,
        };
        FieldNode {
            len: node.len + integer(len),
            null_count: node.null_count + integer(null_count),
        }
    })
}

/// Appends one buffer, from its part in each batch.
fn write_buffer<'a>(
    size: BufferSize,
    mut parts: impl ExactSizeIterator<Item = &'a BufferPart<'a>>,
    out: &mut Vec<u8>,
) {
    match size {
        BufferSize::Bytes(_) => parts.for_each(|part| {
            if let BufferPart::Bytes(bytes) = part {
                out.extend_from_slice(bytes);
            }
        }),
        BufferSize::Bits(bits) => {
            match parts.next() {
                Some(BufferPart::Bits(bitmap, range)) if parts.len() == 0 => {
                    write_bits(*bitmap, *range, out);
                }
                first => write_joined_bits(first.into_iter().chain(parts), bits, out),
            }
            clear_unused_bits(bits, out);
        }
        BufferSize::Offsets(0) => {}
        BufferSize::Offsets(_) => {
            out.extend_from_slice(&[0; size_of::<i32>()]);
            let mut base = 0;
            for part in parts {
                if let BufferPart::Offsets([first, offsets @ ..]) = part {
                    write_offsets(offsets, base - first, out);
                    base += offsets.last().map_or(0, |last| last - first);
                }
            }
        }
    }
}

fn write_bits(bitmap: Option<&BooleanBuffer>, range: ValueRange, out: &mut Vec<u8>) {
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
    parts: impl Iterator<Item = &'a BufferPart<'a>>,
    bits: usize,
    out: &mut Vec<u8>,
) {
    let mut joined = BooleanBufferBuilder::new(bits);
    for part in parts {
        match part {
            BufferPart::Bits(Some(bitmap), range) => {
                joined.append_buffer(&bitmap.slice(range.start, range.len));
            }
            BufferPart::Bits(None, range) => joined.append_n(range.len, true),
            BufferPart::Bytes(_) | BufferPart::Offsets(_) => {}
        }
    }
    out.extend_from_slice(joined.as_slice());
}

/// Appends `offsets`, each increased by `distance`.
fn write_offsets(offsets: &[i32], distance: i32, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + size_of_val(offsets), 0);
    for (slot, offset) in out[start..].chunks_exact_mut(size_of::<i32>()).zip(offsets) {
        slot.copy_from_slice(&(offset + distance).to_le_bytes());
    }
}

/// Clears the unused bits in the last byte of `out`, which ends with a bitmap of `bits` bits.
fn clear_unused_bits(bits: usize, out: &mut [u8]) {
    if let Some(last) = out.last_mut().filter(|_| !bits.is_multiple_of(8)) {
        *last &= (1 << (bits % 8)) - 1;
    }
}

const _: () = assert!(ALIGNMENT == 8, "the placeholder body and the metadata assume 8 bytes");
