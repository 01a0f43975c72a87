//! A local Athena: SQL against any connector through the real Lambda protocol.

pub mod cli;
pub mod client;
pub mod commands;
pub mod engine;
pub mod function;
pub mod host;
pub mod object_store;
pub mod output;
pub mod spec;
