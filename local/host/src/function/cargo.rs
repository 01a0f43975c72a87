//! Builds of packages with cargo.

use std::{
    collections::{BTreeMap, HashMap},
    env,
    ffi::OsString,
    io::{BufRead as _, BufReader, IsTerminal as _, Read, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::runtime::watchdog;

/// Time after which cargo's output is shown. A build without changes takes less.
const QUIET: Duration = Duration::from_secs(2);

/// Builds the packages in the given folders and returns their executables, in the same order.
///
/// Runs cargo once per workspace, with the features of the whole workspace, so that nothing is
/// compiled twice. Builds in release mode if this program is built so. Blocks the thread, for
/// minutes if much has changed.
///
/// # Errors
///
/// If a folder contains no package, or a package has no program or cannot be built. Cargo's output
/// is on standard error.
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
        executable.with_context(|| format!("cargo did not report the path of {:?}", target.program))
    });
    found.collect()
}

/// The program of a package.
#[derive(Debug)]
struct Target {
    workspace: PathBuf,
    /// Id of the package.
    package: String,
    package_name: String,
    program: String,
    /// Whether no other package of the workspace has a program with this name.
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

    /// Returns the program that is the function: the only one, the `default-run` one, or the one
    /// named `bootstrap` or like the package.
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
                "the package {:?} has several programs ({}); \
                 name one \"bootstrap\" or set default-run in its Cargo.toml",
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
            format!("{} contains no package: there is no Cargo.toml", folder.display())
        })?;
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(&manifest)
            .stderr(Stdio::piped())
            .output()
            .context("cannot start cargo; install Rust, or use a program with exec:COMMAND")?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            bail!("cargo cannot read {}: {}", manifest.display(), stderr.trim());
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .context("the output of cargo metadata is not JSON")?;
        let package = metadata.packages.iter().find(|package| package.manifest_path == manifest);
        let package = package.with_context(|| {
            format!(
                "{} is the manifest of a workspace; use one of its packages",
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

/// A JSON message of cargo about a built file.
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
        // Selecting all members unifies the features that they need.
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
    // A build must not outlive this process if a signal ends it.
    let mut cargo = command.process_group(0).spawn().context("cannot start cargo")?;
    let group = i32::try_from(cargo.id()).expect("process ids are positive numbers");
    watchdog::add(group);
    let stdout = cargo.stdout.take().expect("the output is piped");
    let stderr = cargo.stderr.take().expect("the output is piped");
    let messages = thread::spawn(move || artifacts(stdout));
    let hidden = show_if_slow(stderr, &names);
    let artifacts = messages.join().expect("reading messages does not panic");
    let status = cargo.wait().context("cannot wait for cargo")?;
    watchdog::remove(group);
    if !status.success() {
        show(&hidden);
        bail!("cargo cannot build {names} ({status}); see its output above");
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
        // Other lines are output of build scripts or macros.
        if let Ok(artifact) = serde_json::from_str::<Artifact>(&line)
            && artifact.reason == "compiler-artifact"
        {
            artifacts.push(artifact);
        }
    }
    artifacts
}

/// Reads cargo's output to its end, and shows it once the build is slow. Returns the lines that
/// were not shown.
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
    let mut hidden = Vec::new();
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => hidden.push(line),
            Err(RecvTimeoutError::Disconnected) => return hidden,
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    show(&[format!("building {names} ...")]);
    show(&std::mem::take(&mut hidden));
    for line in lines {
        show(&[line]);
    }
    hidden
}

fn show(lines: &[String]) {
    let mut stderr = std::io::stderr().lock();
    for line in lines {
        // A closed standard error does not affect the build.
        let _ = writeln!(stderr, "{line}");
    }
}

/// Returns the cargo that runs this program, or else the one in the search path.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
