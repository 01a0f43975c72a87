//! Handler invoked as Lambda invokes it: request bytes in, response bytes out.

mod access;
mod attacker;
#[cfg(feature = "lambda")]
mod audit;
#[cfg(feature = "lambda")]
mod captured_log;
mod fixture;
mod function_types;
mod functions;
mod harness;
mod hooks;
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
mod secrets;
mod spilling;
mod splits;
mod tables;
