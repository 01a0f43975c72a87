//! The S3 of this machine.

use athena_local::object_store::LocalS3;

#[tokio::test]
async fn a_temporary_store_leaves_nothing_behind() {
    let store = LocalS3::start(None).await.unwrap();
    let root = store.root().to_owned();
    assert!(root.join(store.spill_bucket()).is_dir());
    drop(store);
    assert!(!root.exists());
}

#[tokio::test]
async fn a_bucket_has_a_name_that_s3_would_take() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalS3::start(Some(folder.path().to_owned())).await.unwrap();
    store.create_bucket("lake-1").unwrap();
    store.create_bucket("lake-1").unwrap();
    assert!(folder.path().join("lake-1").is_dir());
    for name in ["", "ab", "Lake", "a/b/c", "../lake", "-lake", "lake.", &"x".repeat(64)] {
        assert!(store.create_bucket(name).is_err(), "{name}");
    }
}
