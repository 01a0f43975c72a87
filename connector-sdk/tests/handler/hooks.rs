//! Code around invocations, and metrics.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use athena_connector_sdk::{
    Error, ErrorKind, Handler, Result, StaticConnector, async_trait,
    hook::{EmbeddedMetrics, Hook, Invocation, Next},
};
use athena_protocol::{Request, SerdeVersion};

use crate::fixture::*;

/// Hook that notes what it sees under its name.
struct Notes(&'static str, Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Hook for Notes {
    async fn around(&self, invocation: &Invocation, next: Next<'_>) -> Result<Vec<u8>> {
        let Self(name, notes) = self;
        notes.lock().unwrap().push(format!("{name} begins {}", invocation.operation));
        let result = next.run().await;
        let rows = invocation.context.progress().rows;
        let outcome = result.as_ref().map(|_| rows).map_err(Error::kind);
        notes.lock().unwrap().push(format!("{name} ends {:?} {outcome:?}", invocation.object));
        result
    }
}

fn encoded(request: &Request) -> Vec<u8> {
    request.encode(SerdeVersion::LATEST).unwrap()
}

#[tokio::test]
async fn hooks_are_around_each_other_in_the_order_in_which_they_were_added() {
    let notes = Arc::default();
    let handler = math()
        .with_hook(Notes("outer", Arc::clone(&notes)))
        .with_hook(Notes("inner", Arc::clone(&notes)));
    let request = encoded(&table_request_of("math", "squares"));
    handler.handle(&request, None).await.unwrap();
    assert_eq!(
        notes.lock().unwrap()[..],
        [
            "outer begins GetTableRequest",
            "inner begins GetTableRequest",
            "inner ends \"math.squares\" Ok(0)",
            "outer ends \"math.squares\" Ok(0)",
        ]
    );
}

#[tokio::test]
async fn a_hook_sees_the_errors_of_an_invocation_and_of_a_request_that_is_none() {
    let notes = Arc::default();
    let handler = math().with_hook(Notes("hook", Arc::clone(&notes)));
    let missing = encoded(&table_request_of("math", "cubes"));
    for request in [&missing[..], b"{"] {
        handler.handle(request, None).await.unwrap_err();
    }
    assert_eq!(
        notes.lock().unwrap()[..],
        [
            "hook begins GetTableRequest",
            "hook ends \"math.cubes\" Err(NotFound)",
            "hook begins unknown",
            "hook ends \"\" Err(InvalidInput)",
        ]
    );
}

/// Hook that lets nothing through.
struct Refusal;

#[async_trait]
impl Hook for Refusal {
    async fn around(&self, _: &Invocation, _: Next<'_>) -> Result<Vec<u8>> {
        Err(Error::throttled("the quota of this hour is used up"))
    }
}

#[tokio::test]
async fn a_hook_can_refuse_an_invocation_before_the_connector_is_called() {
    let fake = FakeConnector::new(numbers(0, 1));
    let calls = Arc::clone(&fake.calls);
    let handler = Handler::new(fake).with_hook(Refusal);
    let error = handler.handle(&encoded(&table_request_of("s", "t")), None).await.unwrap_err();
    assert_eq!((error.kind(), calls.lock().unwrap().len()), (ErrorKind::Throttled, 0));
}

/// Standard output of a test.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn each_metric_of_a_line_is_announced_with_its_unit_and_has_a_number() {
    let output = Output::default();
    let metrics = EmbeddedMetrics::new("Tests").with_writer(output.clone());
    let handler = math().with_hook(metrics);
    handler.handle(&encoded(&table_request_of("math", "squares")), None).await.unwrap();
    handler.handle(&encoded(&table_request_of("math", "cubes")), None).await.unwrap_err();
    let text = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    for (line, errors) in lines.iter().zip([0, 1]) {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Tests");
        let metrics = directive["Metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), 6);
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            assert!(line[name].is_number(), "{name}");
            assert!(["Milliseconds", "Count", "Bytes"].contains(&metric["Unit"].as_str().unwrap()));
        }
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(line[dimension.as_str().unwrap()].is_string());
        }
        assert_eq!(line["Errors"], errors);
    }
    assert_eq!(lines[1]["ErrorCode"], "EntityNotFoundException");
}

#[tokio::test]
async fn a_connector_that_could_not_be_created_answers_pings_and_says_why() {
    let handler =
        Handler::from(Err::<StaticConnector, _>(Error::invalid_input("shop_url is not set")));
    let error = handler.handle(&encoded(&table_request_of("s", "t")), None).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::InvalidInput, "shop_url is not set"));
}
