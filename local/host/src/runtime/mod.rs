//! Programs run under Lambda's rules: an invocation that exceeds its timeout or memory is killed
//! with its process, and requests and responses are limited to Lambda's payload size.

mod environment;
mod failure;
mod hosted_function;
mod log;
mod memory;
mod peer;
mod process;
mod process_table;
mod runtime_api;
mod sandbox;
mod socket_table;
pub(crate) mod watchdog;

pub use hosted_function::{ColdStart, HostedFunction};
