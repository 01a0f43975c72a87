//! An S3 in memory, over http or https, that counts what it is asked and fails when it is told to.
//!
//! It takes what the clients of AWS send: objects whole or in signed chunks. It checks no
//! signature, so that it costs next to nothing beside the function that is measured; the S3 of
//! `athena-local` does.

mod body;
mod certificate;
mod fault;
mod objects;
mod service;
mod store;

pub use certificate::Certificate;
pub use fault::{Fault, Faults, When};
pub use objects::Objects;
pub use store::{BUCKET, Store};
