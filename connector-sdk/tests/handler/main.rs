//! Handler invoked as Lambda invokes it: request bytes in, response bytes out.

mod access;
mod attacker;
#[cfg(feature = "lambda")]
mod audit;
#[cfg(feature = "lambda")]
mod captured_log;
mod fixture;
mod functions;
mod harness;
#[cfg(feature = "lambda")]
mod lambda;
mod limits;
mod listing;
mod metadata;
mod partitions;
mod passthrough;
mod plans;
mod reading;
mod seals;
mod spilling;
mod splits;
