//! Packages, built by cargo.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader, IsTerminal as _, Read, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde::Deserialize;

/// Time after which a build shows what it does. One that has nothing to do takes less.
const QUIET: Duration = Duration::from_secs(2);

/// Builds the packages in these folders and returns their executables, in the same order.
///
/// Packages of one workspace are built by one call of cargo, with the features that building the
/// whole workspace would give them, so that nothing is compiled twice; optimised if this program
/// is. Takes minutes if much has changed, and blocks the thread for that time.
///
/// # Errors
///
/// If a folder holds no package, a package has no program or cannot be built. What cargo says is on
/// standard error.
pub fn build_all(packages: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut targets = Vec::new();
    for package in packages {
        targets.push(Target::find(package)?);
    }
    let mut workspaces = BTreeMap::<&Path, Vec<&Target>>::new();
    for target in &targets {
        workspaces.entry(&target.workspace).or_default().push(target);
    }
    let mut executables = HashMap::new();
    for (workspace, targets) in workspaces {
        build(workspace, &targets, &mut executables)?;
    }
    let found = targets.iter().map(|target| {
        let executable =
            executables.get(&(target.package.clone(), target.program.clone())).cloned();
        executable.with_context(|| {
            format!("cargo built {:?} and did not say where it is", target.program)
        })
    });
    found.collect()
}

/// The program of a package.
#[derive(Debug)]
struct Target {
    workspace: PathBuf,
    /// The package's id.
    package: String,
    package_name: String,
    program: String,
    /// Whether no other package of the workspace has a program of this name.
    unique: bool,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
    default_run: Option<String>,
    targets: Vec<PackageTarget>,
}

#[derive(Deserialize)]
struct PackageTarget {
    name: String,
    kind: Vec<String>,
}

impl Package {
    fn programs(&self) -> Vec<&str> {
        let programs =
            self.targets.iter().filter(|target| target.kind.iter().any(|kind| kind == "bin"));
        programs.map(|target| target.name.as_str()).collect()
    }

    /// The program that is the function: the only one, the one that `cargo run` runs, or the one
    /// that Lambda would.
    fn function(&self) -> anyhow::Result<&str> {
        let programs = self.programs();
        let named = |name: &str| programs.iter().copied().find(|program| *program == name);
        let default = self.default_run.as_deref().and_then(named);
        match (&programs[..], default.or_else(|| named("bootstrap")).or_else(|| named(&self.name)))
        {
            ([], _) => {
                bail!("the package {:?} has no program; a connector has a src/main.rs", self.name)
            }
            ([only], _) => Ok(only),
            (_, Some(chosen)) => Ok(chosen),
            (several, None) => bail!(
                "the package {:?} has several programs ({}); name one \"bootstrap\" or set default-run in its Cargo.toml",
                self.name,
                several.join(", ")
            ),
        }
    }
}

impl Target {
    fn find(folder: &Path) -> anyhow::Result<Self> {
        let manifest = folder.join("Cargo.toml");
        let manifest = manifest.canonicalize().with_context(|| {
            format!("{} holds no package: there is no Cargo.toml", folder.display())
        })?;
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(&manifest)
            .stderr(Stdio::piped())
            .output()
            .context(
                "cargo cannot be started; install Rust, or name a program with exec:COMMAND",
            )?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("cargo cannot read {}: {}", manifest.display(), said.trim());
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .context("cargo metadata wrote what is no JSON")?;
        let package = metadata.packages.iter().find(|package| package.manifest_path == manifest);
        let package = package.with_context(|| {
            format!(
                "{} is the manifest of a workspace; name one of its packages",
                manifest.display()
            )
        })?;
        let program = package.function()?;
        let same_name = metadata
            .packages
            .iter()
            .filter(|package| package.programs().contains(&program))
            .count();
        Ok(Self {
            package: package.id.clone(),
            package_name: package.name.clone(),
            program: program.to_owned(),
            unique: same_name == 1,
            workspace: metadata.workspace_root,
        })
    }
}

/// What cargo tells programs about a file that it made.
#[derive(Deserialize)]
struct Artifact {
    reason: String,
    package_id: Option<String>,
    target: Option<PackageTarget>,
    executable: Option<PathBuf>,
}

fn build(
    workspace: &Path,
    targets: &[&Target],
    executables: &mut HashMap<(String, String), PathBuf>,
) -> anyhow::Result<()> {
    let names =
        targets.iter().map(|target| target.package_name.as_str()).collect::<Vec<_>>().join(", ");
    let mut command = Command::new(cargo());
    command.current_dir(workspace).args(["build", "--message-format", "json-render-diagnostics"]);
    if targets.iter().all(|target| target.unique) {
        // With all its members selected, a workspace is built with the features that they need
        // together.
        command.arg("--workspace");
    } else {
        command.args(targets.iter().flat_map(|target| ["-p", &target.package]));
    }
    command.args(targets.iter().flat_map(|target| ["--bin", &target.program]));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    if std::io::stderr().is_terminal() {
        command.args(["--color", "always"]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut cargo = command.spawn().context("cargo cannot be started")?;
    let (stdout, stderr) = (cargo.stdout.take(), cargo.stderr.take());
    let messages = thread::spawn(move || artifacts(stdout.expect("the output is piped")));
    let unseen = show_if_slow(stderr.expect("the output is piped"), &names);
    let artifacts = messages.join().expect("reading messages does not panic");
    let status = cargo.wait().context("cargo cannot be waited for")?;
    if !status.success() {
        show(&unseen);
        bail!("cargo cannot build {names} ({status}); what it says is above");
    }
    for artifact in artifacts {
        if let (Some(package), Some(target), Some(executable)) =
            (artifact.package_id, artifact.target, artifact.executable)
        {
            executables.insert((package, target.name), executable);
        }
    }
    Ok(())
}

fn artifacts(output: impl Read) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        // A line that is no message comes from a build script or a macro.
        if let Ok(artifact) = serde_json::from_str::<Artifact>(&line)
            && artifact.reason == "compiler-artifact"
        {
            artifacts.push(artifact);
        }
    }
    artifacts
}

/// Reads what cargo says to its end, and shows it from the moment on where it took long. Returns
/// what was not shown.
fn show_if_slow(output: impl Read + Send + 'static, names: &str) -> Vec<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let end = Instant::now() + QUIET;
    let mut unseen = Vec::new();
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => unseen.push(line),
            Err(RecvTimeoutError::Disconnected) => return unseen,
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    show(&[format!("building {names} ...")]);
    show(&std::mem::take(&mut unseen));
    for line in lines {
        show(&[line]);
    }
    unseen
}

fn show(lines: &[String]) {
    let mut stderr = std::io::stderr().lock();
    for line in lines {
        // Whether somebody reads it makes no difference to the build.
        let _ = writeln!(stderr, "{line}");
    }
}

/// The cargo that runs us, if one does.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
