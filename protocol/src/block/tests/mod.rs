//! Encoding and decoding of blocks of every type.

mod damage;
mod round_trip;
mod samples;
