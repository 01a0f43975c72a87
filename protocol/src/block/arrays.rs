//! Arrays from the buffers of a body, by type (section 4.5 of the protocol).
//!
//! The message is not trusted: every count is held against the bytes, every offset against its
//! neighbours and against what it points into. Like the peers', this reader believes a bitmap of
//! nulls rather than the count of them.

use std::{fmt::Display, sync::Arc, vec};

use arrow::{
    array::{
        Array, ArrayData, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray,
        FixedSizeListArray, ListArray, MapArray, NullArray, StringArray, StructArray, make_array,
    },
    buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer},
    datatypes::{ArrowNativeType, DataType, Field, Fields},
    error::ArrowError,
};

use super::{column_path::ColumnPath, supported};
use crate::error::{Error, Result};

/// The arrays of one message, one after the other.
pub(super) struct ArrayReader {
    body: Buffer,
    /// Length and null count of each array, parents before children.
    nodes: vec::IntoIter<(i64, i64)>,
    /// Offset in the body and length of each buffer.
    buffers: vec::IntoIter<(i64, i64)>,
    /// Bytes of buffers that were read so far.
    claimed: usize,
    /// Bytes that bitmaps may still take which the message leaves out.
    implied: usize,
    /// Values that arrays may still have which take no bytes in the message: as many as it has
    /// bytes, or [`FREE_VALUES`].
    free: usize,
}

/// Values of arrays without bytes that every message may have, such as rows of null.
const FREE_VALUES: usize = 1 << 20;

impl ArrayReader {
    /// Reads from the `body` of a message of `message_len` bytes.
    pub(super) fn new(
        body: Buffer,
        nodes: Vec<(i64, i64)>,
        buffers: Vec<(i64, i64)>,
        message_len: usize,
    ) -> Self {
        let (nodes, buffers) = (nodes.into_iter(), buffers.into_iter());
        Self {
            body,
            nodes,
            buffers,
            claimed: 0,
            implied: message_len,
            free: message_len.max(FREE_VALUES),
        }
    }

    /// Fails if the message has more than what was read.
    pub(super) fn finish(self) -> Result<()> {
        if self.nodes.len() == 0 && self.buffers.len() == 0 {
            return Ok(());
        }
        Err(Error::invalid_input(format!(
            "a record batch has {} arrays and {} buffers more than its schema",
            self.nodes.len(),
            self.buffers.len()
        )))
    }

    /// Reads the next array, whose first `len` values count.
    ///
    /// It may have more: the Java SDK leaves in the children of a struct what it wrote for a last
    /// row that did not match.
    pub(super) fn read(
        &mut self,
        path: ColumnPath<'_>,
        data_type: &DataType,
        len: usize,
    ) -> Result<ArrayRef> {
        let (claimed, null_count) = self.node(path)?;
        if claimed < len {
            return Err(Error::invalid_input(format!(
                "column {path} has {claimed} values, expected {len}"
            )));
        }
        let values = self.values(path, data_type, claimed, null_count)?;
        Ok(if claimed == len { values } else { values.slice(0, len) })
    }

    /// Reads the elements of a list or map, of which there may be any number.
    fn read_elements(&mut self, path: ColumnPath<'_>, data_type: &DataType) -> Result<ArrayRef> {
        let (len, null_count) = self.node(path)?;
        self.values(path, data_type, len, null_count)
    }

    fn values(
        &mut self,
        path: ColumnPath<'_>,
        data_type: &DataType,
        len: usize,
        null_count: i64,
    ) -> Result<ArrayRef> {
        if is_free(data_type) {
            self.free = spend(path, self.free, len, "values that take no bytes")?;
        }
        if data_type == &DataType::Null {
            return Ok(Arc::new(NullArray::new(len)));
        }
        let nulls = self.nulls(path, len, null_count)?;
        match data_type {
            DataType::Boolean => {
                let bits = self.buffer(path, "values", len.div_ceil(8))?;
                Ok(Arc::new(BooleanArray::new(BooleanBuffer::new(bits, 0, len), nulls)))
            }
            DataType::Utf8 => {
                let offsets = self.offsets(path, len)?;
                let bytes = self.buffer(path, "text", last(&offsets))?;
                valid(path, StringArray::try_new(offsets, bytes, nulls))
            }
            DataType::Binary => {
                let offsets = self.offsets(path, len)?;
                let bytes = self.buffer(path, "bytes", last(&offsets))?;
                valid(path, BinaryArray::try_new(offsets, bytes, nulls))
            }
            DataType::FixedSizeBinary(width) => {
                let needed = times(path, len, *width)?;
                let bytes = self.buffer(path, "values", needed)?.slice_with_length(0, needed);
                valid(path, FixedSizeBinaryArray::try_new_with_len(*width, bytes, nulls, len))
            }
            DataType::List(element) => {
                let offsets = self.offsets(path, len)?;
                let values = self.read_elements(path.child(element.name()), element.data_type())?;
                valid(path, ListArray::try_new(Arc::clone(element), offsets, values, nulls))
            }
            DataType::FixedSizeList(element, size) => {
                let elements = times(path, len, *size)?;
                let values =
                    self.read(path.child(element.name()), element.data_type(), elements)?;
                valid(
                    path,
                    FixedSizeListArray::try_new_with_length(
                        Arc::clone(element),
                        *size,
                        values,
                        nulls,
                        len,
                    ),
                )
            }
            DataType::Struct(fields) => valid(path, self.structure(path, fields, len, nulls)?),
            DataType::Map(entries, sorted) => self.map(path, entries, *sorted, len, nulls),
            data_type => match data_type.primitive_width() {
                Some(width) => self.primitive(path, data_type, width, len, nulls),
                None => Err(supported::unsupported(path, data_type)),
            },
        }
    }

    /// Values that all have `width` bytes; copied if they are not aligned for that.
    fn primitive(
        &mut self,
        path: ColumnPath<'_>,
        data_type: &DataType,
        width: usize,
        len: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef> {
        let needed = times(path, len, width)?;
        let values = self.buffer(path, "values", needed)?.slice_with_length(0, needed);
        let array = ArrayData::builder(data_type.clone()).len(len).add_buffer(values).nulls(nulls);
        array.align_buffers(true).build().map(make_array).map_err(|error| damaged(path, error))
    }

    fn structure(
        &mut self,
        path: ColumnPath<'_>,
        fields: &Fields,
        len: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<std::result::Result<StructArray, ArrowError>> {
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            columns.push(self.read(path.child(field.name()), field.data_type(), len)?);
        }
        Ok(StructArray::try_new_with_length(fields.clone(), columns, nulls, len))
    }

    fn map(
        &mut self,
        path: ColumnPath<'_>,
        entries: &Arc<Field>,
        sorted: bool,
        len: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef> {
        let DataType::Struct(fields) = entries.data_type() else {
            return Err(supported::unsupported(path, entries.data_type()));
        };
        let offsets = self.offsets(path, len)?;
        let inner = path.child(entries.name());
        let (count, null_count) = self.node(inner)?;
        let entry_nulls = self.nulls(inner, count, null_count)?;
        let pairs = self.structure(inner, fields, count, entry_nulls)?.and_then(|pairs| {
            MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, sorted)
        });
        valid(path, pairs)
    }

    fn node(&mut self, path: ColumnPath<'_>) -> Result<(usize, i64)> {
        let (len, null_count) = self.nodes.next().ok_or_else(|| {
            Error::invalid_input(format!(
                "a record batch has fewer arrays than its schema: column {path} has none"
            ))
        })?;
        let count = i32::try_from(len).ok().and_then(|len| usize::try_from(len).ok());
        let count = count.ok_or_else(|| {
            Error::invalid_input(format!("column {path} says that it has {len} values"))
        })?;
        Ok((count, null_count))
    }

    /// The next buffer, which must have `needed` bytes or more.
    fn buffer(&mut self, path: ColumnPath<'_>, what: &str, needed: usize) -> Result<Buffer> {
        let (offset, len) = self.buffers.next().ok_or_else(|| {
            Error::invalid_input(format!(
                "a record batch has fewer buffers than its schema: column {path} has no {what}"
            ))
        })?;
        let range = usize::try_from(offset).ok().zip(usize::try_from(len).ok());
        let range = range.filter(|(offset, len)| {
            offset.checked_add(*len).is_some_and(|end| end <= self.body.len())
        });
        let (offset, len) = range.ok_or_else(|| {
            Error::invalid_input(format!(
                "the {what} of column {path} are {len} bytes at {offset} of a body of {} bytes",
                self.body.len()
            ))
        })?;
        if len < needed {
            return Err(Error::invalid_input(format!(
                "the {what} of column {path} have {len} bytes, expected {needed}"
            )));
        }
        self.claim(path, needed)?;
        Ok(self.body.slice_with_length(offset, len))
    }

    /// Takes note of bytes that are read: buffers that do not overlap are not longer than the body,
    /// and what overlaps could have it read, copied or written again once for every column.
    fn claim(&mut self, path: ColumnPath<'_>, bytes: usize) -> Result<()> {
        self.claimed += bytes;
        if self.claimed > self.body.len() {
            return Err(Error::invalid_input(format!(
                "the values of column {path} overlap with others: all buffers together are longer than the body of {} bytes",
                self.body.len()
            )));
        }
        Ok(())
    }

    /// The next buffer as the nulls of `len` values; it may be missing if all of them or none are
    /// null.
    fn nulls(
        &mut self,
        path: ColumnPath<'_>,
        len: usize,
        null_count: i64,
    ) -> Result<Option<NullBuffer>> {
        let bitmap = self.buffer(path, "nulls", 0)?;
        if !bitmap.is_empty() {
            if bitmap.len() < len.div_ceil(8) {
                return Err(Error::invalid_input(format!(
                    "the nulls of column {path} have {} bytes, expected {}",
                    bitmap.len(),
                    len.div_ceil(8)
                )));
            }
            self.claim(path, len.div_ceil(8))?;
            let nulls = NullBuffer::new(BooleanBuffer::new(bitmap, 0, len));
            return Ok((nulls.null_count() > 0).then_some(nulls));
        }
        match usize::try_from(null_count) {
            Ok(0) => Ok(None),
            Ok(count) if count == len => {
                self.implied = spend(
                    path,
                    self.implied,
                    len.div_ceil(8),
                    "bytes of nulls that it leaves out",
                )?;
                Ok(Some(NullBuffer::new_null(len)))
            }
            _ => Err(Error::invalid_input(format!(
                "column {path} says that {null_count} of its {len} values are null, and not which"
            ))),
        }
    }

    /// The next buffer as the offsets of `len` values; without values, it may be missing.
    fn offsets(&mut self, path: ColumnPath<'_>, len: usize) -> Result<OffsetBuffer<i32>> {
        if len == 0 {
            self.buffer(path, "offsets", 0)?;
            return Ok(OffsetBuffer::new_empty());
        }
        let needed = times(path, len + 1, size_of::<i32>())?;
        let buffer = self.buffer(path, "offsets", needed)?.slice_with_length(0, needed);
        let buffer = if is_aligned(&buffer, align_of::<i32>()) {
            buffer
        } else {
            Buffer::from(buffer.as_slice())
        };
        let offsets = ScalarBuffer::<i32>::new(buffer, 0, len + 1);
        if offsets[0] < 0 || !offsets.is_sorted() {
            return Err(Error::invalid_input(format!(
                "the offsets of column {path} are not in order"
            )));
        }
        Ok(OffsetBuffer::new(offsets))
    }
}

/// Whether values of the type take no bytes in a message, but for a bitmap that may be left out.
fn is_free(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null | DataType::FixedSizeBinary(0) | DataType::FixedSizeList(_, 0) => true,
        DataType::Struct(fields) => fields.is_empty(),
        _ => false,
    }
}

/// What is left of a budget.
fn spend(path: ColumnPath<'_>, left: usize, amount: usize, what: &str) -> Result<usize> {
    left.checked_sub(amount).ok_or_else(|| {
        Error::invalid_input(format!(
            "column {path} has {amount} {what}, and a message of this length may have {left} more"
        ))
    })
}

fn is_aligned(buffer: &Buffer, alignment: usize) -> bool {
    buffer.as_ptr().addr().is_multiple_of(alignment)
}

/// How far offsets reach.
fn last(offsets: &OffsetBuffer<i32>) -> usize {
    offsets.last().map_or(0, |end| end.as_usize())
}

fn times<S: Copy + Display + TryInto<usize>>(
    path: ColumnPath<'_>,
    len: usize,
    size: S,
) -> Result<usize> {
    size.try_into().ok().and_then(|size| len.checked_mul(size)).ok_or_else(|| {
        Error::invalid_input(format!("column {path} has {len} values of size {size}"))
    })
}

fn valid<A: Array + 'static>(
    path: ColumnPath<'_>,
    array: std::result::Result<A, ArrowError>,
) -> Result<ArrayRef> {
    match array {
        Ok(array) => Ok(Arc::new(array)),
        Err(error) => Err(damaged(path, error)),
    }
}

fn damaged(path: ColumnPath<'_>, error: ArrowError) -> Error {
    Error::invalid_input(format!("the values of column {path} are damaged")).with_source(error)
}
