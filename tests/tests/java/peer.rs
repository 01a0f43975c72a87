//! The Java and the Rust peer, and their environment.

use std::{env, io::Write as _, path::Path, sync::Arc, time::Duration};

use athena_client::Invoke;
use athena_lambda_host::{FunctionOptions, HostedFunction, LocalS3, Spec};

/// Environment variable with the class path: the folder of our classes and their dependencies.
const CLASS_PATH: &str = "ATHENA_JAVA_PEER_CLASS_PATH";
/// Name of the function and of its catalog.
pub(super) const NAME: &str = "peer";

/// Returns the class path, or prints why the test is skipped.
pub(super) fn class_path() -> Option<String> {
    let class_path = env::var(CLASS_PATH).ok().filter(|path| !path.is_empty());
    if class_path.is_none() {
        print(&format!("skipped: {CLASS_PATH} is not set; run tests/run"));
    }
    class_path
}

/// Prints a text that is shown even if the test passes.
pub(super) fn print(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Returns the arguments with which `java` runs `class`.
pub(super) fn java_arguments(class_path: &str, class: &str) -> Vec<String> {
    let arguments = [
        // Arrow for Java requires this on current versions of Java.
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "-Duser.timezone=UTC",
        "-Dfile.encoding=UTF-8",
        // Limits the allocation for a length that is decoded wrongly.
        "-Xmx1g",
        "-cp",
        class_path,
        class,
    ];
    arguments.map(str::to_owned).into()
}

/// Starts the connector on the Java SDK, in a single process, because it takes up to 20 seconds to
/// start.
pub(super) fn java_connector(class_path: &str, s3: &LocalS3) -> HostedFunction {
    let mut arguments =
        java_arguments(class_path, "com.amazonaws.services.lambda.runtime.api.client.AWSLambda");
    arguments.push("peer.PeerHandler".to_owned());
    HostedFunction::new("java", arguments, options(s3))
}

/// Builds and starts the same connector on our SDK.
pub(super) async fn rust_peer(s3: &LocalS3) -> Arc<dyn Invoke> {
    rust_peer_with(s3, []).await
}

/// Starts the Rust peer with additional environment variables.
pub(super) async fn rust_peer_with(
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
    // During a long read, the Java SDK asks Athena whether the query is still running. This
    // endpoint refuses the request, so that it does not leave the machine.
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
