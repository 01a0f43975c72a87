//! What ends functions when this process can no longer do so itself.

use std::{
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

/// Reads `+ GROUP` and `- GROUP` to the end of its input, which is the end of this process however
/// it came about, and kills the groups that are left.
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

/// Notes that the processes of `group` must not outlive this one.
///
/// Functions live in groups of their own, which neither Ctrl-C in a terminal nor the end of their
/// parent ends. Drops do, but a process that is killed drops nothing. So a shell waits for the end
/// of a pipe, in a group of its own as well. One shell serves all functions.
pub(super) fn add(group: i32) {
    tell('+', group);
}

/// Notes that nobody is left in `group`, and its number may soon be another's.
pub(super) fn remove(group: i32) {
    tell('-', group);
}

fn tell(sign: char, group: i32) {
    static WATCHDOG: OnceLock<Option<Mutex<ChildStdin>>> = OnceLock::new();
    let watchdog = WATCHDOG.get_or_init(|| {
        let started = start();
        if let Err(error) = &started {
            tracing::warn!(%error, "cannot start a shell: functions may outlive this process if it is killed");
        }
        started.ok().map(Mutex::new)
    });
    if let Some(watchdog) = watchdog {
        // A watchdog that was killed cannot be told anything, and functions still end by drops.
        let _ = writeln!(lock(watchdog), "{sign} {group}");
    }
}

fn lock(watchdog: &Mutex<ChildStdin>) -> MutexGuard<'_, ChildStdin> {
    watchdog.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start() -> io::Result<ChildStdin> {
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT]).process_group(0);
    // It must not hold open what somebody reads from us.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut shell = command.spawn()?;
    Ok(shell.stdin.take().expect("the input is piped"))
}
