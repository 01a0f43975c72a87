//! A handler driven as Lambda drives it: the bytes of a request in, the bytes of an answer out.

mod fixture;

mod functions;
mod listing;
mod metadata;
mod reading;
mod spilling;
mod splits;
