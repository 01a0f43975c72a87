//! Versions of the serialization ("serde") that engines and connectors speak.

use crate::block::Framing;

/// A version of the JSON and Arrow serialization.
///
/// Versions are cumulative: 2 is the base, with legacy Arrow framing; 3 changes to modern framing;
/// 4 adds expressions, order, limit and capabilities; 5 adds query passthrough; 6 adds query
/// plans. Version 1 names much the same members differently and is spoken only with peers that
/// know no other.
///
/// ```
/// use athena_protocol::{SerdeVersion, block::Framing};
///
/// assert!(SerdeVersion::V4 < SerdeVersion::LATEST);
/// assert_eq!(SerdeVersion::V2.framing(), Framing::Legacy);
/// assert_eq!(SerdeVersion::negotiate(9), SerdeVersion::V6);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SerdeVersion {
    /// As 2, with other member names and with top-level schemas wrapped in an object.
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

    /// Versions that a peer newer than version 1 may choose, oldest first.
    pub const ALL: [Self; 5] = [Self::V2, Self::V3, Self::V4, Self::V5, Self::V6];

    /// Returns the value of the member `serDeVersion`.
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

    /// Returns the version to speak with a peer whose highest version is `number`: the lower of
    /// that and [`LATEST`](Self::LATEST). Numbers below 1 count as 1.
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

    /// Returns the framing of Arrow messages inside requests and responses of this version.
    ///
    /// Spilled objects have [`Framing::Legacy`] in every version.
    pub fn framing(self) -> Framing {
        if self <= Self::V2 { Framing::Legacy } else { Framing::Modern }
    }
}
