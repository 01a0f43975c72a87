//! The Java side, the twin, and what both need to run.

use std::{env, io::Write as _, path::Path, sync::Arc, time::Duration};

use athena_client::Invoke;
use athena_lambda_host::{FunctionOptions, HostedFunction, LocalS3, Spec};

/// The variable that names the class path: the folder of our classes and everything that they need.
const CLASS_PATH: &str = "ATHENA_JAVA_PEER_CLASS_PATH";
/// Name of the function, and of its catalog in SQL.
pub(super) const NAME: &str = "peer";

/// The class path, or a word about why there is none.
pub(super) fn class_path() -> Option<String> {
    let class_path = env::var(CLASS_PATH).ok().filter(|path| !path.is_empty());
    if class_path.is_none() {
        say(&format!(
            "skipped: {CLASS_PATH} is not set, so there is no Java SDK to compare with; tests/run sets it"
        ));
    }
    class_path
}

/// Prints a text that is seen even if the test passes.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The arguments with which `java` runs `class`.
pub(super) fn java_arguments(class_path: &str, class: &str) -> Vec<String> {
    let arguments = [
        // What Arrow for Java needs on any Java of today.
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "-Duser.timezone=UTC",
        "-Dfile.encoding=UTF-8",
        // A length that is read wrongly would otherwise be allocated.
        "-Xmx1g",
        "-cp",
        class_path,
        class,
    ];
    arguments.map(str::to_owned).into()
}

/// The connector on the Java SDK: one process, for it takes up to 20 seconds to start.
pub(super) fn java_connector(class_path: &str, s3: &LocalS3) -> HostedFunction {
    let mut arguments =
        java_arguments(class_path, "com.amazonaws.services.lambda.runtime.api.client.AWSLambda");
    arguments.push("peer.PeerHandler".to_owned());
    HostedFunction::new("java", arguments, options(s3))
}

/// The same connector on our SDK.
pub(super) async fn twin(s3: &LocalS3) -> Arc<dyn Invoke> {
    twin_with(s3, []).await
}

/// The same with more in its environment.
pub(super) async fn twin_with(
    s3: &LocalS3,
    env: impl IntoIterator<Item = (String, String)>,
) -> Arc<dyn Invoke> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("rust-peer");
    let mut options = options(s3);
    options.env.extend(env);
    athena_lambda_host::open(&Spec::Cargo(package), options).await.unwrap()
}

fn options(s3: &LocalS3) -> FunctionOptions {
    let mut env = s3.env();
    // The Java SDK asks Athena whether a query still runs, if reading takes long. This refuses, and
    // nothing leaves the machine.
    env.push(("AWS_ENDPOINT_URL_ATHENA".to_owned(), s3.endpoint()));
    FunctionOptions {
        name: NAME.to_owned(),
        concurrency: 1,
        timeout: Duration::from_mins(2),
        init_timeout: Duration::from_mins(3),
        env,
        show_output: false,
        ..FunctionOptions::default()
    }
}
