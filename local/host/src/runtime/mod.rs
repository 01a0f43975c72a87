//! A program run as Lambda runs one: the deadline is real, an invocation that exceeds it ends with
//! its process, requests and answers are limited to Lambda's payload size, and memory is watched.

mod environment;
mod failure;
mod hosted_function;
mod log;
mod memory;
mod process;
mod runtime_api;
mod sandbox;
mod watchdog;

pub use hosted_function::{ColdStart, HostedFunction};
