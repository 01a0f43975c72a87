//! Decodes any bytes as a schema and a block, as in messages: an error, or rows that survive a
//! round trip.
#![no_main]

use athena_fuzz::split_block;
use athena_protocol::block::{Framing, decode_batch, decode_schema, encode_batch, encoded_len};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((schema, block)) = split_block(bytes) else { return };
    let Ok(schema) = decode_schema(schema) else { return };
    let Ok(batch) = decode_batch(block, &schema) else { return };
    for framing in [Framing::Legacy, Framing::Modern] {
        let mut written = Vec::new();
        if encode_batch(&batch, framing, &mut written).is_err() {
            continue;
        }
        assert_eq!(
            written.len(),
            encoded_len(&batch, framing).expect("an encoded batch has a length")
        );
        let again = decode_batch(&written, &schema).expect("an encoded batch can be decoded");
        assert_eq!(again, batch);
        let mut rewritten = Vec::new();
        encode_batch(&again, framing, &mut rewritten).expect("a decoded batch can be encoded");
        assert_eq!(rewritten, written);
    }
});
