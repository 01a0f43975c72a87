//! Hash function that every value is derived from.

const C1: u64 = 0x9E37_79B9_7F4A_7C15;
const C2: u64 = 0xBF58_476D_1CE4_E5B9;
const C3: u64 = 0x94D0_49BB_1331_11EB;
const STEP: u64 = 0xD1B5_4A32_D192_ED03;

/// Applies the finalizer of `SplitMix64` (Steele, Lea and Flood 2014).
pub(crate) fn splitmix64(x: u64) -> u64 {
    let z = x.wrapping_add(C1);
    let z = (z ^ (z >> 30)).wrapping_mul(C2);
    let z = (z ^ (z >> 27)).wrapping_mul(C3);
    z ^ (z >> 31)
}

/// Returns the hash of the cell at `row` and `column`.
pub(crate) fn cell(row: u64, column: u64) -> u64 {
    splitmix64((row << 4).wrapping_add(column))
}

/// Returns whether a cell with this hash is null, in a nullable column: 13 of 256 are.
pub(crate) fn is_null(hash: u64) -> bool {
    (hash >> 56) < 13
}

/// Fills `words` with letters from `a` to `p` derived from `hash`.
pub(crate) fn letters(hash: u64, words: &mut [[u8; 8]]) {
    let mut x = hash;
    for word in words {
        let bits = x.wrapping_mul(C1);
        *word =
            (((bits ^ (bits >> 32)) & 0x0F0F_0F0F_0F0F_0F0F) + 0x6161_6161_6161_6161).to_le_bytes();
        x = x.wrapping_add(STEP);
    }
}
