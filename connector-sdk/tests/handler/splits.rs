//! Splits: pages, spill locations and keys.

use std::{collections::BTreeSet, sync::Arc};

use athena_connector_sdk::{ErrorKind, FederatedIdentity, Handler};
use athena_protocol::{
    Request, Response,
    message::{GetSplitsRequest, GetSplitsResponse},
};

use athena_spill::testing::MemoryStore;

use crate::fixture::*;

fn splitting(splits: usize) -> (Handler, Arc<MemoryStore>) {
    spilling(FakeConnector { splits, ..FakeConnector::new(numbers(0, 1)) })
}

async fn page(handler: &Handler, request: &GetSplitsRequest) -> GetSplitsResponse {
    match invoke(handler, Request::GetSplits(request.clone())).await.unwrap() {
        Response::GetSplits(response) => response,
        other => panic!("{}", other.type_name()),
    }
}

fn following(continuation_token: Option<String>) -> GetSplitsRequest {
    GetSplitsRequest { continuation_token, ..splits_request() }
}

#[tokio::test]
async fn pages_have_every_split_once_each_with_its_own_location() {
    for splits in [0, 1, 1_000, 1_001, 3_500] {
        let (handler, _) = splitting(splits);
        let mut found = Vec::new();
        let mut locations = BTreeSet::new();
        let mut keys = BTreeSet::new();
        let mut token = None;
        loop {
            let response = page(&handler, &following(token)).await;
            for split in response.splits {
                let location = split.spill_location.unwrap();
                assert_eq!(location.bucket.as_deref(), Some(BUCKET));
                assert!(location.directory);
                let key = location.key.unwrap();
                assert!(key.starts_with(&format!("athena-federation-spill/{QUERY}/")), "{key}");
                locations.insert(key);
                keys.insert(split.encryption_key.unwrap().key.clone());
                found.push(split.properties["number"].parse::<usize>().unwrap());
            }
            token = response.continuation_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(found, (0..splits).collect::<Vec<_>>());
        assert_eq!((locations.len(), keys.len()), (splits, splits));
    }
}

#[tokio::test]
async fn a_token_is_bound_to_query_table_and_constraints() {
    let (handler, _) = splitting(1_500);
    let token = page(&handler, &splits_request()).await.continuation_token;
    assert_eq!(page(&handler, &following(token.clone())).await.splits.len(), 500);
    // Credentials in the identity may be renewed between two pages.
    let someone =
        FederatedIdentity { account: Some("111122223333".into()), ..FederatedIdentity::default() };
    let other = GetSplitsRequest { identity: Some(someone), ..following(token.clone()) };
    assert_eq!(page(&handler, &other).await.splits.len(), 500);
    let request = following(token);
    let foreign = [
        GetSplitsRequest { query_id: Some("another".into()), ..request.clone() },
        GetSplitsRequest {
            table_name: athena_connector_sdk::TableName::new("s", "u"),
            ..request.clone()
        },
        GetSplitsRequest { constraints: only("n", &[1]), ..request.clone() },
        GetSplitsRequest { partitions: numbers(0, 2), ..request.clone() },
        GetSplitsRequest { partition_columns: vec!["n".into()], ..request },
    ];
    for request in foreign {
        assert_eq!(
            error_kind(&handler, Request::GetSplits(request)).await,
            ErrorKind::InvalidInput
        );
    }
}

#[tokio::test]
async fn a_token_is_bound_to_the_configuration() {
    let configured = |text: &str| splitting(1_500).0.with_configuration(text);
    let token = page(&configured("10 rows"), &splits_request()).await.continuation_token;
    let request = following(token);
    assert_eq!(page(&configured("10 rows"), &request).await.splits.len(), 500);
    for other in [configured("20 rows"), configured(""), splitting(1_500).0] {
        let kind = error_kind(&other, Request::GetSplits(request.clone())).await;
        assert_eq!(kind, ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn no_partitions_give_no_splits() {
    let (handler, _) = splitting(5);
    let request = GetSplitsRequest { partitions: numbers(0, 0), ..splits_request() };
    assert_eq!(page(&handler, &request).await.splits, []);
}

#[tokio::test]
async fn the_bucket_is_checked_until_it_is_usable() {
    let (handler, store) = splitting(1);
    store.set_bucket_missing(true);
    assert_eq!(
        error_kind(&handler, Request::GetSplits(splits_request())).await,
        ErrorKind::NotFound
    );
    store.set_bucket_missing(false);
    for _ in 0..3 {
        page(&handler, &splits_request()).await;
    }
    assert_eq!(store.bucket_checks(), 2);
}

#[tokio::test]
async fn without_a_bucket_splits_have_no_location() {
    let handler = Handler::new(FakeConnector::new(numbers(0, 1)));
    let response = page(&handler, &splits_request()).await;
    assert_eq!(response.splits.len(), 1);
    assert_eq!(response.splits[0].spill_location, None);
}

#[tokio::test]
async fn without_encryption_splits_have_no_key() {
    let (handler, _) = splitting(1);
    let handler = handler.with_settings(settings(&[("disable_spill_encryption", "true")]));
    assert_eq!(page(&handler, &splits_request()).await.splits[0].encryption_key, None);
}

#[tokio::test]
async fn a_spill_location_chosen_by_the_caller_is_rejected_unless_allowed() {
    let with = |name: &str, value: &str| {
        let mut identity = FederatedIdentity::default();
        identity.config_options.insert(name.into(), Some(value.into()));
        GetSplitsRequest { identity: Some(identity), ..splits_request() }
    };
    let fake = FakeConnector::new(numbers(0, 1));
    let calls = Arc::clone(&fake.calls);
    let (handler, _) = spilling(fake);
    for request in [with("spill_bucket", "theirs"), with("spill_prefix", "elsewhere")] {
        assert_eq!(
            error_kind(&handler, Request::GetSplits(request)).await,
            ErrorKind::InvalidInput
        );
    }
    assert!(calls.lock().unwrap().is_empty());
    // A blank value, or the function's own, is not a choice.
    page(&handler, &with("spill_prefix", " ")).await;
    page(&handler, &with("spill_bucket", BUCKET)).await;
    let handler =
        handler.with_settings(settings(&[("athena_connector_allow_foreign_spill", "true")]));
    let response = page(&handler, &with("spill_bucket", "theirs")).await;
    assert_eq!(
        response.splits[0].spill_location.as_ref().unwrap().bucket.as_deref(),
        Some("theirs")
    );
}
