//! In-memory S3 server over http or https that counts requests and injects faults.
//!
//! It accepts the requests of AWS clients, with whole objects or in signed chunks. It does not
//! verify signatures, so that it costs next to nothing compared with the function being measured;
//! the S3 of `athena-local` does.

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
