//! Settings from the environment, and the headers that follow from them.

use athena_protocol::ErrorKind;

use super::*;

fn read(vars: &[(&str, &str)]) -> Result<SpillSettings> {
    SpillSettings::from_vars(|name| {
        vars.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn unset_and_blank_variables_are_the_default() {
    assert_eq!(read(&[]).unwrap(), SpillSettings::default());
    assert_eq!(SpillSettings::default().prefix, "athena-federation-spill");
    let blank = [
        ("spill_bucket", ""),
        ("spill_prefix", " "),
        ("kms_key_id", ""),
        ("SPILL_QUEUE_CAPACITY", " "),
    ];
    assert_eq!(read(&blank).unwrap(), SpillSettings::default());
}

#[test]
fn every_setting_is_read_by_its_name() {
    let settings = read(&[
        ("spill_bucket", "b"),
        ("spill_prefix", "p/q"),
        ("kms_key_id", "alias/k"),
        ("disable_spill_encryption", "FALSE"),
        ("spill_put_request_headers", r#"{"x-amz-tagging": "a=b", "If-None-Match": "*"}"#),
        ("spill_queue_capacity", "3"),
        ("MAX_BLOCK_SIZE_BYTES", "2000"),
        ("athena_connector_spill_sse", "kms:arn:aws:kms:eu-west-1:111122223333:key/k"),
        ("athena_connector_spill_bucket_owner", "111122223333"),
    ])
    .unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = SpillSettings {
        bucket: Some("b".to_owned()),
        prefix: "p/q".to_owned(),
        encryption: Encryption::Kms("alias/k".to_owned()),
        put_headers: vec![header("If-None-Match", "*"), header("x-amz-tagging", "a=b")],
        in_flight: Some(3),
        max_block_bytes: Some(2_000),
        server_side_encryption: Some(ServerSideEncryption::Kms(
            "arn:aws:kms:eu-west-1:111122223333:key/k".to_owned(),
        )),
        bucket_owner: Some("111122223333".to_owned()),
    };
    assert_eq!(settings, expected);
    assert!(!format!("{settings:?}").contains("a=b"), "the value of a header is shown");
    assert_eq!(
        settings.request_headers()[2..],
        [
            header("x-amz-server-side-encryption", "aws:kms"),
            header(
                "x-amz-server-side-encryption-aws-kms-key-id",
                "arn:aws:kms:eu-west-1:111122223333:key/k"
            ),
        ]
    );
}

#[test]
fn disabled_encryption_outweighs_a_kms_key() {
    let off = read(&[("disable_spill_encryption", "True"), ("kms_key_id", "k")]).unwrap();
    assert_eq!(off.encryption, Encryption::Off);
}

#[test]
fn the_upper_case_capacity_takes_precedence_unless_blank() {
    let capacity = |upper| {
        read(&[("SPILL_QUEUE_CAPACITY", upper), ("spill_queue_capacity", "5")]).unwrap().in_flight
    };
    assert_eq!(capacity("4"), Some(4));
    assert_eq!(capacity(" "), Some(5));
}

#[test]
fn server_side_encryption_is_a_header() {
    let settings = read(&[("athena_connector_spill_sse", "s3")]).unwrap();
    let header = ("x-amz-server-side-encryption".to_owned(), "AES256".to_owned());
    assert_eq!(settings.request_headers(), [header]);
    assert_eq!(read(&[("athena_connector_spill_sse", "none")]).unwrap(), SpillSettings::default());
}

#[test]
fn all_problems_are_reported_at_once() {
    let error = read(&[
        ("spill_prefix", "a/../b"),
        ("disable_spill_encryption", "yes"),
        ("spill_put_request_headers", r#"{"x y": "a\nb"}"#),
        ("SPILL_QUEUE_CAPACITY", "0"),
        ("MAX_BLOCK_SIZE_BYTES", "16 MB"),
        ("athena_connector_spill_sse", "kms:"),
        ("athena_connector_spill_bucket_owner", "me"),
    ])
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.message().split("; ").count(), 8, "{error}");
}

#[test]
fn malformed_headers_are_rejected_without_their_values() {
    for text in ["{", "[]", r#"{"secret": 1}"#, r#""secret""#] {
        let error = read(&[("spill_put_request_headers", text)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn server_side_encryption_cannot_be_set_twice() {
    let headers = r#"{"X-Amz-Server-Side-Encryption": "AES256"}"#;
    let twice = [("spill_put_request_headers", headers), ("athena_connector_spill_sse", "s3")];
    assert_eq!(read(&twice).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(read(&twice[..1]).is_ok());
}
