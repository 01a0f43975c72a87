//! Failures: error kinds, retries, truncated bodies, unreachable servers.

use athena_protocol::{Error, ErrorKind, Result};
use athena_spill::{
    KeyFactory, ObjectStore,
    aws::{KmsKeyFactory, KmsMacKey},
};
use bytes::Bytes;
use hyper::Response;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::servers::{ACCESS_KEY, REGION, SECRET_KEY, Server, store_at};

/// Creates an error response of S3.
fn rejection(status: u16, code: &str) -> Response<String> {
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
    Response::builder()
        .status(status)
        .header("x-amz-bucket-region", "us-west-2")
        .body(body)
        .unwrap()
}

fn assert_error(error: &Error, kind: ErrorKind, parts: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.message().contains(part), "{part} is not in {error}");
    }
}

#[tokio::test]
async fn an_access_denied_error_names_permission_bucket_and_key() {
    let server = Server::canned(|_| rejection(403, "AccessDenied")).await;
    let store = server.store();
    let error = store.put("b", "k/1", Bytes::new()).await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::AccessDenied,
        &["s3:PutObject", "arn:aws:s3:::b/k/1", "kms:GenerateDataKey"],
    );
    let error = store.get("b", "k/1").await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::AccessDenied,
        &["s3:GetObject", "arn:aws:s3:::b/k/1", "s3:ListBucket"],
    );
    let error = store.check_bucket("b").await.unwrap_err();
    assert_error(&error, ErrorKind::AccessDenied, &["s3:ListBucket", "arn:aws:s3:::b"]);
    // It is not retried.
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn other_errors_are_classified() {
    for (status, code, kind) in [
        (404, "NoSuchBucket", ErrorKind::NotFound),
        (404, "NoSuchKey", ErrorKind::NotFound),
        (400, "ExpiredToken", ErrorKind::InvalidCredentials),
        (403, "InvalidAccessKeyId", ErrorKind::InvalidCredentials),
        (301, "PermanentRedirect", ErrorKind::InvalidInput),
        (400, "AuthorizationHeaderMalformed", ErrorKind::InvalidInput),
        (400, "InvalidRequest", ErrorKind::InvalidInput),
        (501, "NotImplemented", ErrorKind::Internal),
    ] {
        let server = Server::canned(move |_| rejection(status, code)).await;
        for error in [
            server.store().get("b", "k").await.unwrap_err(),
            server.store().put("b", "k", Bytes::new()).await.unwrap_err(),
        ] {
            assert_error(&error, kind, &["s3://b/k"]);
        }
    }
    let server = Server::canned(|_| rejection(301, "PermanentRedirect")).await;
    assert_error(
        &server.store().check_bucket("b").await.unwrap_err(),
        ErrorKind::InvalidInput,
        &["us-west-2"],
    );
}

#[tokio::test]
async fn a_throttled_put_is_retried() {
    let server = Server::canned(|number| match number {
        0 => rejection(503, "SlowDown"),
        _ => Response::new("body".to_owned()),
    });
    let server = server.await;
    server.store().put("b", "k", Bytes::from_static(b"x")).await.unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn throttling_is_reported_after_four_attempts() {
    let server = Server::canned(|_| rejection(503, "SlowDown")).await;
    let error = server.store().put("b", "k", Bytes::from_static(b"x")).await.unwrap_err();
    assert_error(&error, ErrorKind::Throttled, &["s3://b/k"]);
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn an_unreachable_s3_is_a_missing_route() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = store_at(&url, SECRET_KEY).get("b", "k").await.unwrap_err();
    assert_error(&error, ErrorKind::Timeout, &["no route to S3", "NAT", "s3://b/k"]);
}

/// Starts a server that truncates the bodies of the first `truncated` responses.
async fn truncating_server(truncated: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for number in 0.. {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(socket.read_u8().await.unwrap());
            }
            let body = if number < truncated { "half" } else { "half and half" };
            let response =
                format!("HTTP/1.1 200 OK\r\ncontent-length: 13\r\nconnection: close\r\n\r\n{body}");
            socket.write_all(response.as_bytes()).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn a_truncated_body_is_fetched_again() {
    let store = store_at(&truncating_server(2).await, SECRET_KEY);
    assert_eq!(store.get("b", "k").await.unwrap(), "half and half");
    let store = store_at(&truncating_server(100).await, SECRET_KEY);
    assert_error(&store.get("b", "k").await.unwrap_err(), ErrorKind::Timeout, &["s3://b/k"]);
}

/// Serves one canned response of KMS.
async fn kms_server(status: u16, body: String) -> Server {
    let respond = move |_| {
        let response =
            Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
        response.body(body.clone()).unwrap()
    };
    Server::canned(respond).await
}

async fn kms(status: u16, body: String) -> (Server, KmsKeyFactory) {
    let server = kms_server(status, body).await;
    let factory = KmsKeyFactory::new("alias/spill").with_endpoint(
        &server.url,
        REGION,
        ACCESS_KEY,
        SECRET_KEY,
    );
    (server, factory)
}

#[tokio::test]
async fn the_key_is_the_data_key_and_the_nonce_is_random() {
    let key: Vec<u8> = (0..32).collect();
    let plaintext = base64_simd::STANDARD.encode_to_string(&key);
    let (server, factory) = kms(
        200,
        format!(r#"{{"KeyId": "k", "CiphertextBlob": "AA==", "Plaintext": "{plaintext}"}}"#),
    )
    .await;
    let a = factory.create().await.unwrap();
    let b = factory.create().await.unwrap();
    assert_eq!((&a.key, &b.key), (&key, &key));
    assert_eq!(a.nonce.len(), 12);
    assert_ne!(a.nonce, b.nonce);
    assert_eq!(server.header("x-amz-target").as_deref(), Some("TrentService.GenerateDataKey"));
}

#[tokio::test]
async fn a_data_key_of_another_length_is_rejected() {
    let (_server, factory) = kms(200, r#"{"KeyId": "k", "Plaintext": "AAAA"}"#.to_owned()).await;
    assert_error(
        &factory.create().await.unwrap_err(),
        ErrorKind::InvalidResponse,
        &["3 bytes", "alias/spill"],
    );
}

#[tokio::test]
async fn errors_of_kms_name_permission_and_key() {
    for (code, kind, parts) in [
        ("NotFoundException", ErrorKind::NotFound, ["alias/spill", "kms_key_id"]),
        ("AccessDeniedException", ErrorKind::AccessDenied, ["alias/spill", "kms:GenerateDataKey"]),
        (
            "UnrecognizedClientException",
            ErrorKind::InvalidCredentials,
            ["alias/spill", "credentials"],
        ),
        ("DisabledException", ErrorKind::InvalidInput, ["alias/spill", "KMS"]),
    ] {
        let (_server, factory) =
            kms(400, format!(r#"{{"__type": "{code}", "message": "no"}}"#)).await;
        assert_error(&factory.create().await.unwrap_err(), kind, &parts);
    }
}

async fn mac(status: u16, body: String) -> (Server, Result<Vec<u8>>) {
    let server = kms_server(status, body).await;
    let key =
        KmsMacKey::new("alias/seal").with_endpoint(&server.url, REGION, ACCESS_KEY, SECRET_KEY);
    let code = key.generate("text").await;
    (server, code)
}

#[tokio::test]
async fn a_derived_key_is_the_code_that_kms_generates() {
    let code: Vec<u8> = (0..32).collect();
    let text = base64_simd::STANDARD.encode_to_string(&code);
    let (server, found) = mac(200, format!(r#"{{"KeyId": "k", "Mac": "{text}"}}"#)).await;
    assert_eq!(found.unwrap(), code);
    assert_eq!(server.header("x-amz-target").as_deref(), Some("TrentService.GenerateMac"));
    let (_server, short) = mac(200, r#"{"KeyId": "k", "Mac": "AAAA"}"#.to_owned()).await;
    let parts = ["3 bytes", "alias/seal"];
    assert_error(&short.unwrap_err(), ErrorKind::InvalidResponse, &parts);
}

#[tokio::test]
async fn errors_of_a_derived_key_name_permission_and_key() {
    for (code, kind, part) in [
        ("NotFoundException", ErrorKind::NotFound, "athena_connector_seal"),
        ("AccessDeniedException", ErrorKind::AccessDenied, "kms:GenerateMac"),
        ("InvalidKeyUsageException", ErrorKind::InvalidInput, "InvalidKeyUsageException"),
    ] {
        let body = format!(r#"{{"__type": "{code}", "message": "no"}}"#);
        let (_server, found) = mac(400, body).await;
        assert_error(&found.unwrap_err(), kind, &["alias/seal", part]);
    }
}
