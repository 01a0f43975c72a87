//! The versions of the serialisation ("serde") that engines and connectors speak.

/// A version of the JSON and Arrow serialisation.
///
/// What each changes: 2 is the base, with legacy Arrow framing; 3 has modern framing; 4 adds
/// expressions, order, limit and capabilities; 5 adds query passthrough; 6 adds query plans.
/// Version 1 has other names for much the same, and only peers that know nothing else speak it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SerdeVersion {
    /// As 2, with other member names and with stand-alone schemas in an object of their own.
    V1,
    /// Legacy Arrow framing, metadata version 4; constraints hold value sets only.
    V2,
    /// As 2, with modern Arrow framing and metadata version 5.
    V3,
    /// Adds expressions, order, limit and the capabilities exchange.
    V4,
    /// Adds query passthrough arguments.
    V5,
    /// Adds the query plan.
    V6,
}

impl SerdeVersion {
    /// The newest version that this crate reads and writes.
    pub const LATEST: Self = Self::V6;

    /// Every version that peers choose who know more than the first, oldest first.
    pub const ALL: [Self; 5] = [Self::V2, Self::V3, Self::V4, Self::V5, Self::V6];

    /// The number that travels in `serDeVersion`.
    pub fn number(self) -> i32 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V3 => 3,
            Self::V4 => 4,
            Self::V5 => 5,
            Self::V6 => 6,
        }
    }

    /// The version to speak to a peer whose highest version is `number`: the peer's or ours,
    /// whichever is lower.
    pub fn negotiate(number: i32) -> Self {
        match number {
            ..2 => Self::V1,
            2 => Self::V2,
            3 => Self::V3,
            4 => Self::V4,
            5 => Self::V5,
            6.. => Self::V6,
        }
    }

    /// Whether Arrow messages of this version use the legacy framing and metadata version 4.
    pub fn has_legacy_framing(self) -> bool {
        self <= Self::V2
    }
}
