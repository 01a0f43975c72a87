//! A local Athena: SQL against any connector through the real Lambda protocol.
//!
//! Without the feature `sql` there are the Lambda host, the S3 of this machine and the client of
//! the protocol alone, without an engine: what a program needs that runs and measures functions.

#[cfg(feature = "sql")]
pub mod cli;
pub mod client;
#[cfg(feature = "sql")]
pub mod commands;
#[cfg(feature = "sql")]
pub mod engine;
pub mod function;
pub mod host;
pub mod object_store;
#[cfg(feature = "sql")]
pub mod output;
pub mod sharing;
pub mod spec;
