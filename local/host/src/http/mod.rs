//! The HTTP server of the Runtime API, the Invoke endpoint and the S3 stand-in.

mod received;
mod server;

pub(crate) use received::Received;
pub(crate) use server::Server;
