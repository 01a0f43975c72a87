//! End of commands by signals.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{command, faults::wait_for, run};

/// Function whose second read never ends.
const HANGING: &str = "shop=exec:python3 -m tests.functions.faulty tests/golden sleep";

fn folders(temporary: &Path) -> Vec<String> {
    let names = fs::read_dir(temporary).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

/// Starts a command that does not ignore `SIGHUP`, even if these tests were started with `nohup`.
fn spawn(command: &Command, temporary: &Path) -> Child {
    let mut env = Command::new("env");
    env.arg("--default-signal=HUP").arg(command.get_program()).args(command.get_args());
    env.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        env.current_dir(folder);
    }
    env.env("TMPDIR", temporary);
    env.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// Returns the functions with this folder for temporary files.
fn functions(temporary: &Path) -> Vec<i32> {
    let variable = format!("TMPDIR={}", temporary.display());
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let process: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let environment = fs::read(format!("/proc/{process}/environ")).ok()?;
        let arguments = fs::read(format!("/proc/{process}/cmdline")).ok()?;
        let own = environment.split(|&byte| byte == 0).any(|one| one == variable.as_bytes());
        (own && contains(&arguments, "\0tests.functions.faulty\0")).then_some(process)
    });
    processes.collect()
}

/// Ends a command with `signal` when its function runs and it has printed `ready` to standard
/// error, and checks that nothing is left.
fn assert_cleans_up(command: &Command, signal: Signal, input: &str, ready: &str) {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = spawn(command, temporary.path());
    // The shell's input stays open.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let printed = Arc::new(Mutex::new(String::new()));
    let log = Arc::clone(&printed);
    let reader = std::thread::spawn(move || {
        stderr.lines().map_while(Result::ok).for_each(|line| *log.lock().unwrap() += &line);
    });
    wait_for("a message", || printed.lock().unwrap().contains(ready).then_some(()));
    wait_for("a function", || (!functions(temporary.path()).is_empty()).then_some(()));
    assert!(folders(temporary.path()).iter().any(|name| name.starts_with("athena-local-s3-")));
    send(&child, signal);
    assert_eq!(child.wait().unwrap().code(), Some(128 + signal as i32), "{signal}");
    assert_eq!(folders(temporary.path()), [""; 0], "{signal}");
    wait_for("the end of the functions", || functions(temporary.path()).is_empty().then_some(()));
    reader.join().unwrap();
}

#[test]
fn a_signal_ends_a_query_and_leaves_nothing_behind() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let sql = "SELECT * FROM shop.sales.orders";
        let query = command(&["query", sql, "--connector", HANGING, "--concurrency", "1"]);
        assert_cleans_up(&query, signal, "", "");
    }
}

#[test]
fn a_signal_ends_a_check_and_leaves_nothing_behind() {
    let spec = HANGING.split_once('=').unwrap().1;
    assert_cleans_up(&command(&["check", spec]), Signal::SIGTERM, "", "");
}

#[test]
fn a_signal_ends_a_shell_in_a_query_or_at_its_prompt() {
    let shell = || command(&["shell", "--connector", HANGING, "--concurrency", "1"]);
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        assert_cleans_up(&shell(), signal, "SELECT * FROM shop.sales.orders;\n", "");
    }
    // The function of a finished query waits with the shell.
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        assert_cleans_up(&shell(), signal, "SHOW SCHEMAS;\n", " rows, ");
    }
}

#[test]
fn a_signal_ends_a_server() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let temporary = tempfile::tempdir().unwrap();
        let serve = command(&["serve", "--listen", "127.0.0.1:0", "--connector", HANGING]);
        let mut child = spawn(&serve, temporary.path());
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        lines.find(|line| line.as_ref().unwrap().starts_with("objects:")).unwrap().unwrap();
        assert_eq!(folders(temporary.path()).len(), 1);
        send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(128 + signal as i32));
        assert_eq!(folders(temporary.path()), [""; 0], "{signal}");
    }
}

#[test]
fn a_signal_that_nohup_ignores_ends_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_athena-local");
    let script =
        format!("trap '' HUP; exec {program} serve --listen 127.0.0.1:0 --connector \"$0\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, HANGING]);
    let mut child = spawn(&shell, temporary.path());
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().starts_with("objects:")).unwrap().unwrap();
    send(&child, Signal::SIGHUP);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none());
    send(&child, Signal::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
}

#[test]
fn a_later_start_deletes_the_folders_of_a_killed_command() {
    let temporary = tempfile::tempdir().unwrap();
    let serve = || command(&["serve", "--listen", "127.0.0.1:0", "--connector", HANGING]);
    let start = || {
        let mut child = spawn(&serve(), temporary.path());
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        lines.find(|line| line.as_ref().unwrap().starts_with("objects:")).unwrap().unwrap();
        child
    };
    let mut killed = start();
    let mut running = start();
    let abandoned = folders(temporary.path());
    assert_eq!(abandoned.len(), 2);
    send(&killed, Signal::SIGKILL);
    killed.wait().unwrap();
    let mut query = command(&["query", "SELECT 1"]);
    assert!(query.env("TMPDIR", temporary.path()).output().unwrap().status.success());
    assert_eq!(folders(temporary.path()).len(), 1, "the folder of the running command stays");
    send(&running, Signal::SIGTERM);
    running.wait().unwrap();
    assert_eq!(folders(temporary.path()), [""; 0]);
}

/// Returns the output of `athena-local` with `arguments` in a terminal: the end of standard output
/// and of standard error.
fn in_terminal(arguments: &[&str]) -> Vec<u8> {
    let program = env!("CARGO_BIN_EXE_athena-local");
    let script = "import pty, sys; pty.spawn(sys.argv[1:])";
    let mut terminal = Command::new("python3");
    terminal.args(["-c", script, program]).args(arguments).stdin(Stdio::null());
    terminal.output().unwrap().stdout
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

#[test]
fn control_characters_of_data_and_errors_do_not_reach_a_terminal() {
    let connector = ["--connector", HANGING];
    let sql = "SELECT chr(27) || '[31mred' || chr(7) AS x";
    let table = in_terminal(&[&["query", sql], &connector[..]].concat());
    assert!(contains(&table, "\\x1b[31mred\\x07"), "{}", String::from_utf8_lossy(&table));
    assert!(!contains(&table, "\x1b[31mred") && !contains(&table, "\x07"));
    let sql = "SELECT \"a\u{1b}[31mb\"";
    let error = in_terminal(&[&["query", sql], &connector[..]].concat());
    assert!(contains(&error, "a\\x1b[31mb"), "{}", String::from_utf8_lossy(&error));
    assert!(!contains(&error, "a\x1b[31mb"));

    // Another program gets the data unchanged.
    let sql = "SELECT chr(27) || '[31mred' || chr(7) AS x";
    let piped = run(&[&["query", sql], &connector[..]].concat());
    assert!(contains(&piped.stdout, "\x1b[31mred\x07"));
    let csv = in_terminal(&[&["query", sql, "--format", "csv"], &connector[..]].concat());
    assert!(contains(&csv, "\"\x1b[31mred\x07\""));
}
