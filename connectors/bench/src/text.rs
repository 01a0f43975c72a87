//! Columns of text.

use athena_connector_sdk::arrow::{
    array::StringArray,
    buffer::{NullBuffer, OffsetBuffer},
};

use crate::hash::{is_null, letters};

/// A column of texts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    /// Letters that every text has.
    pub(crate) least: usize,
    /// Letters that come on top, at most: a mask of bits, one less than a power of two.
    pub(crate) more: usize,
    /// Whether some have a letter of two, three or four bytes at the end.
    pub(crate) with_end: bool,
}

/// What follows the letters, by four bits of the hash, and how many bytes of it: three of sixteen
/// have something there.
const ENDS: [([u8; 4], usize); 16] = {
    let mut ends = [([0; 4], 0); 16];
    ends[0] = (*b"\xC3\xA9\0\0", 2); // U+E9
    ends[1] = (*b"\xE6\xBC\xA2\0", 3); // U+6F22
    ends[2] = (*b"\xF0\x9F\x9A\x80", 4); // U+1F680
    ends
};

impl Text {
    /// The texts that come from `hashes`.
    ///
    /// Of every text as many words are written as the longest has, and the next one begins where it
    /// ends: lengths are random, and a branch for each would be guessed wrong every other time.
    pub(crate) fn array(self, hashes: &[u64], nulls: Option<NullBuffer>) -> StringArray {
        let Self { least, more, with_end } = self;
        let words = (least + more).next_multiple_of(8);
        let most = least + more + if with_end { 4 } else { 0 };
        // The words of the last text go up to seven bytes beyond its letters.
        let mut values = vec![0; hashes.len() * most + 7];
        let mut offsets = Vec::with_capacity(hashes.len() + 1);
        let mut end = 0;
        offsets.push(0);
        for &hash in hashes {
            if nulls.is_none() || !is_null(hash) {
                letters(hash, values[end..end + words].as_chunks_mut().0);
                end += least + ((hash >> 8) as usize & more);
                if with_end {
                    let (bytes, len) = ENDS[(hash >> 32) as usize & 15];
                    values[end..end + 4].copy_from_slice(&bytes);
                    end += len;
                }
            }
            offsets.push(i32::try_from(end).expect("a batch of text is far below 2 GiB"));
        }
        values.truncate(end);
        StringArray::new(OffsetBuffer::new(offsets.into()), values.into(), nulls)
    }
}
