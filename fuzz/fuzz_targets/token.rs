//! Sends any text as a page token: `InvalidInput`, or a page of the list that the token belongs to.
#![no_main]

use std::sync::LazyLock;

use athena_connector_sdk::Handler;
use athena_fuzz::{RUNTIME, list_tables, ten_tables};
use athena_protocol::{ErrorKind, Response};
use libfuzzer_sys::fuzz_target;

static HANDLER: LazyLock<Handler> = LazyLock::new(ten_tables);

fuzz_target!(|token: &str| {
    match RUNTIME.block_on(HANDLER.handle(&list_tables(Some(token)), None)) {
        Ok(answer) => assert!(matches!(Response::decode(&answer), Ok(Response::ListTables(_)))),
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}"),
    }
});
