//! The parts of a batch's arrays that a message contains, and their size (section 4.5 of the
//! protocol).
//!
//! Measuring and writing share one traversal, so they cannot disagree. It tracks ranges instead of
//! slicing arrays: slicing counts nulls, which would make measuring as slow as reading the data.

use arrow::{
    array::{Array, AsArray},
    buffer::{BooleanBuffer, NullBuffer, OffsetBuffer},
    datatypes::{ArrowNativeType, DataType},
    downcast_primitive_array,
    record_batch::RecordBatch,
};

use super::{column_path::ColumnPath, schema, supported};
use crate::error::Result;

/// The nulls of one array and the range that is written.
pub(super) struct Validity<'a> {
    pub(super) nulls: Option<&'a NullBuffer>,
    pub(super) range: ValueRange,
    /// Whether every value is null although there is no bitmap.
    pub(super) all_null: bool,
}

/// The start and length of a range of values.
#[derive(Clone, Copy)]
pub(super) struct ValueRange {
    pub(super) start: usize,
    pub(super) len: usize,
}

/// The part of one buffer of a message that comes from one batch.
pub(super) enum BufferPart<'a> {
    /// A range of a bitmap; without a bitmap, ones: nothing is null.
    Bits(Option<&'a BooleanBuffer>, ValueRange),
    /// Bytes, unchanged.
    Bytes(&'a [u8]),
    /// Offsets, one more than there are values, written relative to the first.
    Offsets(&'a [i32]),
}

impl BufferPart<'_> {
    pub(super) fn size(&self) -> BufferSize {
        match self {
            Self::Bits(_, range) => BufferSize::Bits(range.len),
            Self::Bytes(bytes) => BufferSize::Bytes(bytes.len()),
            Self::Offsets(offsets) => BufferSize::Offsets(offsets.len() - 1),
        }
    }
}

/// The size of one buffer of a message. Sizes of batches add up to that of the concatenation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BufferSize {
    Bits(usize),
    Bytes(usize),
    /// Number of values; there is one more offset.
    Offsets(usize),
}

impl BufferSize {
    /// Returns the length of the buffer in bytes, without padding.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Bits(bits) => bits.div_ceil(8),
            Self::Bytes(bytes) => bytes,
            // Java writes no offsets if there are no values, and all readers accept that.
            Self::Offsets(0) => 0,
            Self::Offsets(values) => (values + 1) * size_of::<i32>(),
        }
    }

    /// Returns the size of an empty buffer of the same kind.
    pub(super) fn empty(self) -> Self {
        match self {
            Self::Bits(_) => Self::Bits(0),
            Self::Bytes(_) => Self::Bytes(0),
            Self::Offsets(_) => Self::Offsets(0),
        }
    }

    /// Returns the sum; `None` for buffers of different kinds, and so of different types.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Bits(one), Self::Bits(other)) => Some(Self::Bits(one + other)),
            (Self::Bytes(one), Self::Bytes(other)) => Some(Self::Bytes(one + other)),
            (Self::Offsets(one), Self::Offsets(other)) => Some(Self::Offsets(one + other)),
            _ => None,
        }
    }
}

/// The arrays and buffers of a batch, in the order of the message.
pub(super) struct Layout<'a> {
    pub(super) rows: usize,
    pub(super) nodes: Vec<Validity<'a>>,
    pub(super) parts: Vec<BufferPart<'a>>,
}

impl<'a> Layout<'a> {
    /// Returns the layout of the first `rows` rows of `batch`.
    pub(super) fn new(batch: &'a RecordBatch, rows: usize) -> Result<Self> {
        schema::check(batch.schema_ref())?;
        let columns = batch.num_columns();
        let mut layout = Self {
            rows,
            nodes: Vec::with_capacity(columns),
            parts: Vec::with_capacity(3 * columns),
        };
        let range = ValueRange { start: 0, len: rows };
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            layout.add(ColumnPath::column(field.name()), column, range)?;
        }
        Ok(layout)
    }

    fn add(&mut self, path: ColumnPath<'_>, array: &'a dyn Array, range: ValueRange) -> Result<()> {
        let is_null = array.data_type() == &DataType::Null;
        self.nodes.push(Validity { nulls: array.nulls(), range, all_null: is_null });
        if is_null {
            return Ok(());
        }
        self.parts.push(BufferPart::Bits(array.nulls().map(NullBuffer::inner), range));
        downcast_primitive_array!(
            array => {
                self.fixed_width(array.values().inner(), array.values().len(), range);
                Ok(())
            }
            DataType::Boolean => {
                self.parts.push(BufferPart::Bits(Some(array.as_boolean().values()), range));
                Ok(())
            }
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                self.bytes(array.offsets(), array.values(), range);
                Ok(())
            }
            DataType::Binary => {
                let array = array.as_binary::<i32>();
                self.bytes(array.offsets(), array.values(), range);
                Ok(())
            }
            DataType::FixedSizeBinary(_) => {
                self.fixed_width(array.as_fixed_size_binary().values(), array.len(), range);
                Ok(())
            }
            DataType::List(element) => {
                let array = array.as_list::<i32>();
                let elements = self.offsets(array.offsets(), range);
                self.add(path.child(element.name()), array.values(), elements)
            }
            DataType::Map(entries, _) => {
                let array = array.as_map();
                let range = self.offsets(array.offsets(), range);
                self.add(path.child(entries.name()), array.entries(), range)
            }
            DataType::FixedSizeList(element, _) => {
                let array = array.as_fixed_size_list();
                let size = array.value_length().as_usize();
                let elements = ValueRange { start: range.start * size, len: range.len * size };
                self.add(path.child(element.name()), array.values(), elements)
            }
            DataType::Struct(fields) => {
                let columns = array.as_struct().columns();
                for (field, column) in fields.iter().zip(columns) {
                    self.add(path.child(field.name()), column, range)?;
                }
                Ok(())
            }
            data_type => Err(supported::unsupported(path, data_type)),
        )
    }

    /// Adds a range of the `count` values of equal width in `values`.
    fn fixed_width(&mut self, values: &'a [u8], count: usize, range: ValueRange) {
        let width = values.len().checked_div(count).unwrap_or(0);
        self.parts.push(BufferPart::Bytes(&values[range.start * width..][..range.len * width]));
    }

    fn bytes(&mut self, offsets: &'a OffsetBuffer<i32>, values: &'a [u8], range: ValueRange) {
        let range = self.offsets(offsets, range);
        self.parts.push(BufferPart::Bytes(&values[range.start..][..range.len]));
    }

    /// Adds the offsets of `range`, and returns the range that they cover.
    fn offsets(&mut self, offsets: &'a OffsetBuffer<i32>, range: ValueRange) -> ValueRange {
        let slice = &offsets[range.start..=range.start + range.len];
        let start = slice[0].as_usize();
        self.parts.push(BufferPart::Offsets(slice));
        ValueRange { start, len: slice[range.len].as_usize() - start }
    }
}
