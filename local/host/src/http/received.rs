//! A body that came in.

use athena_protocol::MAX_PAYLOAD_BYTES;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// A body that came in, of which no more is kept than a payload may have.
#[derive(Debug)]
pub(crate) struct Received {
    /// The body, or its beginning if it is too large.
    pub(crate) bytes: Bytes,
    /// How long it was.
    pub(crate) length: u64,
}

impl Received {
    /// Reads `body` to its end, however long it is and even if it is of no use: a client sends all
    /// of it before it reads the answer, and loses the connection if nobody takes it.
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

    /// Whether it is larger than Lambda carries.
    pub(crate) fn is_too_large(&self) -> bool {
        self.length > MAX_PAYLOAD_BYTES as u64
    }
}
