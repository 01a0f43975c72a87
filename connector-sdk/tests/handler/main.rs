//! A handler driven as Lambda drives it: the bytes of a request in, the bytes of an answer out.

mod fixture;
#[path = "../../src/plan/tests/build.rs"]
#[expect(dead_code, reason = "the unit tests write all of it")]
mod plan_messages;

mod functions;
mod limits;
mod listing;
mod metadata;
mod partitions;
mod passthrough;
mod plans;
mod reading;
mod spilling;
mod splits;
