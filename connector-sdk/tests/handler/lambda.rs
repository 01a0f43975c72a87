//! Connector as a process behind the Lambda Runtime API, which this test serves.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, Int64Array},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Context, Error, RecordBatchStream, Result, Scan, StaticConnector, Table, TableDef, async_trait,
    lambda,
};
use athena_protocol::{
    EncryptionKey, FederatedIdentity, Request, Response, S3SpillLocation, SerdeVersion, Split,
    TableName,
    error::FunctionError,
    message::{PingRequest, ReadRecordsRequest},
};

/// Value of a row, which must be in no error and no log.
const VALUE: &str = "J. Doe 120000";
/// Encryption key among the headers of uploads.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Table that panics when it is read.
struct Bomb;

#[async_trait]
impl Table for Bomb {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        Ok(TableDef::new([]))
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        panic!("boom")
    }
}

/// Table whose source quotes a value when it fails: in a cause, or in a panic.
struct Leak {
    panics: bool,
}

#[async_trait]
impl Table for Leak {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        Ok(TableDef::new([]))
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        let cause = format!("invalid number: {VALUE:?}");
        assert!(!self.panics, "{cause}");
        Err(Error::invalid_input("line 7 of part-0.csv cannot be read").with_source(cause))
    }
}

/// Table of one row.
struct One;

#[async_trait]
impl Table for One {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        Ok(TableDef::new([Field::new("n", DataType::Int64, false)]))
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        let n: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        Ok(RecordBatch::try_from_iter([("n", n)]).unwrap().into())
    }
}

/// Entry point of the process under test; does nothing unless Lambda, or [`Lambda`], starts it.
#[test]
fn function() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        let connector = StaticConnector::new()
            .table("s", "bomb", Bomb)
            .table("s", "leak", Leak { panics: false })
            .table("s", "leak_in_panic", Leak { panics: true })
            .table("s", "one", One);
        lambda::block_on(lambda::run(connector)).unwrap();
    }
}

/// Runtime API, and the process that polls it.
struct Lambda {
    listener: TcpListener,
    function: Child,
    invocations: u32,
}

impl Drop for Lambda {
    fn drop(&mut self) {
        // The process polls forever, but it may have ended by itself.
        let _ = self.function.kill();
        let _ = self.function.wait();
    }
}

impl Lambda {
    fn start(environment: &[(&str, &str)]) -> Self {
        Self::start_logging(environment, Stdio::null())
    }

    fn start_logging(environment: &[(&str, &str)], log: impl Into<Stdio>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let function = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "lambda::function", "--nocapture"])
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
            .envs([("AWS_LAMBDA_FUNCTION_NAME", "function"), ("AWS_LAMBDA_FUNCTION_VERSION", "1")])
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            // The tests make their splits themselves.
            .env("athena_connector_seal", "off")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { listener, function, invocations: 0 }
    }

    /// Serves one invocation, and returns its result: the last segment of the path that it is
    /// posted to, and its body.
    fn invoke(&mut self, payload: &[u8]) -> (String, Vec<u8>) {
        self.invocations += 1;
        let id = format!("invocation-{}", self.invocations);
        loop {
            let (stream, _) = self.listener.accept().unwrap();
            let (path, body) = request(&stream);
            if path.ends_with("/invocation/next") {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: {id}\r\n\
                     lambda-runtime-deadline-ms: 0\r\nlambda-runtime-invoked-function-arn: arn\r\n"
                );
                respond(&stream, &head, payload);
                continue;
            }
            respond(&stream, "HTTP/1.1 202 Accepted\r\n", b"{}");
            let (before, outcome) = path.rsplit_once('/').unwrap();
            assert!(before.ends_with(&id), "{path}");
            return (outcome.to_owned(), body);
        }
    }
}

/// Reads the path and body of one HTTP request.
fn request(stream: &TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body =
        vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    (path, body)
}

fn respond(mut stream: &TcpStream, head: &str, body: &[u8]) {
    write!(stream, "{head}connection: close\r\ncontent-length: {}\r\n\r\n", body.len()).unwrap();
    stream.write_all(body).unwrap();
}

fn ping() -> Vec<u8> {
    let ping = PingRequest { identity: None, catalog_name: "c".into(), query_id: "q".into() };
    Request::Ping(ping).encode(SerdeVersion::LATEST).unwrap()
}

fn read(table: &str) -> Vec<u8> {
    read_spilling(ReadRecordsRequest::new(
        TableName::new("s", table),
        Arc::new(Schema::empty()),
        Split::default(),
    ))
}

fn read_spilling(request: ReadRecordsRequest) -> Vec<u8> {
    let request = ReadRecordsRequest { query_id: "q".into(), ..request };
    Request::ReadRecords(request).encode(SerdeVersion::LATEST).unwrap()
}

fn failure(result: (String, Vec<u8>)) -> String {
    let (outcome, body) = result;
    assert_eq!(outcome, "error");
    let error = FunctionError::decode(&body).unwrap();
    assert_eq!(
        error.error_type.as_deref(),
        Some("com.amazonaws.athena.connector.lambda.exceptions.AthenaConnectorException")
    );
    error.error_message.unwrap()
}

#[test]
fn a_process_survives_malformed_requests_and_panics() {
    let mut lambda = Lambda::start(&[]);
    for payload in [&b"{"[..], b"", b"null", br#"{"key1":"value1"}"#, b"\xFF"] {
        let message = failure(lambda.invoke(payload));
        assert!(message.starts_with("InvalidInputException: "), "{message}");
    }
    let message = failure(lambda.invoke(&read("bomb")));
    assert!(
        message.starts_with("InternalServiceException: ") && message.contains("boom"),
        "{message}"
    );
    let (outcome, body) = lambda.invoke(&ping());
    assert_eq!(outcome, "response");
    assert!(matches!(Response::decode(&body).unwrap(), Response::Ping(_)));
}

#[test]
fn an_invalid_setting_fails_every_request_but_a_ping() {
    let mut lambda =
        Lambda::start(&[("athena_connector_unknown", "1"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")]);
    assert_eq!(lambda.invoke(&ping()).0, "response");
    let message = failure(lambda.invoke(&read("bomb")));
    assert!(
        message.starts_with("InvalidInputException: ")
            && message.contains("athena_connector_unknown"),
        "{message}"
    );
}

#[test]
fn no_value_of_a_row_is_in_an_error_or_a_log() {
    for (shows, expected) in [("false", false), ("true", true)] {
        let log = tempfile::NamedTempFile::new().unwrap();
        let environment =
            [("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("athena_connector_show_error_causes", shows)];
        let mut lambda = Lambda::start_logging(&environment, log.reopen().unwrap());
        let cause = failure(lambda.invoke(&read("leak")));
        let panic = failure(lambda.invoke(&read("leak_in_panic")));
        drop(lambda);
        assert!(cause.contains("line 7 of part-0.csv cannot be read"), "{cause}");
        assert!(panic.contains("the connector panicked"), "{panic}");
        let log = std::fs::read_to_string(log.path()).unwrap();
        assert!(log.contains("lambda.rs:"), "{log}");
        for text in [cause, panic, log] {
            assert_eq!(text.contains("J. Doe"), expected, "{shows}: {text}");
        }
    }
}

#[test]
fn an_audited_function_logs_one_line_for_each_invocation_and_no_value() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let environment = [("athena_connector_audit", "true"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")];
    let mut lambda = Lambda::start_logging(&environment, log.reopen().unwrap());
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    let caller = FederatedIdentity {
        account: Some("111122223333".into()),
        arn: Some("arn:aws:sts::111122223333:assumed-role/Analyst/ann".into()),
        ..FederatedIdentity::default()
    };
    let request = ReadRecordsRequest {
        identity: Some(caller),
        max_block_size: 16_000_000,
        max_inline_block_size: 1_000_000,
        ..ReadRecordsRequest::new(TableName::new("s", "one"), schema, Split::default())
    };
    assert_eq!(lambda.invoke(&read_spilling(request)).0, "response");
    failure(lambda.invoke(&read("leak")));
    failure(lambda.invoke(&read("bomb")));
    failure(lambda.invoke(b"{"));
    assert_eq!(lambda.invoke(&ping()).0, "response");
    drop(lambda);
    let log = std::fs::read_to_string(log.path()).unwrap();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &serde_json::Value| line["target"] == "athena_connector::audit")
        .collect();
    let [read, refused, panicked, malformed, ping] = &lines[..] else { panic!("{log}") };
    assert_eq!(
        (&panicked["object"], &panicked["refused"]),
        (&"s.bomb".into(), &"no response".into())
    );
    assert_eq!(malformed["operation"], "unknown");
    assert_eq!(malformed["refused"], "InvalidInputException");
    assert!(ping["operation"] == "PingRequest" && ping["refused"].is_null());
    assert_eq!(read["operation"], "ReadRecordsRequest");
    assert_eq!(read["object"], "s.one");
    assert_eq!(read["columns"], "n");
    assert_eq!(read["query_id"], "q");
    assert_eq!(read["claimed_account"], "111122223333");
    assert!(read["claimed_principal"].as_str().unwrap().ends_with("Analyst/ann"));
    assert_eq!(read["rows"], 1);
    assert_eq!(read["spilled_objects"], 0);
    assert!(read["response_bytes"].as_u64() > Some(100) && read["refused"].is_null());
    assert_eq!(refused["refused"], "InvalidInputException");
    assert_eq!(refused["rows"], 0);
    assert!(!log.contains("J. Doe"));
}

/// Serves S3 for one upload, and returns its URL.
fn store() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            request(&stream);
            respond(&stream, "HTTP/1.1 200 OK\r\n", b"");
        }
    });
    url
}

#[test]
fn a_key_among_the_headers_of_uploads_is_in_no_log_at_any_level() {
    let headers = format!(
        r#"{{"x-amz-server-side-encryption-customer-algorithm":"AES256",
            "x-amz-server-side-encryption-customer-key":"{KEY}"}}"#
    );
    let log = tempfile::NamedTempFile::new().unwrap();
    let environment = [
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
        ("AWS_ENDPOINT_URL_S3", &store()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("spill_bucket", "b"),
        ("spill_put_request_headers", &headers),
    ];
    let mut lambda = Lambda::start_logging(&environment, log.reopen().unwrap());
    let location = S3SpillLocation {
        bucket: Some("b".into()),
        key: Some("athena-federation-spill/q/0".into()),
        directory: true,
    };
    let key = EncryptionKey { key: vec![7; 32], nonce: vec![9; 12] };
    let split =
        Split { spill_location: Some(location), encryption_key: Some(key), ..Split::default() };
    let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
    let request = ReadRecordsRequest {
        max_inline_block_size: 0,
        max_block_size: 16_000_000,
        ..ReadRecordsRequest::new(TableName::new("s", "one"), Arc::new(schema), split)
    };
    let (outcome, body) = lambda.invoke(&read_spilling(request));
    drop(lambda);
    assert_eq!(outcome, "response", "{}", String::from_utf8_lossy(&body));
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.contains("aws_smithy_runtime"), "the client logs nothing");
    assert!(!log.contains(KEY));
}
