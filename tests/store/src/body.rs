//! Request bodies, plain or in AWS chunks.

use std::io;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{HeaderMap, body::Incoming};

/// Reads a body; `None` if the peer disconnects.
pub(crate) async fn read(mut body: Incoming, headers: &HeaderMap) -> Option<Bytes> {
    let length = header(headers, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(length);
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.ok()?.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Some(bytes.into())
}

/// Reads the first bytes of a body, so that the peer is in the middle of sending it.
pub(crate) async fn begin(mut body: Incoming) {
    let _ = body.frame().await;
}

/// Extracts the object from a body, which may be encoded in AWS chunks.
pub(crate) fn object(body: Bytes, headers: &HeaderMap) -> io::Result<Bytes> {
    let is_chunked = header(headers, "content-encoding")
        .is_some_and(|encoding| encoding.contains("aws-chunked"))
        || header(headers, "x-amz-content-sha256")
            .is_some_and(|hash| hash.starts_with("STREAMING-"));
    if !is_chunked {
        return Ok(body);
    }
    let invalid = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem.to_owned());
    let mut object = Vec::with_capacity(body.len());
    let mut rest = &body[..];
    loop {
        let line = rest
            .windows(2)
            .position(|end| end == b"\r\n")
            .ok_or_else(|| invalid("a chunk has no size line"))?;
        let size = std::str::from_utf8(&rest[..line]).unwrap_or_default();
        let size = size.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16)
            .map_err(|_| invalid("the size of a chunk is not hexadecimal"))?;
        if size == 0 {
            break;
        }
        let data = rest
            .get(line + 2..)
            .and_then(|rest| rest.get(..size))
            .ok_or_else(|| invalid("a chunk is truncated"))?;
        object.extend_from_slice(data);
        rest =
            rest.get(line + 2 + size + 2..).ok_or_else(|| invalid("a chunk has no terminator"))?;
    }
    let length = header(headers, "x-amz-decoded-content-length").and_then(|text| text.parse().ok());
    if length.is_some_and(|length: usize| length != object.len()) {
        return Err(invalid("the chunks differ from the decoded length"));
    }
    Ok(object.into())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
