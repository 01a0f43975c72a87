//! The command itself, as a user runs it: what it prints, where, and how it ends.

mod check;
mod faults;
mod invoke;
mod memory;
mod printing;
mod query;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// `athena-local` in the root of the checkout.
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

/// What it printed, if it went well.
fn printed(output: &Output) -> &str {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// What it said, if it failed and printed nothing.
fn failed(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "", "no partial result is printed");
    text(&output.stderr)
}

/// Bytes received, as the sum under the messages says.
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
