//! Audit line: one for each invocation, with its fields and without values.

use std::time::{Duration, SystemTime};

use athena_connector_sdk::RecordBatchStream;
use athena_protocol::{Request, Response, SerdeVersion, message::ReadRecordsRequest};

use crate::{captured_log::CapturedLog, fixture::*};

const AUDITED: [(&str, &str); 2] = [
    ("athena_connector_audit", "true"),
    ("athena_connector_seal", "secret:0123456789abcdef0123456789abcdef"),
];

#[tokio::test]
async fn the_line_of_a_refused_split_says_why_and_the_answer_does_not() {
    let log = CapturedLog::start();
    let function = |secret| {
        let (handler, _) = spilling(FakeConnector::new(numbers(0, 5)));
        handler.with_settings(settings(&[AUDITED[0], ("athena_connector_seal", secret)]))
    };
    let handler = function(AUDITED[1].1);
    let splits = Request::GetSplits(splits_request());
    let Ok(Response::GetSplits(own)) = invoke(&handler, splits.clone()).await else { panic!() };
    let other = function("secret:another secret of 32 characters....");
    let Ok(Response::GetSplits(foreign)) = invoke(&other, splits).await else { panic!() };
    let mut edited = own.splits[0].clone();
    edited.properties.insert("number".into(), "9".into());
    let mut unsealed = own.splits[0].clone();
    unsealed.properties.remove("$seal");
    log.take();
    for (split, expected) in
        [(edited, "edited"), (foreign.splits[0].clone(), "foreign"), (unsealed, "unsealed")]
    {
        let request = ReadRecordsRequest { split, ..read_request(n()) };
        let error = invoke(&handler, Request::ReadRecords(request)).await.unwrap_err();
        assert!(!error.to_string().contains(expected), "{error}");
        let lines = log.take_audit_lines();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["seal"], expected);
        assert_eq!(lines[0]["refused"], "InvalidInputException");
        assert_eq!(lines[0]["rows"], 0);
    }
}

#[tokio::test]
async fn a_timeout_has_its_line() {
    let log = CapturedLog::start();
    let connector = FakeConnector::new(numbers(0, 5))
        .with_read(|_| Ok(RecordBatchStream::new(futures::stream::pending())));
    let handler = spilling(connector).0.with_settings(settings(&AUDITED[..1]));
    let request = Request::ReadRecords(read_request(n())).encode(SerdeVersion::LATEST).unwrap();
    let deadline = SystemTime::now() + Duration::from_millis(1_050);
    handler.handle(&request, Some(deadline)).await.unwrap_err();
    let lines = log.take_audit_lines();
    assert_eq!(lines.len(), 1);
    assert!(lines[0]["refused"].is_string(), "{}", lines[0]);
}
