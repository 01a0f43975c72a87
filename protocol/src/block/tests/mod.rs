//! Blocks of every type, written and read.

mod damage;
mod round_trip;
mod samples;
