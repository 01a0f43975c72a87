//! The S3 stand-in.

use athena_lambda_host::LocalS3;
use athena_protocol::ErrorKind;
use athena_spill::{ObjectStore as _, SpillSettings, aws::S3Store};
use bytes::Bytes;

#[tokio::test]
async fn an_object_is_a_file_and_the_aws_client_reads_it() {
    let s3 = LocalS3::start(None).await.unwrap();
    let store = s3.store();
    let body = Bytes::from(vec![7; 6 << 20]);
    store.check_bucket(s3.spill_bucket()).await.unwrap();
    store.put(s3.spill_bucket(), "query/split one/.0", body.clone()).await.unwrap();
    assert_eq!(store.get(s3.spill_bucket(), "query/split one/.0").await.unwrap(), body);
    let file = s3.root().join(s3.spill_bucket()).join("query/split one/.0");
    assert_eq!(std::fs::read(file).unwrap(), body);

    let error = store.get(s3.spill_bucket(), "query/split one/.1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_store_accepts_only_the_keys_in_its_environment() {
    let s3 = LocalS3::start(None).await.unwrap();
    let env = s3.env();
    let value = |name: &str| {
        env.iter().find(|(variable, _)| variable == name).map(|(_, value)| value.as_str()).unwrap()
    };
    let at = |secret| {
        S3Store::new(&SpillSettings::default()).with_endpoint(
            value("AWS_ENDPOINT_URL_S3"),
            value("AWS_REGION"),
            value("AWS_ACCESS_KEY_ID"),
            secret,
        )
    };
    let body = Bytes::from_static(b"rows");
    at(value("AWS_SECRET_ACCESS_KEY"))
        .put(value("spill_bucket"), "right", body.clone())
        .await
        .unwrap();
    let error = at("wrong").put(value("spill_bucket"), "wrong", body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCredentials, "{error}");
    assert!(!s3.root().join(value("spill_bucket")).join("wrong").exists());
}

#[tokio::test]
async fn dropping_a_temporary_store_deletes_its_folder() {
    let store = LocalS3::start(None).await.unwrap();
    let root = store.root().to_owned();
    assert!(root.join(store.spill_bucket()).is_dir());
    drop(store);
    assert!(!root.exists());
}

#[tokio::test]
async fn bucket_names_follow_the_rules_of_s3() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalS3::start(Some(folder.path().to_owned())).await.unwrap();
    store.create_bucket("lake-1").unwrap();
    store.create_bucket("lake-1").unwrap();
    assert!(folder.path().join("lake-1").is_dir());
    for name in ["", "ab", "Lake", "a/b/c", "../lake", "-lake", "lake.", &"x".repeat(64)] {
        assert!(store.create_bucket(name).is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_function_with_keys_of_its_own_uses_the_store_once_they_are_accepted() {
    let s3 = LocalS3::start(None).await.unwrap();
    let own = S3Store::new(&SpillSettings::default()).with_endpoint(
        &s3.endpoint(),
        "eu-west-1",
        "AKIAOWN",
        "own-secret",
    );
    let body = Bytes::from_static(b"rows");
    let error = own.put(s3.spill_bucket(), "early", body.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidCredentials, "{error}");
    s3.accept("AKIAOWN", "own-secret");
    own.put(s3.spill_bucket(), "late", body.clone()).await.unwrap();
    // The keys of the store stay valid.
    assert_eq!(s3.store().get(s3.spill_bucket(), "late").await.unwrap(), body);
}
