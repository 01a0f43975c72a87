//! What of the arrays of a batch goes into a message, and how much it is (section 4.5 of the
//! protocol).
//!
//! One walk serves both to measure and to write, so that the two cannot disagree. It looks at
//! ranges instead of slicing arrays: slicing counts nulls, which would make measuring as slow as
//! reading the data.

use arrow::{
    array::{Array, AsArray},
    buffer::{BooleanBuffer, NullBuffer, OffsetBuffer},
    datatypes::{ArrowNativeType, DataType},
    downcast_primitive_array,
    record_batch::RecordBatch,
};

use super::{column_path::ColumnPath, schema, supported};
use crate::error::Result;

/// The nulls of one array and the range of them that is written.
pub(super) struct Validity<'a> {
    pub(super) nulls: Option<&'a NullBuffer>,
    pub(super) range: Range,
    /// Whether every value is null without a bitmap that says so.
    pub(super) all_null: bool,
}

/// Where a range of values begins and how many there are.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) start: usize,
    pub(super) len: usize,
}

/// What an array holds of one buffer of a message.
pub(super) enum Part<'a> {
    /// A range of a bitmap; without one, ones: nothing is null.
    Bits(Option<&'a BooleanBuffer>, Range),
    /// Bytes as they are.
    Bytes(&'a [u8]),
    /// Offsets, one more than there are values, which are written relative to the first.
    Offsets(&'a [i32]),
}

impl Part<'_> {
    pub(super) fn size(&self) -> Size {
        match self {
            Self::Bits(_, range) => Size::Bits(range.len),
            Self::Bytes(bytes) => Size::Bytes(bytes.len()),
            Self::Offsets(offsets) => Size::Offsets(offsets.len() - 1),
        }
    }
}

/// How much one buffer of a message holds. Sizes of batches add up to that of the batches as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Bits(usize),
    Bytes(usize),
    /// The number of values, which have one offset more.
    Offsets(usize),
}

impl Size {
    /// The length of the buffer in bytes, without padding.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Bits(bits) => bits.div_ceil(8),
            Self::Bytes(bytes) => bytes,
            // Java writes no offset at all where there are no values, and every reader knows.
            Self::Offsets(0) => 0,
            Self::Offsets(values) => (values + 1) * size_of::<i32>(),
        }
    }

    /// The size of a buffer of the same kind with nothing in it.
    pub(super) fn none(self) -> Self {
        match self {
            Self::Bits(_) => Self::Bits(0),
            Self::Bytes(_) => Self::Bytes(0),
            Self::Offsets(_) => Self::Offsets(0),
        }
    }

    /// `None` where the two are of buffers of different kinds, and so of different types.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Bits(one), Self::Bits(other)) => Some(Self::Bits(one + other)),
            (Self::Bytes(one), Self::Bytes(other)) => Some(Self::Bytes(one + other)),
            (Self::Offsets(one), Self::Offsets(other)) => Some(Self::Offsets(one + other)),
            _ => None,
        }
    }
}

/// All that a batch is written from.
pub(super) struct Layout<'a> {
    pub(super) rows: usize,
    pub(super) nodes: Vec<Validity<'a>>,
    pub(super) parts: Vec<Part<'a>>,
}

impl<'a> Layout<'a> {
    /// The layout of the first `rows` of `batch`.
    pub(super) fn of(batch: &'a RecordBatch, rows: usize) -> Result<Self> {
        schema::check(batch.schema_ref())?;
        let columns = batch.num_columns();
        let mut layout = Self {
            rows,
            nodes: Vec::with_capacity(columns),
            parts: Vec::with_capacity(3 * columns),
        };
        let range = Range { start: 0, len: rows };
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            layout.add(ColumnPath::column(field.name()), column, range)?;
        }
        Ok(layout)
    }

    fn add(&mut self, path: ColumnPath<'_>, array: &'a dyn Array, range: Range) -> Result<()> {
        let is_null = array.data_type() == &DataType::Null;
        self.nodes.push(Validity { nulls: array.nulls(), range, all_null: is_null });
        if is_null {
            return Ok(());
        }
        self.parts.push(Part::Bits(array.nulls().map(NullBuffer::inner), range));
        downcast_primitive_array!(
            array => {
                self.fixed_width(array.values().inner(), array.values().len(), range);
                Ok(())
            }
            DataType::Boolean => {
                self.parts.push(Part::Bits(Some(array.as_boolean().values()), range));
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
                let elements = Range { start: range.start * size, len: range.len * size };
                self.add(path.child(element.name()), array.values(), elements)
            }
            DataType::Struct(fields) => {
                let columns = array.as_struct().columns();
                fields.iter().zip(columns).try_for_each(|(field, column)| self.add(path.child(field.name()), column, range))
            }
            data_type => Err(supported::unsupported(path, data_type)),
        )
    }

    /// Adds values that all have the same width, of which `values` holds `count`.
    fn fixed_width(&mut self, values: &'a [u8], count: usize, range: Range) {
        let width = values.len().checked_div(count).unwrap_or(0);
        self.parts.push(Part::Bytes(&values[range.start * width..][..range.len * width]));
    }

    fn bytes(&mut self, offsets: &'a OffsetBuffer<i32>, values: &'a [u8], range: Range) {
        let range = self.offsets(offsets, range);
        self.parts.push(Part::Bytes(&values[range.start..][..range.len]));
    }

    /// Adds the offsets of `range`, and returns the range that they cover.
    fn offsets(&mut self, offsets: &'a OffsetBuffer<i32>, range: Range) -> Range {
        let slice = &offsets[range.start..=range.start + range.len];
        let (start, end) = (slice[0].as_usize(), slice[range.len].as_usize());
        self.parts.push(Part::Offsets(slice));
        Range { start, len: end - start }
    }
}
