//! The command as a user runs it: output and exit status.

mod check;
mod environment;
mod faults;
mod invoke;
mod memory;
mod new;
mod printing;
mod query;
mod signals;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns `athena-local` with `arguments`, in the root of the checkout.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_athena-local"));
    command.current_dir(root()).args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Returns standard output of a successful command.
fn printed(output: &Output) -> &str {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Returns standard error of a command that failed without standard output.
fn failed(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "", "no partial result is printed");
    text(&output.stderr)
}

/// Returns the bytes received according to the last line of an explanation.
fn bytes_received(explanation: &str) -> f64 {
    let sum = explanation.lines().find(|line| line.contains(" received (")).unwrap();
    let (before, _) = sum.split_once(" received (").unwrap();
    let (number, unit) = before.rsplit_once(", ").unwrap().1.split_once(' ').unwrap();
    let factor = match unit {
        "B" | "bytes" => 1.0,
        "kB" | "KB" | "KiB" => 1e3,
        "MB" | "MiB" => 1e6,
        other => panic!("a size in {other:?}"),
    };
    number.replace(',', "").parse::<f64>().unwrap() * factor
}
