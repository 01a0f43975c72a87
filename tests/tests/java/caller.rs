//! Java as caller: the SDK's own mappers ask our connector every message in every version, and what
//! they read is right.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Output},
    sync::Arc,
};

use athena_client::Invoke;
use athena_lambda_host::LocalS3;
use athena_lambda_host::invoke_endpoint::{Functions, serve};
use serde::Deserialize;
use serde_json::Value;

use super::{
    expected, peer,
    verdicts::{VERSIONS, Verdicts, table, wrong},
};

/// One answer as the Java side prints it.
#[derive(Debug, Deserialize)]
struct Line {
    version: i32,
    case: String,
    answer: Option<Value>,
    error: Option<String>,
}

impl Line {
    /// What is wrong with it, if anything is.
    fn verdict(&self) -> Result<(), String> {
        match (&self.answer, &self.error) {
            (Some(answer), None) => expected::check(&self.case, self.version, answer),
            (_, error) => Err(error.clone().unwrap_or_else(|| "no answer".to_owned())),
        }
    }
}

/// Runs the Java side against the endpoint at `address`.
fn converse(class_path: &str, address: SocketAddr, s3: &LocalS3) -> Output {
    let mut java = Command::new("java");
    java.args(peer::java_arguments(class_path, "peer.Caller")).arg(format!("http://{address}"));
    java.envs(s3.env()).output().expect("java is on the path")
}

async fn conversation(class_path: String) -> Vec<Line> {
    let s3 = Arc::new(LocalS3::start(None).await.unwrap());
    let clear = [("disable_spill_encryption".to_owned(), "true".to_owned())];
    let function: Arc<dyn Invoke> = peer::twin(&s3).await;
    let clear: Arc<dyn Invoke> = peer::twin_with(&s3, clear).await;
    let functions =
        Functions::from([(peer::NAME.to_owned(), function), ("clear".to_owned(), clear)]);
    let endpoint = serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), functions).await.unwrap();
    let address = endpoint.address();
    let store = Arc::clone(&s3);
    let output =
        tokio::task::spawn_blocking(move || converse(&class_path, address, &store)).await.unwrap();
    endpoint.stop().await;
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the Java side ended with {}:\n{stderr}", output.status);
    let line = |line| {
        serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{error} in what Java printed: {line}"))
    };
    stdout.lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_java_sdk_reads_every_message_in_every_version_as_it_was_meant() {
    let Some(class_path) = peer::class_path() else { return };
    let lines = conversation(class_path).await;
    let verdicts: Verdicts =
        lines.iter().map(|line| ((line.case.clone(), line.version), line.verdict())).collect();
    peer::say(&table("Java reads our", &verdicts));
    let wrong = wrong(&verdicts);
    assert!(wrong.is_empty(), "{wrong}");
    for (case, since) in expected::CASES {
        for version in VERSIONS.filter(|version| version >= since) {
            assert!(
                verdicts.contains_key(&((*case).to_owned(), version)),
                "{case} in version {version} was not asked"
            );
        }
    }
    assert_eq!(verdicts.len(), lines.len(), "a case was asked twice");
}
