//! `S3Store` against an S3 API on loopback, and both AWS clients against failing services.

mod faults;
mod round_trip;
mod servers;
