//! A watchdog process that kills functions if this process dies.

use std::{
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

/// Shell script of the watchdog.
///
/// Reads `+ GROUP` and `- GROUP` to the end of its input, which is the end of this process,
/// whatever its cause. Then it kills the remaining groups.
const SCRIPT: &str = r#"
live=
while read -r sign group; do
    rest=
    for other in $live; do
        [ "$other" = "$group" ] || rest="$rest $other"
    done
    live=$rest
    [ "$sign" = - ] || live="$live $group"
done
for group in $live; do
    kill -KILL "-$group"
done
"#;

/// Registers `group` to be killed at the end of this process.
///
/// Functions have their own process groups, which neither Ctrl-C in a terminal nor the exit of
/// their parent ends. Dropping them does, but a killed process drops nothing. So a shell, in its
/// own group, waits for the end of a pipe. One shell serves all functions.
pub(crate) fn add(group: i32) {
    send('+', group);
}

/// Unregisters `group`, which has no processes left and whose id may be reused.
pub(crate) fn remove(group: i32) {
    send('-', group);
}

fn send(sign: char, group: i32) {
    static WATCHDOG: OnceLock<Option<Mutex<ChildStdin>>> = OnceLock::new();
    let watchdog = WATCHDOG.get_or_init(|| {
        let started = start();
        if let Err(error) = &started {
            tracing::warn!(
                %error,
                "cannot start a shell: functions may outlive this process if it is killed"
            );
        }
        started.ok().map(Mutex::new)
    });
    if let Some(watchdog) = watchdog {
        // Fails if the watchdog was killed. Dropping functions still kills them.
        let _ = writeln!(lock(watchdog), "{sign} {group}");
    }
}

fn lock(watchdog: &Mutex<ChildStdin>) -> MutexGuard<'_, ChildStdin> {
    watchdog.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start() -> io::Result<ChildStdin> {
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT]).process_group(0);
    // The shell must not keep the output of this process open.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut shell = command.spawn()?;
    Ok(shell.stdin.take().expect("the input is piped"))
}
