//! The limits that Lambda puts on a synchronous invocation.

/// The largest request or response of a synchronous Lambda invocation, in bytes of JSON.
///
/// The service counts 6 MiB plus 100 bytes of framing; a function that answers more gets
/// `Function.ResponseSizeTooLarge` and the query fails.
pub const MAX_PAYLOAD_BYTES: usize = 6_291_556;

/// The largest encoded record batch that still fits into [`MAX_PAYLOAD_BYTES`] after base64, in
/// bytes.
///
/// Three quarters of the payload; the JSON around it comes off in the writer, which measures the
/// finished document.
pub const MAX_INLINE_BYTES: usize = 4_718_667;
