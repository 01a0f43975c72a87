//! Who is compared.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use test_store::Certificate;

/// A connector and how it is started.
#[derive(Debug)]
pub(crate) struct Contestant {
    /// The name in the report.
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Reads before it is measured, so that a compiler at run time has done its work.
    pub(crate) warm_up: usize,
}

impl Contestant {
    /// Whether it is one to compare with.
    pub(crate) fn is_java(&self) -> bool {
        self.name != RUST
    }
}

/// All of them, and the certificate that they trust.
#[derive(Debug)]
pub(crate) struct Contestants {
    pub(crate) certificate: Certificate,
    /// The Rust connector first.
    pub(crate) all: Vec<Contestant>,
    /// What there is to know of their versions.
    pub(crate) versions: Vec<String>,
}

impl Contestants {
    pub(crate) fn new(rust: &Path, java: Option<&str>) -> anyhow::Result<Self> {
        let certificate = Certificate::generate().context("cannot make a certificate")?;
        let program =
            rust.canonicalize().with_context(|| format!("no connector at {}", rust.display()))?;
        let mut all = vec![Contestant { name: RUST, program, arguments: Vec::new(), warm_up: 1 }];
        let mut versions = vec![format!("rust connector: version {}", env!("CARGO_PKG_VERSION"))];
        if let Some(class_path) = java {
            let trusted = trust(&certificate)?;
            all.push(of_java("java as Lambda starts it", &LAMBDA_FLAGS, class_path, &trusted, 1));
            all.push(of_java("java, all compilers", &[], class_path, &trusted, 3));
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

/// What Lambda gives a JVM by default.
const LAMBDA_FLAGS: [&str; 2] = ["-XX:+TieredCompilation", "-XX:TieredStopAtLevel=1"];

fn of_java(
    name: &'static str,
    flags: &[&str],
    class_path: &str,
    trusted: &Path,
    warm_up: usize,
) -> Contestant {
    let flags = flags.iter().copied().chain([
        // The heap of a function of 3008 MB.
        "-Xmx2557m",
        "-XX:+UseSerialGC",
        "--add-opens=java.base/java.nio=ALL-UNNAMED",
        "-Duser.timezone=UTC",
        "-Dfile.encoding=UTF-8",
        "-Djavax.net.ssl.trustStorePassword=changeit",
    ]);
    let trusted = format!("-Djavax.net.ssl.trustStore={}", trusted.display());
    let rest = [
        "-cp",
        class_path,
        "com.amazonaws.services.lambda.runtime.api.client.AWSLambda",
        "bench.BenchHandler",
    ];
    let arguments = flags.chain([trusted.as_str()]).chain(rest).map(str::to_owned).collect();
    Contestant { name, program: "java".into(), arguments, warm_up }
}

/// Makes the key store by which Java trusts `certificate`.
fn trust(certificate: &Certificate) -> anyhow::Result<PathBuf> {
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
        .context("cannot run keytool, which comes with Java")?;
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
