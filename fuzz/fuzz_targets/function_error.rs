//! Decodes any bytes as the error document of a function: an error, or its texts.
#![no_main]

use athena_protocol::{ErrorKind, error::FunctionError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match FunctionError::decode(bytes) {
        Ok(error) => {
            let _ = error.java_message();
            let _ = athena_protocol::Error::from(&error).to_string();
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}"),
    }
});
