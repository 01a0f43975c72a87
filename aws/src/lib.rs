//! Configuration of AWS clients, and classification of their errors.
//!
//! [`ClientConfig`] sets time limits and retries for the clients of all services. [`AwsOperation`]
//! converts the error of a failed call into an [`Error`](athena_protocol::Error) that names the
//! resource and the missing permission or network route.

mod client_config;
mod operation;

pub use client_config::{ClientConfig, is_plain_http, needs_path_style};
pub use operation::AwsOperation;
