//! The packed form of `TIMESTAMP WITH TIME ZONE`: milliseconds and a time zone key in one integer
//! per value (section 6.2 of the protocol).
//!
//! Arrow has one time zone per column; the wire has one per value and ignores the column's. Blocks
//! that [`block`](crate::block) reads and writes hold packed values, which Arrow's kernels would
//! misread as instants in the distant future: convert them with [`unpack_batch`] and
//! [`pack_batch`]. Only `Timestamp(Millisecond, Some(_))` is packed, at any depth; timestamps of
//! other units travel unchanged.
//!
//! ```
//! use athena_protocol::timestamp_tz::{TimeZoneKey, pack, unpack};
//!
//! let new_york = TimeZoneKey::from_name("America/New_York")?;
//! let packed = pack(1_709_294_400_000, new_york)?;
//! assert_eq!(packed, 7_001_269_862_401_847);
//! assert_eq!(unpack(packed), (1_709_294_400_000, new_york));
//! # Ok::<(), athena_protocol::Error>(())
//! ```

mod arrays;
mod key;
mod names;

pub use arrays::{contains_timestamp_tz, pack_batch, pack_column, unpack_batch, unpack_column};
pub use key::{TimeZoneKey, pack, unpack};
