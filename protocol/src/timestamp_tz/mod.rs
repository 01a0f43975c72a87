//! `TIMESTAMP WITH TIME ZONE` on the wire: milliseconds and a time zone key packed into one
//! integer, value by value (section 6.2 of the protocol).
//!
//! Arrow has one zone for a column; the wire has one for a value, and ignores the column's. Blocks
//! as [`crate::block`] reads and writes them hold packed values, which Arrow's kernels would take
//! for instants far in the future; [`unpack_batch`] and [`pack_batch`] go from the one to the
//! other. Only `Timestamp(Millisecond, Some(_))` is packed, wherever it stands: timestamps of other
//! units travel as they are.
//!
//! ```
//! use athena_protocol::timestamp_tz::{ZoneKey, pack, unpack};
//!
//! let new_york = ZoneKey::from_name("America/New_York")?;
//! let packed = pack(1_709_294_400_000, new_york)?;
//! assert_eq!(packed, 7_001_269_862_401_847);
//! assert_eq!(unpack(packed), (1_709_294_400_000, new_york));
//! # Ok::<(), athena_protocol::Error>(())
//! ```

mod arrays;
mod key;
mod names;

pub use arrays::{is_zoned, pack_batch, pack_column, unpack_batch, unpack_column};
pub use key::{ZoneKey, pack, unpack};
