//! A Java client with our connector: the mappers of the Java SDK send every message in every
//! version, and decode the responses correctly.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Output},
    sync::Arc,
};

use athena_client::Invoke;
use athena_lambda_host::{
    LocalS3,
    invoke_endpoint::{Functions, serve},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    expected, peer,
    verdicts::{VERSIONS, Verdicts, table, wrong},
};

/// Response as printed by the Java client.
#[derive(Debug, Deserialize)]
struct Line {
    version: i32,
    case: String,
    answer: Option<Value>,
    error: Option<String>,
}

impl Line {
    /// Compares the response with the expected one.
    fn verdict(&self) -> Result<(), String> {
        match (&self.answer, &self.error) {
            (Some(answer), None) => expected::check(&self.case, self.version, answer),
            (_, error) => Err(error.clone().unwrap_or_else(|| "no response".to_owned())),
        }
    }
}

/// Runs the Java client against the endpoint at `address`.
fn run_client(class_path: &str, address: SocketAddr, s3: &LocalS3) -> Output {
    let mut java = Command::new("java");
    java.args(peer::java_arguments(class_path, "peer.Client")).arg(format!("http://{address}"));
    java.envs(s3.env()).output().expect("java is on the PATH")
}

/// Runs the Java client and parses its output.
async fn conversation(class_path: String) -> Vec<Line> {
    let s3 = Arc::new(LocalS3::start(None).await.unwrap());
    let unencrypted = [("disable_spill_encryption".to_owned(), "true".to_owned())];
    let function: Arc<dyn Invoke> = peer::rust_peer(&s3).await;
    let clear: Arc<dyn Invoke> = peer::rust_peer_with(&s3, unencrypted).await;
    let functions =
        Functions::from([(peer::NAME.to_owned(), function), ("clear".to_owned(), clear)]);
    let endpoint = serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), functions).await.unwrap();
    let address = endpoint.address();
    let store = Arc::clone(&s3);
    let output = tokio::task::spawn_blocking(move || run_client(&class_path, address, &store))
        .await
        .unwrap();
    endpoint.stop().await;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the Java client ended with {}:\n{stderr}", output.status);
    let mut lines = Vec::new();
    for line in stdout.lines() {
        let parsed = serde_json::from_str(line);
        lines.push(parsed.unwrap_or_else(|error| panic!("{error} in the Java output: {line}")));
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn the_java_sdk_decodes_every_message_in_every_version() {
    let Some(class_path) = peer::class_path() else { return };
    let lines = conversation(class_path).await;
    let verdicts: Verdicts =
        lines.iter().map(|line| ((line.case.clone(), line.version), line.verdict())).collect();
    peer::print(&table("decoded by Java", &verdicts));
    let wrong = wrong(&verdicts);
    assert!(wrong.is_empty(), "{wrong}");
    for (case, since) in expected::CASES {
        for version in VERSIONS.filter(|version| version >= since) {
            assert!(
                verdicts.contains_key(&((*case).to_owned(), version)),
                "{case} in version {version} is missing"
            );
        }
    }
    assert_eq!(verdicts.len(), lines.len(), "a case is duplicated");
}
