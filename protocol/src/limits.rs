//! Size limits of a synchronous Lambda invocation, and the growth of blocks in JSON.

/// Maximum size of a request or response of a synchronous Lambda invocation, in bytes of JSON.
///
/// The service counts 6 MiB plus 100 bytes of framing. A larger response fails the query with
/// `Function.ResponseSizeTooLarge`.
pub const MAX_PAYLOAD_BYTES: usize = 6_291_556;

/// Maximum size of an encoded record batch that fits into [`MAX_PAYLOAD_BYTES`] as base64, in
/// bytes.
///
/// An upper bound only: the surrounding JSON takes space too, for which
/// [`RESPONSE_MARGIN_BYTES`] is an allowance.
pub const MAX_INLINE_BYTES: usize = MAX_PAYLOAD_BYTES / 4 * 3;

/// Part of [`MAX_PAYLOAD_BYTES`] to reserve for the members around a list or block, in bytes.
///
/// Approximate: enough for the names, the schema and the tokens of all but extreme tables.
pub const RESPONSE_MARGIN_BYTES: usize = 64 * 1024;

/// Returns the length of `bytes` bytes as padded base64: four characters for every three bytes.
///
/// Blocks, schemas, keys and nonces travel in this form.
///
/// ```
/// use athena_protocol::{MAX_INLINE_BYTES, MAX_PAYLOAD_BYTES, base64_len};
///
/// assert_eq!(base64_len(4), 8);
/// assert_eq!(base64_len(MAX_INLINE_BYTES), MAX_PAYLOAD_BYTES);
/// ```
pub const fn base64_len(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}
