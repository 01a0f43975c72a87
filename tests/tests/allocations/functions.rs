//! Functions over millions of rows.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BooleanArray},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{ErrorKind, Handler, StaticConnector, Udfs};
use athena_protocol::{Request, SerdeVersion, message::UserDefinedFunctionRequest};

use super::exclusive;

const ROWS: usize = 6_000_000;

fn request(method_name: &str, returns: DataType) -> Vec<u8> {
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true; ROWS]));
    let request = Request::UserDefinedFunction(UserDefinedFunctionRequest {
        identity: None,
        input_records: RecordBatch::try_from_iter([("flag", flags)]).expect("one column"),
        output_schema: Arc::new(Schema::new(vec![Field::new("result", returns, true)])),
        method_name: method_name.to_owned(),
    });
    request.encode(SerdeVersion::LATEST).expect("a request")
}

#[test]
fn a_function_takes_memory_for_one_response_whatever_the_number_of_rows() {
    // Others measure what the whole process allocates, the requests of this test too.
    let _exclusive = exclusive();
    let udfs = Udfs::new()
        .scalar("word", |flag: bool| flag.to_string())
        .scalar("kilobyte", |_: bool| "x".repeat(1_000))
        .vectorized("same", [DataType::Boolean], DataType::Boolean, |call| {
            Ok(Arc::clone(&call.arguments[0]))
        });
    let handler = Handler::new(StaticConnector::new()).with_udfs(udfs);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for (name, returns, fits) in [
        ("word", DataType::Utf8, false),
        ("kilobyte", DataType::Utf8, false),
        ("same", DataType::Boolean, true),
    ] {
        let request = request(name, returns);
        let profiler = dhat::Profiler::builder().testing().build();
        let response = runtime.block_on(handler.handle(&request, None));
        let peak = dhat::HeapStats::get().max_bytes;
        drop(profiler);
        println!("{name}: {} MB at most for {ROWS} rows", peak >> 20);
        assert!(peak < 40 << 20, "{name}: {peak} bytes");
        match response {
            Ok(_) => assert!(fits, "{name}"),
            Err(error) => {
                assert!(!fits, "{name}: {error}");
                assert_eq!(error.kind(), ErrorKind::Unsupported);
            }
        }
    }
}
