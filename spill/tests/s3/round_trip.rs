//! Round trips of objects, headers of requests, and configuration from the environment.

use std::{process::Command, sync::Arc};

use arrow::{
    array::{ArrayRef, Int64Array},
    record_batch::RecordBatch,
};
use athena_protocol::{ErrorKind, message::RemoteReadRecordsResponse};
use athena_spill::{
    BlockBuilder, KeyFactory, LocalKeyFactory, ObjectStore, ServerSideEncryption, SpillReader,
    SpillSettings, SpillTarget, SpillWriter, aws::S3Store,
};
use bytes::Bytes;
use futures::TryStreamExt;

use crate::servers::{ACCESS_KEY, REGION, SECRET_KEY, Server};

#[tokio::test]
async fn objects_round_trip() {
    let server = Server::s3().await;
    let store = server.store();
    let large: Vec<u8> = (0..3_000_000u32).map(|number| number.to_le_bytes()[1]).collect();
    for body in [Bytes::new(), Bytes::from_static(b"x"), Bytes::from(large)] {
        store.put("spill", "p/q/s.0", body.clone()).await.unwrap();
        assert_eq!(store.get("spill", "p/q/s.0").await.unwrap(), body);
    }
    store.check_bucket("spill").await.unwrap();
    assert!(server.requests().iter().take(2).eq(["PUT /spill/p/q/s.0", "GET /spill/p/q/s.0"]));
}

#[tokio::test]
async fn a_put_has_length_checksum_and_configured_headers() {
    let server = Server::s3().await;
    let settings = SpillSettings::default()
        .with_put_header("X-Amz-Meta-Team", "a b")
        .with_server_side_encryption(ServerSideEncryption::S3)
        .with_bucket_owner("111122223333");
    let store = S3Store::new(&settings).with_endpoint(&server.url, REGION, ACCESS_KEY, SECRET_KEY);
    store.put("spill", "k", Bytes::from_static(b"12345")).await.unwrap();
    for (name, value) in [
        ("content-length", "5"),
        ("x-amz-meta-team", "a b"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-expected-bucket-owner", "111122223333"),
    ] {
        assert_eq!(server.header(name).as_deref(), Some(value), "{name}");
    }
    assert!(server.header("x-amz-checksum-crc32").is_some());
    // Unsigned headers could be removed in transit.
    let signed = server.header("authorization").unwrap();
    assert!(
        signed.contains("x-amz-meta-team") && signed.contains("x-amz-server-side-encryption"),
        "{signed}"
    );
    assert_ne!(server.header("x-amz-content-sha256").unwrap(), "UNSIGNED-PAYLOAD");
}

#[tokio::test]
async fn missing_buckets_and_objects_are_not_found() {
    let server = Server::s3().await;
    let store = server.store();
    for (error, name) in [
        (store.get("spill", "p/none").await.unwrap_err(), "s3://spill/p/none"),
        (store.get("no-bucket", "k").await.unwrap_err(), "s3://no-bucket/k"),
        (store.check_bucket("no-bucket").await.unwrap_err(), "no-bucket"),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.message().contains(name), "{error}");
    }
}

#[tokio::test]
async fn wrong_credentials_differ_from_missing_permissions() {
    let server = Server::s3().await;
    for (access_key, secret_key) in [("AKIDOTHER", SECRET_KEY), (ACCESS_KEY, "K7MDENGbPxRfiCY")] {
        let store = S3Store::new(&SpillSettings::default()).with_endpoint(
            &server.url,
            REGION,
            access_key,
            secret_key,
        );
        for error in [
            store.put("spill", "k", Bytes::from_static(b"x")).await.unwrap_err(),
            store.get("spill", "k").await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidCredentials, "{error}");
            assert!(!format!("{error} {error:?} {store:?}").contains(secret_key));
        }
    }
}

#[tokio::test]
async fn rows_round_trip_through_builder_writer_and_reader() {
    let server = Server::s3().await;
    let store: Arc<dyn ObjectStore> = Arc::new(server.store());
    let key = LocalKeyFactory.create().await.unwrap();
    let numbers = |from: i64, to| Arc::new(Int64Array::from_iter_values(from..to)) as ArrayRef;
    let batches: Vec<_> = (0..20)
        .map(|n| RecordBatch::try_from_iter([("n", numbers(n * 1_000, (n + 1) * 1_000))]).unwrap())
        .collect();
    let schema = batches[0].schema();
    let target = SpillTarget {
        bucket: "spill".to_owned(),
        key: "p/q/s".to_owned(),
        encryption_key: Some(key.clone()),
    };
    let mut writer = SpillWriter::new(Arc::clone(&store), target, 3);
    let mut builder = BlockBuilder::new(Arc::clone(&schema), 10_000);
    for batch in &batches {
        for block in builder.push(batch.clone()).unwrap() {
            writer.write(block).await.unwrap();
        }
    }
    if let Some(last) = builder.finish() {
        writer.write(last).await.unwrap();
    }
    let remote_blocks = writer.finish().await.unwrap();
    let response = RemoteReadRecordsResponse {
        catalog_name: "c".to_owned(),
        schema,
        remote_blocks,
        encryption_key: Some(key),
    };
    let blocks: Vec<_> = SpillReader::new(store, 2).read(response).try_collect().await.unwrap();
    assert_eq!(blocks.len(), 17);
    assert!(blocks.iter().all(|(_, bytes)| *bytes <= 10_016));
    let rows = blocks.iter().map(|(block, _)| block).collect::<Vec<_>>();
    let rows = arrow::compute::concat_batches(&batches[0].schema(), rows).unwrap();
    assert_eq!(rows, RecordBatch::try_from_iter([("n", numbers(0, 20_000))]).unwrap());
}

/// Environment variables are global to a process, so this test runs itself in another.
#[tokio::test]
async fn the_environment_configures_the_endpoint() {
    const CHILD: &str = "ATHENA_SPILL_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let store = S3Store::new(&SpillSettings::default());
        store.put("spill", "child", Bytes::from_static(b"x")).await.unwrap();
        return;
    }
    let server = Server::s3().await;
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "round_trip::the_environment_configures_the_endpoint"]).env(CHILD, "1");
    child.env("AWS_ENDPOINT_URL_S3", &server.url).env("AWS_REGION", REGION);
    child.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(server.requests(), ["PUT /spill/child"]);
}
