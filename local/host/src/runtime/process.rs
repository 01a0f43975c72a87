//! A child process and its descendants.

use std::{
    ffi::OsString,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nix::{
    sys::{
        signal::{Signal, killpg},
        wait::{Id, WaitPidFlag, WaitStatus, waitid},
    },
    unistd::Pid,
};
use tokio::process::{Child, Command};

use super::{log::Log, watchdog};

/// The command line and environment of a process.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(String, String)>,
}

/// A process group, so that the descendants of a process can be killed with it. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct ProcessGroup(Arc<Leader>);

#[derive(Debug)]
struct Leader {
    pid: Pid,
    /// Whether the id still identifies this process: the system reuses ids after exit.
    alive: Mutex<bool>,
}

impl ProcessGroup {
    /// Returns the id of the group, which is the id of its first process.
    pub(super) fn id(&self) -> i32 {
        self.0.pid.as_raw()
    }

    /// Returns whether its first process still runs. A process that has exited does not, even if
    /// nothing has waited for it yet.
    pub(super) fn is_alive(&self) -> bool {
        let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        *self.0.alive()
            && waitid(Id::Pid(self.0.pid), peek)
                .is_ok_and(|status| status == WaitStatus::StillAlive)
    }

    /// Kills all processes of the group immediately, without cleanup, as Lambda does.
    pub(super) fn kill(&self) {
        if *self.0.alive() {
            kill(self.0.pid);
        }
    }
}

impl Leader {
    fn alive(&self) -> MutexGuard<'_, bool> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kill(group: Pid) {
    // Fails only if no process is left.
    let _ = killpg(group, Signal::SIGKILL);
}

/// Starts `launch`, writes its output to `log`, and calls `on_exit` when it exits.
///
/// Has to be called in a Tokio runtime: two tasks read the output and one waits for the exit.
pub(super) fn spawn(
    launch: &Launch,
    log: &Arc<Log>,
    on_exit: impl FnOnce(ExitStatus) + Send + 'static,
) -> std::io::Result<ProcessGroup> {
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments);
    // The function must not use the developer's credentials, profiles and endpoints.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.envs(launch.environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);

    let mut child = command.spawn()?;
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .expect("a child that was not waited for has an id");
    watchdog::add(pid);

    let group = ProcessGroup(Arc::new(Leader { pid: Pid::from_raw(pid), alive: Mutex::new(true) }));
    let output = [
        child.stdout.take().map(|stdout| tokio::spawn(Arc::clone(log).copy(stdout))),
        child.stderr.take().map(|stderr| tokio::spawn(Arc::clone(log).copy(stderr))),
    ];
    let leader = Arc::clone(&group.0);
    tokio::spawn(async move {
        let status = wait(child, &leader).await;
        // The last output explains the exit, but a descendant that left the group may keep the
        // pipes open forever.
        let read = async {
            for task in output.into_iter().flatten() {
                let _ = task.await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(200), read).await;
        on_exit(status);
    });
    Ok(group)
}

/// Waits for the first process, then kills its remaining descendants.
async fn wait(mut child: Child, leader: &Leader) -> ExitStatus {
    let status = child.wait().await.expect("a child can be waited for once");
    let mut alive = leader.alive();
    kill(leader.pid);
    *alive = false;
    watchdog::remove(leader.pid.as_raw());
    status
}
