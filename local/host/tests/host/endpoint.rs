//! The Invoke endpoint, and functions behind one.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use athena_client::Invoke;
use athena_lambda_host::FunctionOptions;
use athena_lambda_host::invoke_endpoint::{Endpoint, serve};
use athena_protocol::MAX_PAYLOAD_BYTES;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, StatusCode};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};

use super::{call, failure, host_error, hosted, options};

async fn endpoint() -> Endpoint {
    let function: Arc<dyn Invoke> = Arc::new(hosted(options()));
    serve(SocketAddr::from(([127, 0, 0, 1], 0)), BTreeMap::from([("shop".to_owned(), function)]))
        .await
        .unwrap()
}

async fn post(
    endpoint: &Endpoint,
    function: &str,
    kind: Option<&str>,
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let uri = format!("http://{}/2015-03-31/functions/{function}", endpoint.address());
    let mut request = Request::post(uri);
    if let Some(kind) = kind {
        request = request.header("X-Amz-Invocation-Type", kind);
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

fn error_type(response: &Response<Bytes>) -> &str {
    response.headers()["x-amzn-errortype"].to_str().unwrap()
}

#[tokio::test]
async fn a_function_is_found_by_every_form_of_its_name() {
    let endpoint = endpoint().await;
    let names = [
        "shop/invocations",
        "shop:$LATEST/invocations",
        "shop/invocations?Qualifier=%24LATEST",
        "123456789012:function:shop/invocations",
        "arn:aws:lambda:us-east-1:123456789012:function:shop/invocations",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Ashop/invocations",
    ];
    for name in names {
        let response = post(&endpoint, name, None, r#"{"n":1}"#).await;
        assert_eq!(
            (response.status(), &response.body()[..]),
            (StatusCode::OK, &br#"{"n":1}"#[..]),
            "{name}"
        );
        assert_eq!(response.headers()["x-amz-executed-version"], "$LATEST");
        assert!(!response.headers().contains_key("x-amz-function-error"));
    }
    for name in ["bakery/invocations", "shop:7/invocations", "shop/invocations?Qualifier=live"] {
        let response = post(&endpoint, name, None, "{}").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
        assert_eq!(error_type(&response), "ResourceNotFoundException", "{name}");
    }
}

#[tokio::test]
async fn an_error_of_the_function_is_a_response_with_a_header() {
    let endpoint = endpoint().await;
    let response = post(&endpoint, "shop/invocations", None, r#"{"do":"fail"}"#).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-amz-function-error"], "Unhandled");
    let document: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(document["errorType"], "com.example.ShopException");
    assert_eq!(document["errorMessage"], "the shop is closed");
}

#[tokio::test]
async fn the_endpoint_rejects_invalid_requests_without_invoking_the_function() {
    let endpoint = endpoint().await;
    let large = format!("\"{}\"", "x".repeat(MAX_PAYLOAD_BYTES));
    let response = post(&endpoint, "shop/invocations", None, large).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(error_type(&response), "RequestEntityTooLargeException");

    let response = post(&endpoint, "shop/invocations", None, "{").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(error_type(&response), "InvalidRequestContentException");

    let response = post(&endpoint, "shop/invocations", Some("Later"), "{}").await;
    assert_eq!(error_type(&response), "InvalidParameterValueException");

    let response = post(&endpoint, "shop/configuration", None, "{}").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn events_and_dry_runs_return_immediately() {
    let endpoint = endpoint().await;
    let response =
        post(&endpoint, "shop/invocations", Some("DryRun"), r#"{"do":"exit","status":1}"#).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let response =
        post(&endpoint, "shop/invocations", Some("Event"), r#"{"do":"sleep","seconds":60}"#).await;
    assert_eq!((response.status(), response.body().len()), (StatusCode::ACCEPTED, 0));
    // An empty body is an empty event.
    let response = post(&endpoint, "shop/invocations", Some("RequestResponse"), "").await;
    assert_eq!(&response.body()[..], b"{}");
}

#[tokio::test]
async fn a_function_behind_an_endpoint_behaves_like_a_hosted_one() {
    let endpoint = endpoint().await;
    let spec = format!("http://{}", endpoint.address()).parse().unwrap();
    let function = athena_lambda_host::open(&spec, options()).await.unwrap();
    assert_eq!(call(&*function, json!({ "n": 1 })).await, json!({ "n": 1 }));
    let error = failure(&*function, json!({ "do": "fail" })).await;
    assert_eq!(error.error_type.as_deref(), Some("com.example.ShopException"));

    let unknown = FunctionOptions { name: "bakery".to_owned(), ..options() };
    let function = athena_lambda_host::open(&spec, unknown).await.unwrap();
    let message = host_error(&*function, json!({})).await;
    assert!(message.contains("404") && message.contains("Function not found: bakery"), "{message}");

    let address = endpoint.address();
    endpoint.stop().await;
    let message = host_error(&*function, json!({})).await;
    assert!(message.contains(&address.to_string()), "{message}");
}

#[tokio::test]
async fn a_path_in_the_url_is_used_unchanged() {
    let endpoint = endpoint().await;
    let url =
        format!("http://{}/2015-03-31/functions/shop:$LATEST/invocations", endpoint.address());
    let unnamed = FunctionOptions::default();
    let function = athena_lambda_host::open(&url.parse().unwrap(), unnamed).await.unwrap();
    assert_eq!(call(&*function, json!({ "n": 2 })).await, json!({ "n": 2 }));
}

/// Sends a request with `headers` in place of the default ones and returns the response.
async fn raw(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let body = r#"{"do":"process"}"#;
    let headers: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n{body}",
        headers.concat(),
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn requests_of_web_pages_are_refused_before_anything_is_invoked() {
    let function = Arc::new(hosted(options()));
    let functions = BTreeMap::from([("shop".to_owned(), Arc::clone(&function) as Arc<dyn Invoke>)]);
    let endpoint = serve(SocketAddr::from(([127, 0, 0, 1], 0)), functions).await.unwrap();
    let address = endpoint.address();
    let path = "/2015-03-31/functions/shop/invocations";
    let own = address.to_string();
    let foreign = format!("evil.example:{}", address.port());
    let refused: [(&str, &[(&str, &str)]); 5] = [
        ("POST", &[("Host", &own), ("Origin", "https://evil.example")]),
        ("POST", &[("Host", &own), ("Origin", "null")]),
        ("POST", &[("Host", &foreign)]),
        ("POST", &[("Host", &own), ("Origin", "null"), ("X-Amz-Invocation-Type", "Event")]),
        (
            "OPTIONS",
            &[
                ("Host", &own),
                ("Origin", "https://evil.example"),
                ("Access-Control-Request-Method", "POST"),
            ],
        ),
    ];
    for (method, headers) in refused {
        let response = raw(address, method, path, headers).await;
        assert!(response.starts_with("HTTP/1.1 403 "), "{method} {headers:?}: {response}");
        assert!(response.contains("refused"), "the reason: {response}");
        assert!(!response.to_lowercase().contains("access-control-"), "{response}");
    }
    assert_eq!(function.peak_memory(), None, "no process was started");
    let response = raw(address, "POST", path, &[("Host", &own)]).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
}

#[tokio::test]
async fn the_s3_stand_in_refuses_requests_of_web_pages() {
    let s3 = athena_lambda_host::LocalS3::start(None).await.unwrap();
    let address: SocketAddr = s3.endpoint().strip_prefix("http://").unwrap().parse().unwrap();
    let own = address.to_string();
    let page = [("Host", own.as_str()), ("Origin", "null")];
    for (method, headers) in [("GET", &page[..]), ("OPTIONS", &page), ("GET", &[("Host", "x")])] {
        let response = raw(address, method, "/", headers).await;
        assert!(
            response.starts_with("HTTP/1.1 403 ") && response.contains("refused"),
            "{response}"
        );
    }
    let response = raw(address, "GET", "/", &[("Host", &own)]).await;
    assert!(!response.contains("refused"), "the store itself answers: {response}");
}

/// Starts a server like AWS's runtime interface emulator: its only function is named `function`,
/// and other paths have a plain 404. Returns its address and the paths that it received.
async fn emulator(
    path: &'static str,
) -> (SocketAddr, Arc<std::sync::Mutex<Vec<String>>>, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let received = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&received);
    let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
        log.lock().unwrap().push(request.uri().path().to_owned());
        async move {
            let found = request.uri().path() == path;
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let body = if found { body } else { Bytes::from_static(b"404 page not found\n") };
            let mut response = Response::new(Full::new(body));
            if !found {
                *response.status_mut() = StatusCode::NOT_FOUND;
            }
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            let stream = hyper_util::rt::TokioIo::new(stream);
            let builder = hyper::server::conn::http1::Builder::new();
            tokio::spawn(builder.serve_connection(stream, service));
        }
    });
    (address, received, task)
}

#[tokio::test]
async fn the_function_of_the_runtime_interface_emulator_needs_no_path() {
    let (address, received, server) = emulator("/2015-03-31/functions/function/invocations").await;
    let spec = format!("http://{address}").parse().unwrap();
    let function = athena_lambda_host::open(&spec, options()).await.unwrap();
    for n in 0..2 {
        assert_eq!(call(&*function, json!({ "n": n })).await, json!({ "n": n }));
    }
    let names: Vec<String> = received
        .lock()
        .unwrap()
        .iter()
        .map(|path| path.split('/').nth(3).unwrap().to_owned())
        .collect();
    assert_eq!(names, ["shop", "function", "function"], "the name is looked up once");
    server.abort();
}

#[tokio::test]
async fn the_error_of_an_unknown_function_has_both_names_tried() {
    let (address, _, server) = emulator("/elsewhere").await;
    let spec = format!("http://{address}").parse().unwrap();
    let function = athena_lambda_host::open(&spec, options()).await.unwrap();
    let message = host_error(&*function, json!({})).await;
    assert!(
        message.contains("functions/shop/") && message.contains("functions/function/"),
        "{message}"
    );
    server.abort();
}
