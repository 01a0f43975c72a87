//! Decodes any bytes as a response: an error, or a message that survives a round trip, with the
//! same bytes.
#![no_main]

use athena_protocol::{ErrorKind, Response, SerdeVersion};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Response::decode(bytes) {
        Ok(response) => {
            let Ok(written) = response.encode(SerdeVersion::LATEST) else { return };
            let again = Response::decode(&written).expect("an encoded message can be decoded");
            assert_eq!(again, response);
            assert_eq!(
                again.encode(SerdeVersion::LATEST).expect("a decoded message can be encoded"),
                written
            );
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}"),
    }
});
