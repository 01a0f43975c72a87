//! The store against a real S3 API on loopback, and the store and the key factory against services
//! that say no.

mod faults;
mod round_trip;
mod servers;
