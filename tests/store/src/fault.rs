//! Faults of put requests, and their schedules.

use std::time::Duration;

/// Fault of one put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Responds with this status and error code, after reading the whole request.
    Status(u16, &'static str),
    /// Closes the connection in the middle of the request.
    Reset,
    /// Reads the request and never responds.
    Stall,
    /// Stores the object, and closes the connection in the middle of the response.
    Truncate,
    /// Stores the object, and closes the connection before the response.
    Unanswered,
    /// Responds correctly, but only after this time.
    Slow(Duration),
}

/// Schedule of faults. Puts are counted from 0, including retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// No put.
    Never,
    /// Only this put.
    Only(usize),
    /// This put and all that follow.
    From(usize),
    /// `percent` of all puts, chosen by a hash of the seed and the number.
    Some {
        /// Seed that distinguishes runs.
        seed: u64,
        /// Percentage of puts that fail.
        percent: u64,
    },
}

impl When {
    pub(crate) fn applies_to(self, number: usize) -> bool {
        match self {
            Self::Never => false,
            Self::Only(only) => number == only,
            Self::From(first) => number >= first,
            Self::Some { seed, percent } => {
                // Finalizer of SplitMix64: close numbers and seeds give unrelated values.
                let z = seed.wrapping_add((number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
                let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                (z ^ (z >> 31)) % 100 < percent
            }
        }
    }
}

/// Faults of the puts of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Affected puts.
    pub when: When,
    /// Fault of each.
    pub fault: Fault,
}

impl Faults {
    /// No faults.
    pub const NONE: Self = Self { when: When::Never, fault: Fault::Reset };
}
