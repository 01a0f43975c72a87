//! Lambda on this machine: processes behind the Runtime API, with the limits of the service.
//!
//! [`HostedFunction`] runs a program as Lambda would: the deadline is real, an invocation that
//! takes too long ends with its process, requests and answers have the size that the service
//! allows, and memory is watched. [`endpoint`] offers functions to clients of the service. Works on
//! Unix.

pub mod endpoint;

mod environment;
mod failure;
mod hosted_function;
mod log;
mod memory;
mod process;
mod received;
mod runtime_api;
mod sandbox;
pub(crate) mod server;
mod watchdog;

pub use hosted_function::{ColdStart, HostedFunction};
