//! Any bytes as a request: an error, or a message that is written and read again to the same
//! message and the same bytes.
#![no_main]

use athena_protocol::{ErrorKind, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Request::decode(bytes) {
        Ok((request, version)) => {
            // What one version has, an older one may not: then it is refused, not left out.
            let Ok(written) = request.encode(version) else { return };
            let (again, _) = Request::decode(&written).expect("what we write is read");
            assert_eq!(again, request);
            assert_eq!(again.encode(version).expect("what was written is written again"), written);
        }
        Err(error) => assert!(
            matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported),
            "{error}"
        ),
    }
});
