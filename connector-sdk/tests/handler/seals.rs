//! Sealed splits and page tokens: what callers can edit, move or invent.

use std::sync::{Arc, Mutex};

use athena_connector_sdk::{Error, ErrorKind, Handler, Settings, TableName};
use athena_protocol::{
    Request, Response, SerdeVersion,
    message::{GetSplitsRequest, ReadRecordsRequest},
};
use athena_spill::testing::MemoryStore;

use crate::fixture::*;

pub(crate) const SEAL: (&str, &str) =
    ("athena_connector_seal", "secret:0123456789abcdef0123456789abcdef");

/// Function with a table of a number of splits, and all that it called.
pub(crate) struct Function {
    pub(crate) handler: Handler,
    store: Arc<MemoryStore>,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Function {
    pub(crate) fn new(splits: usize, variables: &[(&str, &str)]) -> Self {
        let connector = FakeConnector { splits, ..FakeConnector::new(numbers(0, 5)) };
        let calls = Arc::clone(&connector.calls);
        let (handler, store) = spilling(connector);
        let handler = handler.with_settings(settings(variables));
        Self { handler, store, calls }
    }

    pub(crate) async fn splits(&self) -> (Vec<athena_protocol::Split>, Option<String>) {
        let Ok(Response::GetSplits(response)) =
            invoke(&self.handler, Request::GetSplits(splits_request())).await
        else {
            panic!("no splits")
        };
        (response.splits, response.continuation_token)
    }

    /// Handles a request that must be refused as `InvalidInput` before any call of the source or
    /// the store, and returns the error.
    pub(crate) async fn refused(&self, request: &[u8]) -> Error {
        self.calls.lock().unwrap().clear();
        let before = self.store.started();
        let error = self.handler.handle(request, None).await.expect_err("an edited request");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(self.calls.lock().unwrap().is_empty() && self.store.started() == before, "{error}");
        error
    }
}

pub(crate) fn reading(split: athena_protocol::Split) -> ReadRecordsRequest {
    ReadRecordsRequest { split, max_inline_block_size: 0, ..read_request(n()) }
}

pub(crate) fn encoded(request: ReadRecordsRequest) -> Vec<u8> {
    Request::ReadRecords(request).encode(SerdeVersion::LATEST).unwrap()
}

/// Replaces every byte of `text` between `start` and `end` with two others, one at a time.
fn edits(text: &[u8], start: usize, end: usize) -> impl Iterator<Item = Vec<u8>> {
    (start..end).flat_map(move |position| {
        let byte = text[position];
        let others = [byte ^ 1, if byte == b'A' { b'B' } else { b'A' }];
        others.map(|other| {
            let mut edited = text.to_vec();
            edited[position] = other;
            edited
        })
    })
}

fn position(text: &[u8], part: &str) -> usize {
    text.windows(part.len()).position(|window| window == part.as_bytes()).unwrap()
}

/// Number of splits whose every byte is edited.
fn recorded() -> usize {
    if std::env::var_os("ATHENA_LONG_TESTS").is_some() { 200 } else { 8 }
}

#[tokio::test]
async fn every_edit_of_a_byte_of_a_split_is_refused_before_the_source() {
    let function = Function::new(recorded(), &[SEAL]);
    let (splits, _) = function.splits().await;
    let (mut refused, mut same) = (0, 0);
    for split in splits {
        let request = encoded(reading(split.clone()));
        let start = position(&request, "\"split\":");
        let end = position(&request, "\"constraints\":");
        for edited in edits(&request, start, end) {
            let decoded = Request::decode(&edited);
            if matches!(&decoded, Ok((Request::ReadRecords(read), _)) if read.split == split) {
                same += 1;
                continue;
            }
            function.refused(&edited).await;
            refused += 1;
        }
        let read = read(&function.handler, &function.store, reading(split)).await.unwrap();
        assert_eq!(read.numbers("n"), (0..5).collect::<Vec<_>>());
    }
    println!("faults: {refused} edited splits refused, {same} edits without effect");
    assert!(refused > recorded() * 500);
}

#[tokio::test]
async fn every_edit_of_a_byte_of_a_token_is_refused_before_the_source() {
    let function = Function::new(1_001, &[SEAL]);
    let (splits, token) = function.splits().await;
    assert_eq!(splits.len(), 1_000);
    let token = token.unwrap();
    let next = GetSplitsRequest { continuation_token: Some(token.clone()), ..splits_request() };
    let request = Request::GetSplits(next).encode(SerdeVersion::LATEST).unwrap();
    let start = position(&request, &token);
    for edited in edits(&request, start, start + token.len()) {
        function.refused(&edited).await;
    }
    assert!(function.handler.handle(&request, None).await.is_ok());
}

#[tokio::test]
async fn a_split_of_another_query_table_or_function_is_refused_with_one_answer() {
    let function = Function::new(2, &[SEAL]);
    let (splits, _) = function.splits().await;
    let other = Function::new(2, &[("athena_connector_seal", &format!("{}x", SEAL.1))]);
    let (foreign, _) = other.splits().await;
    let mut mixed = splits[0].clone();
    mixed.spill_location.clone_from(&splits[1].spill_location);
    let mut unsealed = splits[0].clone();
    unsealed.properties.remove("$seal");
    let mut answers = std::collections::BTreeSet::new();
    for request in [
        ReadRecordsRequest { query_id: "other".into(), ..reading(splits[0].clone()) },
        ReadRecordsRequest {
            table_name: TableName::new("s", "other"),
            ..reading(splits[0].clone())
        },
        reading(foreign[0].clone()),
        reading(mixed),
        reading(unsealed),
    ] {
        let error = function.refused(&encoded(request)).await;
        answers.insert(error.message().to_owned());
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers.first().unwrap().contains("athena_connector_seal"));
}

#[tokio::test]
async fn a_caller_may_write_a_split_in_other_json() {
    let function = Function::new(1, &[SEAL]);
    let (splits, _) = function.splits().await;
    let request = encoded(reading(splits[0].clone()));
    // Sorted members, and every character of every string escaped.
    let document: serde_json::Value = serde_json::from_slice(&request).unwrap();
    let response = function.handler.handle(rewritten(&document).as_bytes(), None).await.unwrap();
    assert!(matches!(Response::decode(&response).unwrap(), Response::RemoteReadRecords(_)));
}

fn rewritten(value: &serde_json::Value) -> String {
    use serde_json::Value;
    let escaped = |text: &str| {
        let units: Vec<_> = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        format!("\"{}\"", units.concat())
    };
    match value {
        Value::String(text) => escaped(text),
        Value::Array(elements) => {
            format!("[ {} ]", elements.iter().map(rewritten).collect::<Vec<_>>().join(" , "))
        }
        Value::Object(members) => {
            // Messages and their parts may have members of newer versions; maps have a type each.
            let unknown = members.get("@type").map(|_| "\"x\" : [1, {\"split\": null}]".to_owned());
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members = members
                .iter()
                .map(|(name, value)| format!("{} : {}", escaped(name), rewritten(value)))
                .chain(unknown);
            format!("{{ {} }}", members.collect::<Vec<_>>().join(" , "))
        }
        other => other.to_string(),
    }
}

#[tokio::test]
async fn an_author_does_not_see_the_seal() {
    let seen = Arc::new(Mutex::new(None));
    let record = Arc::clone(&seen);
    let connector = FakeConnector::new(numbers(0, 5)).with_read(move |request| {
        *record.lock().unwrap() = Some(request.split);
        Ok(numbers(0, 5).into())
    });
    let (handler, store) = spilling(connector);
    let handler = handler.with_settings(settings(&[SEAL]));
    let Ok(Response::GetSplits(response)) =
        invoke(&handler, Request::GetSplits(splits_request())).await
    else {
        panic!("no splits")
    };
    read(&handler, &store, reading(response.splits[0].clone())).await.unwrap();
    let split = seen.lock().unwrap().take().unwrap();
    assert_eq!((split.get_str("number"), split.get_str("$seal")), (Some("0"), None));
}

#[tokio::test]
async fn a_function_reads_the_splits_of_another_with_its_secret_and_those_of_the_former_one() {
    let (splits, _) = Function::new(1, &[SEAL]).splits().await;
    let new = ("athena_connector_seal", "secret:another secret of 32 characters....");
    let former = ("athena_connector_seal_former", SEAL.1);
    for (variables, reads) in [(vec![SEAL], true), (vec![new], false), (vec![new, former], true)] {
        let reader = Function::new(1, &variables);
        let request = encoded(reading(splits[0].clone()));
        assert_eq!(reader.handler.handle(&request, None).await.is_ok(), reads, "{variables:?}");
    }
}

#[tokio::test]
async fn without_seals_a_split_still_needs_its_key_and_the_folder_of_its_query() {
    let function = Function::new(1, &[("athena_connector_seal", "off")]);
    let (splits, _) = function.splits().await;
    assert!(!splits[0].properties.contains_key("$seal"));
    let mut without_key = splits[0].clone();
    without_key.encryption_key = None;
    let error = function.refused(&encoded(reading(without_key))).await;
    assert!(error.message().contains("disable_spill_encryption"), "{error}");
    let other = ReadRecordsRequest { query_id: "other-query".into(), ..reading(splits[0].clone()) };
    let error = function.refused(&encoded(other)).await;
    assert!(error.message().contains("other-query"), "{error}");
    let clear = Function::new(1, &[("disable_spill_encryption", "true")]);
    let (splits, _) = clear.splits().await;
    assert!(splits[0].encryption_key.is_none());
    assert!(clear.handler.handle(&encoded(reading(splits[0].clone())), None).await.is_ok());
}

#[test]
fn a_seal_is_made_in_lambda_without_a_setting_and_its_secret_is_in_no_error() {
    let seal = |variables: &[(&'static str, &'static str)]| {
        Settings::from_vars(variables.iter().copied())
            .map(|settings| format!("{:?}", settings.seal))
    };
    let name = ("AWS_LAMBDA_FUNCTION_NAME", "shop");
    assert_eq!(seal(&[]).unwrap(), "Off");
    assert_eq!(seal(&[name]).unwrap(), "Function(\"shop\")");
    assert_eq!(seal(&[name, ("athena_connector_seal", "off")]).unwrap(), "Off");
    assert_eq!(seal(&[name, SEAL]).unwrap(), "Secret(Secret(redacted))");
    let kms = ("athena_connector_seal", "kms:alias/seal");
    assert_eq!(seal(&[name, kms]).unwrap(), "Kms(\"alias/seal\")");
    for wrong in ["function", "secret:hunter2-too-short", "kms:", "on", "SECRET"] {
        let error = seal(&[("athena_connector_seal", wrong)]).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(error.to_string().contains("athena_connector_seal"), "{error}");
    }
}
