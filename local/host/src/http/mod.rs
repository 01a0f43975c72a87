//! HTTP server of the Runtime API, the Invoke endpoint and the S3 stand-in.

mod guard;
mod limited_body;
mod server;

pub(crate) use limited_body::LimitedBody;
pub(crate) use server::{Connection, Server};
