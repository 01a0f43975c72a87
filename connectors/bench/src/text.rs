//! Text columns.

use athena_connector_sdk::arrow::{
    array::StringArray,
    buffer::{NullBuffer, OffsetBuffer},
};

use crate::hash::{is_null, letters};

/// Lengths of the texts of a column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    /// Number of letters in every text.
    pub(crate) min: usize,
    /// Maximum number of further letters: a bit mask, one less than a power of two.
    pub(crate) extra: usize,
    /// Whether some texts end in a character of two, three or four bytes.
    pub(crate) with_end: bool,
}

/// Characters after the letters, selected by four bits of the hash, and their lengths in bytes:
/// three of sixteen are not empty.
const ENDS: [([u8; 4], usize); 16] = {
    let mut ends = [([0; 4], 0); 16];
    ends[0] = (*b"\xC3\xA9\0\0", 2); // U+E9
    ends[1] = (*b"\xE6\xBC\xA2\0", 3); // U+6F22
    ends[2] = (*b"\xF0\x9F\x9A\x80", 4); // U+1F680
    ends
};

impl Text {
    /// Generates the texts of `hashes`.
    ///
    /// Writes as many words for every text as the longest has, and starts the next one where it
    /// ends: lengths are random, and a branch for each would be mispredicted every other time.
    pub(crate) fn array(self, hashes: &[u64], nulls: Option<NullBuffer>) -> StringArray {
        let Self { min, extra, with_end } = self;
        let words = (min + extra).next_multiple_of(8);
        let max = min + extra + if with_end { 4 } else { 0 };
        // The words of the last text extend up to seven bytes beyond its letters.
        let mut values = vec![0; hashes.len() * max + 7];
        let mut offsets = Vec::with_capacity(hashes.len() + 1);
        let mut end = 0;
        offsets.push(0);
        for &hash in hashes {
            if nulls.is_none() || !is_null(hash) {
                letters(hash, values[end..end + words].as_chunks_mut().0);
                end += min + ((hash >> 8) as usize & extra);
                if with_end {
                    let (bytes, len) = ENDS[(hash >> 32) as usize & 15];
                    values[end..end + 4].copy_from_slice(&bytes);
                    end += len;
                }
            }
            offsets.push(i32::try_from(end).expect("the text of a batch is far below 2 GiB"));
        }
        values.truncate(end);
        StringArray::new(OffsetBuffer::new(offsets.into()), values.into(), nulls)
    }
}
