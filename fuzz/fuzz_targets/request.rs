//! Decodes any bytes as a request: an error, or a message that survives a round trip, with the same
//! bytes.
#![no_main]

use athena_protocol::{ErrorKind, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Request::decode(bytes) {
        Ok((request, version)) => {
            // An older version may lack a part of the message: it must reject the part, not omit
            // it.
            let Ok(written) = request.encode(version) else { return };
            let (again, _) = Request::decode(&written).expect("an encoded message can be decoded");
            assert_eq!(again, request);
            assert_eq!(again.encode(version).expect("a decoded message can be encoded"), written);
        }
        Err(error) => assert!(
            matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported),
            "{error}"
        ),
    }
});
