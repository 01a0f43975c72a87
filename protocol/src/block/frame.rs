//! The prefix of an encapsulated message, which states the length of its metadata, in two framings
//! (section 4.2 of the protocol).

use arrow::ipc::{Message, MetadataVersion, root_as_message};

use crate::error::{Error, Result};

/// The prefix and metadata version of an encapsulated Arrow message.
///
/// [`SerdeVersion::framing`](crate::SerdeVersion::framing) chooses it for a request or response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Length, then metadata of version 4: serde versions 1 and 2, and every spilled object.
    Legacy,
    /// Continuation marker and length, then metadata of version 5: serde version 3 and up.
    Modern,
}

/// Continuation marker, which precedes the length in the modern framing.
const CONTINUATION: [u8; 4] = [0xFF; 4];
/// Alignment in bytes of everything in a message.
pub(super) const ALIGNMENT: usize = 8;

/// Rounds `len` up to the alignment.
pub(super) fn padded(len: usize) -> usize {
    len.next_multiple_of(ALIGNMENT)
}

impl Framing {
    /// Returns the framing of the message that `bytes` begin with.
    pub(crate) fn detect(bytes: &[u8]) -> Self {
        if bytes.starts_with(&CONTINUATION) { Self::Modern } else { Self::Legacy }
    }

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

    /// Returns the length of the prefix, `metadata_len` bytes of metadata and their padding.
    pub(super) fn header_len(self, metadata_len: usize) -> usize {
        padded(self.prefix_len() + metadata_len)
    }

    /// Appends the prefix, the `metadata_len` bytes that `write` appends, and the padding.
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
        // A body has at most 2 GiB, and its metadata 16 bytes for each of its buffers.
        let len =
            u32::try_from(header_len - self.prefix_len()).expect("metadata is shorter than 4 GiB");
        out.extend_from_slice(&len.to_le_bytes());
        write(out);
        debug_assert!(out.len() <= start + header_len, "metadata exceeds its announced length");
        out.resize(start + header_len, 0);
    }
}

/// Reads the message at the start of `bytes`, in either framing, and returns it with the position
/// after its metadata.
pub(super) fn read(bytes: &[u8]) -> Result<(Message<'_>, usize)> {
    let start = Framing::detect(bytes).prefix_len();
    let len = bytes.get(..start).and_then(<[u8]>::last_chunk).ok_or_else(|| {
        Error::invalid_input(format!(
            "{} bytes are too few for an Arrow message, expected a length",
            bytes.len()
        ))
    })?;
    let len = i32::from_le_bytes(*len);
    if len == 0 {
        return Err(Error::invalid_input(
            "an Arrow message has length 0, which ends a stream: expected a message",
        ));
    }
    let end = usize::try_from(len)
        .ok()
        .and_then(|len| start.checked_add(len))
        .filter(|end| *end <= bytes.len());
    let end = end.ok_or_else(|| {
        let available = bytes.len() - start;
        Error::invalid_input(format!(
            "an Arrow message declares {len} bytes of metadata, but {available} follow"
        ))
    })?;
    let message = root_as_message(&bytes[start..end]).map_err(|error| {
        Error::invalid_input(format!("the metadata of an Arrow message is corrupt: {error}"))
    })?;
    Ok((message, end))
}
