//! Connector as a process behind the Lambda Runtime API, which this test serves.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use athena_connector_sdk::{
    RecordBatchStream, Result, Scan, StaticConnector, Table, TableDef, async_trait, lambda,
};
use athena_protocol::{
    Request, Response, SerdeVersion, Split, TableName,
    error::FunctionError,
    message::{PingRequest, ReadRecordsRequest},
};

/// Table that panics when it is read.
struct Bomb;

#[async_trait]
impl Table for Bomb {
    fn definition(&self) -> TableDef {
        TableDef::new([])
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        panic!("boom")
    }
}

/// Entry point of the process under test; does nothing unless Lambda, or [`Lambda`], starts it.
#[test]
fn function() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        lambda::block_on(lambda::run(StaticConnector::new().table("s", "bomb", Bomb))).unwrap();
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
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let function = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "lambda::function", "--nocapture"])
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
            .envs([("AWS_LAMBDA_FUNCTION_NAME", "function"), ("AWS_LAMBDA_FUNCTION_VERSION", "1")])
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
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

fn read() -> Vec<u8> {
    let schema = std::sync::Arc::new(athena_connector_sdk::arrow::datatypes::Schema::empty());
    let read = ReadRecordsRequest {
        query_id: "q".into(),
        ..ReadRecordsRequest::new(TableName::new("s", "bomb"), schema, Split::default())
    };
    Request::ReadRecords(read).encode(SerdeVersion::LATEST).unwrap()
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
    let message = failure(lambda.invoke(&read()));
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
    let message = failure(lambda.invoke(&read()));
    assert!(
        message.starts_with("InvalidInputException: ")
            && message.contains("athena_connector_unknown"),
        "{message}"
    );
}
