//! Connector against a server: every row of every query, whatever the server does.

mod orders;
mod server;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use athena_client::{Invoke, InvokeError};
use athena_conformance::suite::{Options, Suite};
use athena_connector_http::{Http, config::Api};
use athena_connector_sdk::{
    Connector as _, Context, Error, ErrorKind, GetTable, Handler, ReadRecords, Secret, SecretStore,
    Secrets, Settings, Split, TableName,
    arrow::{
        array::{ArrayRef, Int64Array},
        datatypes::{DataType, Field, Schema, SchemaRef},
        record_batch::RecordBatch,
    },
    async_trait,
    predicate::{Bound, Constraints, Marker, Range, SortedRangeSet, ValueSet},
    protocol::error::FunctionError,
};
use athena_spill::{ObjectStore, testing::MemoryStore};
use bytes::Bytes;
use futures::TryStreamExt as _;

use server::{Reply, Server};

/// Connector in this process, called with bytes as Lambda does.
#[derive(Debug)]
struct InProcess(Handler);

#[async_trait]
impl Invoke for InProcess {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let response = self.0.handle(&request, None).await;
        response
            .map(Bytes::from)
            .map_err(|error| InvokeError::Function(FunctionError::from(&error)))
    }
}

#[tokio::test]
async fn the_suite_has_no_findings_while_the_api_fails_every_seventh_request() {
    let server = Server::start(orders::answer).await;
    let api = Api::parse(&orders::declaration(&server.address)).unwrap();
    let http = Http::new(api, Secrets::from_env());
    let store = Arc::new(MemoryStore::new());
    let settings = [("spill_bucket", "spill")];
    let handler = Handler::new(http)
        .with_settings(Settings::from_vars(settings).unwrap())
        .with_object_store(Arc::clone(&store) as _);
    let options = Options { seed: 3, cases: 150, ..Options::default() };
    let suite = Suite::new(Arc::new(InProcess(handler)), options);
    let report = suite.with_store(store as Arc<dyn ObjectStore>).run().await;
    assert!(report.findings.is_empty(), "{}", report.to_text());
    assert!(report.to_text().contains("3000 rows of 3 of 3 splits"), "{}", report.to_text());
    let requests = server.requests();
    for (parameter, least) in [("status", 3), ("min_amount", 3), ("id", 3), ("month", 200)] {
        let sent = requests.iter().filter(|request| request.parameter(parameter).is_some());
        assert!(sent.count() >= least, "{parameter} of {}", requests.len());
    }
}

const MINIMAL: &str = r#"{"base_url": "ADDRESS", "headers": {"X-Key": "${PATH}"},
    "limits": {"read_seconds": 1, "response_bytes": 100000},
    "schemas": {"s": {"t": {"path": "rows", "query": {"kind": "hidden-kind"}, PAGING
        "columns": [{"name": "n", "type": "bigint"}],
        "filters": [{"column": "n", "operator": ">=", "parameter": "least", "exact": true}],
        "limit": "limit"}}}}"#;

fn connector(address: &str, paging: &str) -> Http {
    let text = MINIMAL.replace("ADDRESS", address).replace("PAGING", paging);
    Http::new(Api::parse(&text).unwrap(), Secrets::from_env())
}

/// Store of one secret, `key`, whose value a test changes.
struct OneSecret(Arc<Mutex<&'static str>>);

#[async_trait]
impl SecretStore for OneSecret {
    async fn fetch(&self, name: &str) -> Result<Secret, Error> {
        assert_eq!(name, "key");
        Ok(Secret::new(*self.0.lock().unwrap()))
    }
}

#[tokio::test]
async fn a_rotated_secret_is_found_at_the_first_request_that_is_refused() {
    let current = Arc::new(Mutex::new("first"));
    let accepted = Arc::clone(&current);
    let server = Server::start(move |request: &server::Request, _| {
        let header = format!("x-key: {}\r\n", accepted.lock().unwrap());
        if request.headers.contains(&header) {
            Reply::ok(r#"[{"n": 1}]"#)
        } else {
            Reply::status(401)
        }
    })
    .await;
    let text = MINIMAL.replace("ADDRESS", &server.address).replace("PAGING", "");
    let text = text.replace("${PATH}", "${secret:key}");
    let http = Http::new(Api::parse(&text).unwrap(), Secrets::new(OneSecret(Arc::clone(&current))));
    for (secret, requests) in [("first", 1), ("second", 3)] {
        *current.lock().unwrap() = secret;
        assert_eq!(read(&http, request()).await.unwrap()[0].num_rows(), 1);
        assert_eq!(server.requests().len(), requests);
    }
}

fn numbers() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))
}

fn request() -> ReadRecords {
    ReadRecords::new(TableName::new("s", "t"), numbers(), Split::new())
}

async fn read(http: &Http, request: ReadRecords) -> Result<Vec<RecordBatch>, Error> {
    http.read_records(request).await?.try_collect().await
}

async fn failure(http: &Http) -> Error {
    let soon = std::time::SystemTime::now() + Duration::from_secs(4);
    let context = Context::default().with_deadline(soon);
    read(http, request().with_context(context)).await.unwrap_err()
}

#[tokio::test]
async fn every_failure_has_its_kind_and_shows_no_value() {
    for (status, kind, attempts) in [
        (401, ErrorKind::InvalidCredentials, 1),
        (403, ErrorKind::AccessDenied, 1),
        (404, ErrorKind::NotFound, 1),
        (422, ErrorKind::InvalidInput, 1),
        (429, ErrorKind::Throttled, 2),
        (500, ErrorKind::Unavailable, 2),
        (302, ErrorKind::InvalidResponse, 1),
    ] {
        let server = Server::start(move |_, _| Reply::status(status)).await;
        let error = failure(&connector(&server.address, "")).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert!(server.requests().len() >= attempts, "{status}");
        let text = error.to_string();
        assert!(text.contains("/rows?kind") && text.contains(&status.to_string()), "{text}");
        assert!(!text.contains("hidden"), "{text}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_list_of_rows_is_invalid() {
    for body in ["", "{", "{}", "null", "7", "[1]", r#"[{"n": "secret"}]"#, "<html>secret</html>"] {
        let server = Server::start(move |_, _| Reply::ok(body)).await;
        let error = failure(&connector(&server.address, "")).await;
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}: {error}");
        assert!(!error.message().contains("secret"), "{error}");
    }
    let server = Server::start(|_, _| Reply::ok(format!("[{}{{}}]", "{},".repeat(50_000)))).await;
    let error = failure(&connector(&server.address, "")).await;
    assert!(error.message().contains("larger than 100000 bytes"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_one_that_stalls_times_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    // It accepts connections, and never answers.
    assert_eq!(failure(&connector(&address, "")).await.kind(), ErrorKind::Timeout);
    drop(listener);
    assert_eq!(failure(&connector(&address, "")).await.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn half_an_answer_is_no_answer() {
    let cut = |_: &server::Request, _| Reply { cut: true, ..Reply::ok(r#"[{"n": 1}, {"n": 2}]"#) };
    let server = Server::start(cut).await;
    assert_eq!(failure(&connector(&server.address, "")).await.kind(), ErrorKind::Unavailable);
    let once = |_: &server::Request, number| Reply {
        cut: number == 0,
        ..Reply::ok(r#"[{"n": 1}, {"n": 2}]"#)
    };
    let server = Server::start(once).await;
    let batches = read(&connector(&server.address, ""), request()).await.unwrap();
    assert_eq!((batches.len(), batches[0].num_rows()), (1, 2));
}

#[tokio::test]
async fn the_key_is_sent_to_no_other_server() {
    let other = Server::start(|_, _| Reply::ok("[]")).await;
    let address = other.address.clone();
    let elsewhere = move |_: &server::Request, number: usize| match number {
        0 => Reply {
            headers: vec![("link", format!("<{address}/rows>; rel=\"next\""))],
            ..Reply::ok(r#"[{"n": 1}]"#)
        },
        _ => Reply { headers: vec![("location", format!("{address}/rows"))], ..Reply::status(302) },
    };
    let server = Server::start(elsewhere).await;
    let http = connector(&server.address, r#""paging": {"kind": "link"},"#);
    for _ in 0..2 {
        let error = failure(&http).await;
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}");
    }
    assert_eq!(other.requests(), []);
}

#[tokio::test]
async fn pages_are_requested_as_they_are_taken_and_no_more_than_a_limit_needs() {
    let page = |request: &server::Request, _| {
        let page: i64 = request.parameter("page").unwrap().parse().unwrap();
        Reply::ok(format!(r#"[{{"n": {page}}}, {{"n": {page}}}]"#))
    };
    let server = Server::start(page).await;
    let http = connector(&server.address, r#""paging": {"kind": "page", "parameter": "page"},"#);
    let mut rows = http.read_records(request()).await.unwrap();
    for _ in 0..3 {
        rows.try_next().await.unwrap().unwrap();
    }
    drop(rows);
    assert_eq!(server.requests().len(), 3);
    let least: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let low = Marker::new(Bound::Exactly, least);
    let ranges = vec![Range { low, high: Marker::upper_unbounded(DataType::Int64) }];
    let least_set = SortedRangeSet { data_type: DataType::Int64, ranges, null_allowed: false };
    let summary = [("n".to_owned(), ValueSet::SortedRange(least_set))].into();
    let constraints = Constraints { summary, limit: Some(5), ..Constraints::default() };
    let batches = read(&http, request().with_constraints(constraints)).await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 6);
    let all = server.requests();
    assert_eq!(all.len(), 6);
    let sent = |name| all[5].parameter(name).map(str::to_owned);
    assert_eq!((sent("least"), sent("limit")), (Some("1".into()), Some("5".into())));
}

#[tokio::test]
async fn saved_responses_are_read_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rows.json"), r#"[{"n": 1}, {"n": 2}]"#).unwrap();
    let address = format!("file:{}/", folder.path().display());
    let http = connector(&address, r#""paging": {"kind": "page", "parameter": "page"},"#);
    let batches = read(&http, request()).await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    let error = http.get_table(GetTable::new(TableName::new("s", "x"))).await.unwrap_err();
    assert!(error.message().contains("there are s.t"), "{error}");
}
