//! The frame of an encapsulated message: how long its metadata is, in two dialects (section 4.2 of
//! the protocol).

use arrow::ipc::{Message, MetadataVersion, root_as_message};

use crate::error::{Error, Result};

/// How an encapsulated Arrow message begins, and which metadata version it states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Length first, metadata version 4: serde version 2 and every spilled object.
    Legacy,
    /// Continuation marker, then length, metadata version 5: serde version 3 and up.
    Modern,
}

/// What stands before the length in the modern framing.
const CONTINUATION: [u8; 4] = [0xFF; 4];
/// Everything in a message is padded to a multiple of this.
pub(super) const ALIGNMENT: usize = 8;

/// `len` rounded up to the alignment.
pub(super) fn padded(len: usize) -> usize {
    len.next_multiple_of(ALIGNMENT)
}

impl Framing {
    pub(super) fn metadata_version(self) -> MetadataVersion {
        match self {
            Self::Legacy => MetadataVersion::V4,
            Self::Modern => MetadataVersion::V5,
        }
    }

    fn prefix_len(self) -> usize {
        match self {
            Self::Legacy => 4,
            Self::Modern => 8,
        }
    }

    /// How many bytes the prefix, `metadata_len` bytes of metadata and their padding take.
    pub(super) fn header_len(self, metadata_len: usize) -> usize {
        padded(self.prefix_len() + metadata_len)
    }

    /// Appends the prefix, what `write` appends (`metadata_len` bytes), and the padding.
    pub(super) fn write(
        self,
        metadata_len: usize,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let header_len = self.header_len(metadata_len);
        let start = out.len();
        match self {
            Self::Legacy => {}
            Self::Modern => out.extend_from_slice(&CONTINUATION),
        }
        // The body of a batch may have 2 GiB at most, and its metadata 16 bytes for each of its
        // buffers.
        let len =
            u32::try_from(header_len - self.prefix_len()).expect("metadata is shorter than 4 GiB");
        out.extend_from_slice(&len.to_le_bytes());
        write(out);
        debug_assert!(out.len() <= start + header_len, "metadata is longer than its own length");
        out.resize(start + header_len, 0);
    }
}

/// Divides `bytes` into the message that they begin with, in either framing, and the position of
/// what follows it.
pub(super) fn read(bytes: &[u8]) -> Result<(Message<'_>, usize)> {
    let (start, word) = match bytes.strip_prefix(&CONTINUATION) {
        Some(rest) => (Framing::Modern.prefix_len(), rest.first_chunk()),
        None => (Framing::Legacy.prefix_len(), bytes.first_chunk()),
    };
    let len = word.ok_or_else(|| {
        Error::invalid_input(format!(
            "{} bytes are too few for an Arrow message, expected a length",
            bytes.len()
        ))
    })?;
    let len = i32::from_le_bytes(*len);
    if len == 0 {
        return Err(Error::invalid_input(
            "an Arrow message of length 0 ends a stream, expected a message",
        ));
    }
    let end = usize::try_from(len)
        .ok()
        .and_then(|len| start.checked_add(len))
        .filter(|end| *end <= bytes.len());
    let end = end.ok_or_else(|| {
        let there = bytes.len() - start;
        Error::invalid_input(format!(
            "an Arrow message says that it has {len} bytes of metadata, and {there} are there"
        ))
    })?;
    let message = root_as_message(&bytes[start..end]).map_err(|error| {
        Error::invalid_input(format!("the metadata of an Arrow message is damaged: {error}"))
    })?;
    Ok((message, end))
}
