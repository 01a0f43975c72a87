//! Decoding of arrays from the buffers of a body, by type (section 4.5 of the protocol).
//!
//! The message is not trusted: every count is checked against the bytes, every offset against its
//! neighbors and its target. Like peers, this reader takes nulls from the validity bitmap and
//! ignores a null count that contradicts it.

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

/// Reads the arrays of one message in order.
pub(super) struct ArrayReader {
    body: Buffer,
    /// Length and null count of each array, parents before children.
    nodes: vec::IntoIter<(i64, i64)>,
    /// Offset in the body and length of each buffer.
    buffers: vec::IntoIter<(i64, i64)>,
    /// Bytes of buffers read so far.
    claimed: usize,
    /// Remaining bytes for validity bitmaps that the message omits.
    implied: usize,
    /// Remaining values of arrays that take no bytes in the message: initially the length of the
    /// message or [`MIN_ZERO_WIDTH_VALUES`], whichever is more.
    zero_width: usize,
}

/// The length and validity of an array.
struct Slots {
    len: usize,
    nulls: Option<NullBuffer>,
}

/// Values without bytes, such as rows of null, that every message may have.
const MIN_ZERO_WIDTH_VALUES: usize = 1 << 20;

impl ArrayReader {
    /// Creates a reader of the `body` of a message of `message_len` bytes.
    pub(super) fn new(
        body: Buffer,
        nodes: Vec<(i64, i64)>,
        buffers: Vec<(i64, i64)>,
        message_len: usize,
    ) -> Self {
        Self {
            body,
            nodes: nodes.into_iter(),
            buffers: buffers.into_iter(),
            claimed: 0,
            implied: message_len,
            zero_width: message_len.max(MIN_ZERO_WIDTH_VALUES),
        }
    }

    /// Checks that the message has no further arrays or buffers.
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

    /// Reads the next array, truncated to `len` values.
    ///
    /// It may have more: the Java SDK keeps, in the children of a struct, the values of a last row
    /// that did not match.
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

    /// Reads the elements of a list, of any number.
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
        if is_zero_width(data_type) {
            self.zero_width = spend(path, self.zero_width, len, "values that take no bytes")?;
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
            DataType::Struct(fields) => {
                valid(path, self.structure(path, fields, Slots { len, nulls })?)
            }
            DataType::Map(entries, sorted) => {
                self.map(path, entries, *sorted, Slots { len, nulls })
            }
            data_type => self.primitive(path, data_type, Slots { len, nulls }),
        }
    }

    /// Reads values of fixed width; copies them if they are not aligned.
    fn primitive(
        &mut self,
        path: ColumnPath<'_>,
        data_type: &DataType,
        Slots { len, nulls }: Slots,
    ) -> Result<ArrayRef> {
        let Some(width) = data_type.primitive_width() else {
            return Err(supported::unsupported(path, data_type));
        };
        let needed = times(path, len, width)?;
        let values = self.buffer(path, "values", needed)?.slice_with_length(0, needed);
        let array = ArrayData::builder(data_type.clone()).len(len).add_buffer(values).nulls(nulls);
        array.align_buffers(true).build().map(make_array).map_err(|error| corrupt(path, error))
    }

    fn structure(
        &mut self,
        path: ColumnPath<'_>,
        fields: &Fields,
        Slots { len, nulls }: Slots,
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
        Slots { len, nulls }: Slots,
    ) -> Result<ArrayRef> {
        let DataType::Struct(fields) = entries.data_type() else {
            return Err(supported::unsupported(path, entries.data_type()));
        };
        let offsets = self.offsets(path, len)?;
        let inner = path.child(entries.name());
        let (count, null_count) = self.node(inner)?;
        let slots = Slots { len: count, nulls: self.nulls(inner, count, null_count)? };
        let pairs = self.structure(inner, fields, slots)?.and_then(|pairs| {
            MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, sorted)
        });
        valid(path, pairs)
    }

    fn node(&mut self, path: ColumnPath<'_>) -> Result<(usize, i64)> {
        let (len, null_count) = self.nodes.next().ok_or_else(|| {
            Error::invalid_input(format!(
                "a record batch has fewer arrays than its schema: column {path} is missing"
            ))
        })?;
        let count = i32::try_from(len).ok().and_then(|len| usize::try_from(len).ok());
        let count = count.ok_or_else(|| {
            Error::invalid_input(format!(
                "column {path} declares {len} values, expected 0 to 2147483647"
            ))
        })?;
        Ok((count, null_count))
    }

    /// Reads the next buffer, which must have at least `needed` bytes.
    fn buffer(&mut self, path: ColumnPath<'_>, kind: &str, needed: usize) -> Result<Buffer> {
        let (offset, len) = self.buffers.next().ok_or_else(|| {
            Error::invalid_input(format!(
                "a record batch has fewer buffers than its schema: column {path} has no {kind}"
            ))
        })?;
        let range = usize::try_from(offset).ok().zip(usize::try_from(len).ok());
        let range = range.filter(|(offset, len)| {
            offset.checked_add(*len).is_some_and(|end| end <= self.body.len())
        });
        let (offset, len) = range.ok_or_else(|| {
            Error::invalid_input(format!(
                "the {kind} of column {path} are {len} bytes at {offset}, outside of the body of \
                 {} bytes",
                self.body.len()
            ))
        })?;
        if len < needed {
            return Err(Error::invalid_input(format!(
                "the {kind} of column {path} have {len} bytes, expected {needed}"
            )));
        }
        self.claim(path, needed)?;
        Ok(self.body.slice_with_length(offset, len))
    }

    /// Counts bytes that are read. Buffers that do not overlap are together no longer than the
    /// body; overlapping ones could multiply the work and memory by the number of columns.
    fn claim(&mut self, path: ColumnPath<'_>, bytes: usize) -> Result<()> {
        self.claimed += bytes;
        if self.claimed > self.body.len() {
            return Err(Error::invalid_input(format!(
                "the values of column {path} overlap with others: all buffers together are longer \
                 than the body of {} bytes",
                self.body.len()
            )));
        }
        Ok(())
    }

    /// Reads the next buffer as the nulls of `len` values; it may be empty if all or none are null.
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
                    "bytes of omitted validity bitmaps",
                )?;
                Ok(Some(NullBuffer::new_null(len)))
            }
            _ => Err(Error::invalid_input(format!(
                "column {path} declares {null_count} of {len} values null, but has no validity \
                 bitmap"
            ))),
        }
    }

    /// Reads the next buffer as the offsets of `len` values; without values, it may be empty.
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
                "the offsets of column {path} are negative or not in order"
            )));
        }
        Ok(OffsetBuffer::new(offsets))
    }
}

/// Returns whether values of the type take no bytes in a message, except an optional bitmap.
fn is_zero_width(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null | DataType::FixedSizeBinary(0) | DataType::FixedSizeList(_, 0) => true,
        DataType::Struct(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Returns the rest of the budget `left` after `amount`.
fn spend(path: ColumnPath<'_>, left: usize, amount: usize, unit: &str) -> Result<usize> {
    left.checked_sub(amount).ok_or_else(|| {
        Error::invalid_input(format!(
            "column {path} has {amount} {unit}, but a message of this length may have {left} more"
        ))
    })
}

fn is_aligned(buffer: &Buffer, alignment: usize) -> bool {
    buffer.as_ptr().addr().is_multiple_of(alignment)
}

/// Returns the end of the last value.
fn last(offsets: &OffsetBuffer<i32>) -> usize {
    offsets.last().map_or(0, |end| end.as_usize())
}

fn times<S: Copy + Display + TryInto<usize>>(
    path: ColumnPath<'_>,
    len: usize,
    size: S,
) -> Result<usize> {
    size.try_into().ok().and_then(|size| len.checked_mul(size)).ok_or_else(|| {
        Error::invalid_input(format!(
            "column {path} has {len} values of size {size}, which is too large"
        ))
    })
}

fn valid<A: Array + 'static>(
    path: ColumnPath<'_>,
    array: std::result::Result<A, ArrowError>,
) -> Result<ArrayRef> {
    match array {
        Ok(array) => Ok(Arc::new(array)),
        Err(error) => Err(corrupt(path, error)),
    }
}

fn corrupt(path: ColumnPath<'_>, error: ArrowError) -> Error {
    Error::invalid_input(format!("the values of column {path} are corrupt")).with_source(error)
}
