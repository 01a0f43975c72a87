//! Errors of every stage of a call have their kind and name the resource.

use aws_smithy_runtime_api::{client::result::ConnectorError, http::StatusCode};
use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};

use super::*;

type CallError = SdkError<ErrorMetadata, HttpResponse>;

fn operation() -> AwsOperation {
    AwsOperation {
        service: "S3",
        name: "GetObject",
        resource: "s3://bucket/key".to_owned(),
        permissions: "s3:GetObject on arn:aws:s3:::bucket/key".to_owned(),
        not_found: "the object does not exist",
    }
}

fn response(status: u16) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty())
}

fn rejection(status: u16, code: &str) -> CallError {
    let error = ErrorMetadata::builder();
    let error = if code.is_empty() { error } else { error.code(code) };
    SdkError::service_error(error.build(), response(status))
}

fn dispatch_failure(error: ConnectorError) -> CallError {
    SdkError::dispatch_failure(error)
}

fn assert_error(error: CallError, kind: ErrorKind, part: &str) {
    let description = format!("{error:?}");
    let error = operation().error(error);
    assert_eq!(error.kind(), kind, "{description}");
    assert!(error.message().starts_with("GetObject of s3://bucket/key failed: "), "{error}");
    assert!(error.message().contains(part), "{part:?} is not in {error}");
}

#[test]
fn rejections_are_classified_by_code_and_status() {
    for (status, code, kind, part) in [
        (400, "ExpiredToken", ErrorKind::InvalidCredentials, "ExpiredToken"),
        (403, "SignatureDoesNotMatch", ErrorKind::InvalidCredentials, "renew"),
        (403, "AccessDenied", ErrorKind::AccessDenied, "s3:GetObject on arn:aws:s3:::bucket/key"),
        (400, "AccessDeniedException", ErrorKind::AccessDenied, "s3:GetObject"),
        (404, "NoSuchKey", ErrorKind::NotFound, "the object does not exist"),
        (412, "PreconditionFailed", ErrorKind::NotFound, "the object has changed"),
        (400, "NotFoundException", ErrorKind::NotFound, "the object does not exist"),
        (400, "KMS.DisabledException", ErrorKind::InvalidInput, "KMS key"),
        (400, "InvalidRequest", ErrorKind::InvalidInput, "InvalidRequest"),
        (301, "PermanentRedirect", ErrorKind::InvalidInput, "another region"),
        (400, "AuthorizationHeaderMalformed", ErrorKind::InvalidInput, "another region"),
        (503, "SlowDown", ErrorKind::Throttled, "throttled"),
        (400, "ThrottlingException", ErrorKind::Throttled, "throttled"),
        (503, "ServiceUnavailable", ErrorKind::Internal, "503"),
        (500, "InternalError", ErrorKind::Internal, "500"),
        (501, "NotImplemented", ErrorKind::Internal, "501"),
    ] {
        assert_error(rejection(status, code), kind, part);
    }
}

#[test]
fn rejections_without_a_code_are_classified_by_status() {
    for (status, kind) in [
        (301, ErrorKind::InvalidInput),
        (400, ErrorKind::InvalidInput),
        (401, ErrorKind::AccessDenied),
        (403, ErrorKind::AccessDenied),
        (404, ErrorKind::NotFound),
        (429, ErrorKind::Throttled),
        (503, ErrorKind::Throttled),
        (500, ErrorKind::Internal),
    ] {
        assert_error(rejection(status, ""), kind, "");
    }
}

#[test]
fn a_redirect_names_the_region_of_the_bucket() {
    let mut response = response(301);
    response.headers_mut().insert("x-amz-bucket-region", "us-west-2");
    let error = SdkError::service_error(ErrorMetadata::builder().build(), response);
    assert_error(error, ErrorKind::InvalidInput, "us-west-2");
}

#[test]
fn an_unreachable_service_is_a_missing_route() {
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    for error in [
        SdkError::timeout_error("3 seconds elapsed"),
        dispatch_failure(ConnectorError::timeout("HTTP connect timeout".into())),
        dispatch_failure(ConnectorError::io(refused().into())),
    ] {
        assert_error(error, ErrorKind::Timeout, "no route to S3");
    }
}

#[test]
fn a_service_that_stops_responding_was_reached() {
    let closed = |kind| ConnectorError::io(io::Error::from(kind).into());
    for error in [
        closed(io::ErrorKind::ConnectionReset),
        closed(io::ErrorKind::BrokenPipe),
        closed(io::ErrorKind::UnexpectedEof),
        ConnectorError::timeout("HTTP read timeout after 20 seconds".into()),
        ConnectorError::other(
            "truncated".into(),
            Some(aws_smithy_types::retry::ErrorKind::TransientError),
        ),
    ] {
        assert_error(dispatch_failure(error), ErrorKind::Timeout, "stopped responding");
    }
}

#[test]
fn an_untrusted_certificate_is_named() {
    let error = ConnectorError::io("invalid peer certificate: UnknownIssuer".into());
    assert_error(dispatch_failure(error), ErrorKind::Internal, "certificate");
}

#[test]
fn a_request_that_was_not_sent_is_a_matter_of_configuration() {
    let user = ConnectorError::user("no region".into());
    for error in [SdkError::construction_failure("no region"), dispatch_failure(user)] {
        assert_error(error, ErrorKind::Internal, "could not be sent");
    }
}

#[test]
fn a_malformed_response_is_invalid_and_is_not_quoted() {
    let malformed: CallError = SdkError::response_error("not XML", response(200));
    assert_error(malformed, ErrorKind::InvalidResponse, "malformed");
    let malformed: CallError = SdkError::response_error("not XML", response(200));
    let error = operation().error(malformed);
    assert!(!error.to_string().contains("not XML"), "{error}");
}
