//! A handler driven as Lambda drives it: the bytes of a request in, the bytes of an answer out.

mod fixture;
mod functions;
#[cfg(feature = "lambda")]
mod lambda;
mod limits;
mod listing;
mod metadata;
mod partitions;
mod passthrough;
mod plans;
mod reading;
mod spilling;
mod splits;
