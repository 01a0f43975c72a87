//! Decodes any bytes as a spilled object, plain and encrypted: an error, or rows whose values can
//! all be formatted.
#![no_main]

use std::sync::LazyLock;

use arrow::{
    datatypes::SchemaRef,
    util::display::{ArrayFormatter, FormatOptions},
};
use athena_fuzz::{key, schema};
use athena_protocol::timestamp_tz::unpack_batch;
use athena_spill::decode_object;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(schema);

fuzz_target!(|bytes: &[u8]| {
    let object = Bytes::copy_from_slice(bytes);
    let _ = decode_object(object.clone(), Some(&key()), &SCHEMA);
    let Ok(batch) = decode_object(object, None, &SCHEMA) else { return };
    let Ok(batch) = unpack_batch(&batch) else { return };
    let rows = batch.num_rows().min(4);
    for column in batch.columns() {
        let Ok(formatter) = ArrayFormatter::try_new(column, &FormatOptions::new()) else {
            continue;
        };
        for row in 0..rows {
            let _ = formatter.value(row).try_to_string();
        }
    }
});
