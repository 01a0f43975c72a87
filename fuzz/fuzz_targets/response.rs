//! Any bytes as a response: an error, or a message that is written and read again to the same
//! message and the same bytes.
#![no_main]

use athena_protocol::{ErrorKind, Response, SerdeVersion};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Response::decode(bytes) {
        Ok(response) => {
            let Ok(written) = response.encode(SerdeVersion::LATEST) else { return };
            let again = Response::decode(&written).expect("what we write is read");
            assert_eq!(again, response);
            assert_eq!(
                again.encode(SerdeVersion::LATEST).expect("what was written is written again"),
                written
            );
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}"),
    }
});
