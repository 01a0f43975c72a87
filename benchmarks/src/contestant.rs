//! Connectors under comparison.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use test_store::Certificate;

/// Connector under comparison, and its command line.
#[derive(Debug)]
pub(crate) struct Contestant {
    /// Name in the report.
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Number of unmeasured reads, so that a just-in-time compiler is done.
    pub(crate) warm_up: usize,
}

impl Contestant {
    /// Returns whether this is a Java connector.
    pub(crate) fn is_java(&self) -> bool {
        self.name != RUST
    }
}

/// All connectors, and the certificate that they trust.
#[derive(Debug)]
pub(crate) struct Contestants {
    pub(crate) certificate: Certificate,
    /// The Rust connector first.
    pub(crate) all: Vec<Contestant>,
    /// Versions of connectors and runtimes, for the report.
    pub(crate) versions: Vec<String>,
}

impl Contestants {
    pub(crate) fn new(rust: &Path, java: Option<&str>) -> anyhow::Result<Self> {
        let certificate = Certificate::generate().context("cannot generate a certificate")?;
        let program = rust
            .canonicalize()
            .with_context(|| format!("no connector binary at {}", rust.display()))?;
        let mut all = vec![Contestant { name: RUST, program, arguments: Vec::new(), warm_up: 1 }];
        let mut versions = vec![format!("rust connector: version {}", env!("CARGO_PKG_VERSION"))];
        if let Some(class_path) = java {
            let trust_store = &create_trust_store(&certificate)?;
            let lambda = JavaContestant {
                name: "java, Lambda flags",
                flags: &LAMBDA_FLAGS,
                class_path,
                trust_store,
                warm_up: 1,
            };
            let default =
                JavaContestant { name: "java, default flags", flags: &[], warm_up: 3, ..lambda };
            all.extend([java_contestant(lambda), java_contestant(default)]);
            versions.push(java_version()?);
            let sdk = class_path
                .split(':')
                .find_map(|jar| jar.rsplit('/').next()?.strip_prefix("aws-athena-federation-sdk-"));
            versions
                .push(format!("java SDK: {}", sdk.unwrap_or("unknown").trim_end_matches(".jar")));
        }
        Ok(Self { certificate, all, versions })
    }
}

const RUST: &str = "rust";

/// Flags that Lambda passes to a JVM by default.
const LAMBDA_FLAGS: [&str; 2] = ["-XX:+TieredCompilation", "-XX:TieredStopAtLevel=1"];

/// Java connector, before its command line is built.
#[derive(Clone, Copy)]
struct JavaContestant<'a> {
    name: &'static str,
    flags: &'a [&'a str],
    class_path: &'a str,
    trust_store: &'a Path,
    warm_up: usize,
}

fn java_contestant(java: JavaContestant<'_>) -> Contestant {
    let JavaContestant { name, flags, class_path, trust_store, warm_up } = java;
    let flags = flags.iter().copied().chain([
        // Heap size of a function with 3008 MB.
        "-Xmx2557m",
        "-XX:+UseSerialGC",
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "-Duser.timezone=UTC",
        "-Dfile.encoding=UTF-8",
        "-Djavax.net.ssl.trustStorePassword=changeit",
    ]);
    let trust_store = format!("-Djavax.net.ssl.trustStore={}", trust_store.display());
    let rest = [
        "-cp",
        class_path,
        "com.amazonaws.services.lambda.runtime.api.client.AWSLambda",
        "bench.BenchHandler",
    ];
    let arguments = flags.chain([trust_store.as_str()]).chain(rest).map(str::to_owned).collect();
    Contestant { name, program: "java".into(), arguments, warm_up }
}

/// Creates the key store with which Java trusts `certificate`.
fn create_trust_store(certificate: &Certificate) -> anyhow::Result<PathBuf> {
    let store = certificate.folder().join("trusted.p12");
    let output = Command::new("keytool")
        .args([
            "-importcert",
            "-noprompt",
            "-alias",
            "store",
            "-storetype",
            "PKCS12",
            "-storepass",
            "changeit",
        ])
        .arg("-file")
        .arg(certificate.folder().join("certificate.pem"))
        .arg("-keystore")
        .arg(&store)
        .output()
        .context("cannot run keytool, which is part of Java")?;
    ensure!(output.status.success(), "keytool failed: {}", String::from_utf8_lossy(&output.stdout));
    Ok(store)
}

fn java_version() -> anyhow::Result<String> {
    let output = Command::new("java").arg("-version").output().context("cannot run java")?;
    let text = String::from_utf8_lossy(&output.stderr);
    Ok(format!(
        "java: {}",
        text.lines().nth(1).or(text.lines().next()).unwrap_or("unknown version")
    ))
}
