//! Columns of text.

use athena_connector_sdk::arrow::{
    array::StringArray,
    buffer::{NullBuffer, OffsetBuffer},
};

use crate::hash::{is_null, letters};

/// How long the texts of a column are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths {
    /// Letters that every text has.
    pub(crate) least: usize,
    /// Letters that come on top, at most: a mask of bits.
    pub(crate) more: usize,
    /// Whether some have a letter of two, three or four bytes at the end.
    pub(crate) with_end: bool,
}

/// What follows the letters, by four bits of the hash: a letter of two, three or four bytes, and mostly none.
const ENDS: [[u8; 4]; 16] = {
    let mut ends = [[0; 4]; 16];
    ends[0] = *b"\xC3\xA9\0\0";
    ends[1] = *b"\xE6\xBC\xA2\0";
    ends[2] = *b"\xF0\x9F\x9A\x80";
    ends
};
/// How many bytes these have.
const END_LENGTHS: [usize; 16] = [2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

impl Lengths {
    /// The texts that come from `hashes`.
    ///
    /// Of every text as many words are written as the longest has, and the next one begins where it ends: lengths are
    /// random, and a branch for each would be guessed wrong every other time.
    pub(crate) fn text(self, hashes: &[u64], nulls: Option<NullBuffer>) -> StringArray {
        let Self { least, more, with_end } = self;
        let longest = (least + more).next_multiple_of(8);
        let mut values = vec![0; hashes.len() * (least + more + 4) + 8];
        let mut offsets = Vec::with_capacity(hashes.len() + 1);
        let mut end = 0;
        offsets.push(0);
        for &hash in hashes {
            if nulls.is_none() || !is_null(hash) {
                letters(hash, &mut values[end..end + longest]);
                end += least + ((hash >> 8) as usize & more);
                if with_end {
                    let kind = (hash >> 32) as usize & 15;
                    values[end..end + 4].copy_from_slice(&ENDS[kind]);
                    end += END_LENGTHS[kind];
                }
            }
            offsets.push(i32::try_from(end).expect("a batch of text is far below 2 GiB"));
        }
        values.truncate(end);
        StringArray::new(OffsetBuffer::new(offsets.into()), values.into(), nulls)
    }
}
