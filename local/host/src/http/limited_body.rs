//! Request bodies of limited size.

use athena_protocol::MAX_PAYLOAD_BYTES;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// A request body, truncated to Lambda's maximum payload size.
#[derive(Debug)]
pub(crate) struct LimitedBody {
    /// The body, or its beginning if it is too large.
    pub(crate) bytes: Bytes,
    /// Length of the whole body in bytes.
    pub(crate) length: u64,
}

impl LimitedBody {
    /// Reads `body` to its end and keeps as much as the limit allows.
    ///
    /// Reads a body to its end even if it is too large or useless: a client sends all of it before
    /// it reads the response, and loses the connection if the server stops reading.
    pub(crate) async fn read(mut body: Incoming) -> Result<Self, hyper::Error> {
        let mut bytes = BytesMut::new();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                length += data.len() as u64;
                let room = MAX_PAYLOAD_BYTES - bytes.len();
                bytes.extend_from_slice(&data[..data.len().min(room)]);
            }
        }
        Ok(Self { bytes: bytes.freeze(), length })
    }

    /// Returns whether the body exceeds Lambda's maximum payload size.
    pub(crate) fn is_too_large(&self) -> bool {
        self.length > MAX_PAYLOAD_BYTES as u64
    }
}
