//! Secrets by name: fetched once, kept for a while, found again after a rotation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use athena_connector_sdk::{
    Error, ErrorKind, Result, Secret, SecretStore, Secrets, Variables, async_trait,
};

/// Store whose secret has a new value at each fetch.
#[derive(Clone, Default)]
struct Rotating(Arc<AtomicUsize>);

#[async_trait]
impl SecretStore for Rotating {
    async fn fetch(&self, name: &str) -> Result<Secret> {
        if name != "shop/database" {
            return Err(Error::not_found(format!("the secret {name:?} does not exist")));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        let version = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Secret::new(format!(
            r#"{{"username": "scott", "password": "tiger-{version}", "port": 5432}}"#
        )))
    }
}

impl Rotating {
    fn fetches(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn a_secret_is_fetched_once_however_many_ask_for_it_and_again_when_it_is_old() {
    let store = Rotating::default();
    let secrets = Secrets::new(store.clone());
    let all = (0..50).map(|_| secrets.get("shop/database#password"));
    for secret in futures::future::join_all(all).await {
        assert_eq!(secret.unwrap().expose(), "tiger-0");
    }
    assert_eq!(secrets.get("shop/database#password").await.unwrap().expose(), "tiger-0");
    assert_eq!(store.fetches(), 1);
    let never_kept = secrets.with_max_age(Duration::ZERO);
    assert_eq!(never_kept.get("shop/database#password").await.unwrap().expose(), "tiger-1");
    assert_eq!(store.fetches(), 2);
}

#[tokio::test]
async fn a_text_is_resolved_with_the_members_of_a_secret() {
    let secrets = Secrets::new(Rotating::default());
    let text = "pg://${secret:shop/database#username}@db:${secret:shop/database#port}/${x}";
    assert_eq!(secrets.resolve(text).await.unwrap().expose(), "pg://scott@db:5432/${x}");
}

#[tokio::test]
async fn a_wrong_reference_is_named_without_a_value() {
    let secrets = Secrets::new(Rotating::default());
    for (text, kind, part) in [
        ("${secret:shop/other}", ErrorKind::NotFound, "shop/other"),
        ("${secret:shop/database#token}", ErrorKind::InvalidInput, "\"token\""),
        ("${secret:shop/database", ErrorKind::InvalidInput, "\"}\""),
    ] {
        let error = secrets.resolve(text).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{text}");
        assert!(error.message().contains(part), "{error}");
        assert!(!format!("{error:?}").contains("tiger"), "{error:?}");
    }
}

#[tokio::test]
async fn a_refused_secret_is_fetched_again_and_tried_once_more_only_if_it_changed() {
    let store = Rotating::default();
    let secrets = Secrets::new(store.clone());
    let text = "${secret:shop/database#password}";
    let accept = |version: &'static str| {
        move |secret: Secret| async move {
            if secret.expose() == version {
                return Ok(version);
            }
            Err(Error::new(ErrorKind::InvalidCredentials, "the password is wrong"))
        }
    };
    assert_eq!(secrets.with(text, accept("tiger-0")).await.unwrap(), "tiger-0");
    assert_eq!(secrets.with(text, accept("tiger-1")).await.unwrap(), "tiger-1");
    assert_eq!(secrets.with(text, accept("tiger-1")).await.unwrap(), "tiger-1");
    assert_eq!(store.fetches(), 2);
    // A source that refuses every password is asked twice, and no more.
    let calls = AtomicUsize::new(0);
    let refuse = |_| async {
        calls.fetch_add(1, Ordering::Relaxed);
        Err::<(), _>(Error::new(ErrorKind::InvalidCredentials, "the account is locked"))
    };
    let error = secrets.with(text, refuse).await.unwrap_err();
    assert_eq!((error.kind(), calls.into_inner()), (ErrorKind::InvalidCredentials, 2));
}

#[test]
fn the_value_of_a_secret_variable_is_in_no_problem() {
    let mut variables =
        Variables::from_vars("shop_", [("shop_token", "tiger"), ("shop_x", "tiger")]);
    assert!(!format!("{variables:?}").contains("tiger"));
    assert_eq!(variables.secret("shop_token").unwrap().expose(), "tiger");
    variables.problem("shop_token and shop_user are both set");
    let error = variables.finish(()).unwrap_err();
    assert!(error.message().contains("shop_x") && !error.message().contains("tiger"), "{error}");
}
