//! What can go wrong with a put, and when.

use std::time::Duration;

/// One thing that goes wrong with a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this status and error code, after the whole request was read.
    Status(u16, &'static str),
    /// Cuts the connection in the middle of the request.
    Reset,
    /// Reads the request and never answers.
    Stall,
    /// Takes the object, and cuts the connection in the middle of the answer.
    Truncate,
    /// Takes the object, and cuts the connection before the answer.
    Unanswered,
    /// Answers rightly, but only after this time.
    Slow(Duration),
}

/// Which puts go wrong. They are counted from 0 and every try counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Never.
    Never,
    /// This one alone.
    Only(usize),
    /// This one and all that follow.
    From(usize),
    /// Those for which a hash of the seed and the number falls under `percent` of all.
    Some {
        /// Makes runs differ.
        seed: u64,
        /// How many of a hundred.
        percent: u64,
    },
}

impl When {
    pub(crate) fn is_now(self, number: usize) -> bool {
        match self {
            Self::Never => false,
            Self::Only(only) => number == only,
            Self::From(first) => number >= first,
            Self::Some { seed, percent } => {
                // The finaliser of SplitMix64: near numbers and seeds have nothing in common.
                let z = seed.wrapping_add((number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
                let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                (z ^ (z >> 31)) % 100 < percent
            }
        }
    }
}

/// What goes wrong with the puts of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Which puts.
    pub when: When,
    /// How.
    pub fault: Fault,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self { when: When::Never, fault: Fault::Reset };
}
