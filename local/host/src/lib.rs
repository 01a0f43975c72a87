//! AWS Lambda on this machine: functions as processes behind the Runtime API, and an S3 API for
//! what they spill.
//!
//! | To | see |
//! |---|---|
//! | run a program as Lambda would: deadline, memory, payload limits, concurrency | [`HostedFunction`] |
//! | open a function by a [`Spec`]: a package, a process, an endpoint, an ARN | [`open`], [`build_all`] |
//! | share functions and one S3 among queries | [`Registry`] |
//! | offer functions to AWS clients | [`invoke_endpoint`] |
//! | store objects on the loopback interface | [`LocalS3`] |
//!
//! Works on Unix.

pub mod invoke_endpoint;

mod function;
mod http;
mod local_s3;
mod options;
mod registry;
mod runtime;
mod spec;

pub use function::{EndpointFunction, build_all, open};
pub use local_s3::LocalS3;
pub use options::FunctionOptions;
pub use registry::Registry;
pub use runtime::{ColdStart, HostedFunction};
pub use spec::{FORMS, InvalidSpec, Spec};
