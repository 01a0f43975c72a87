//! A child process and all that it starts.

use std::{
    ffi::OsString,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::process::{Child, Command};

use super::{log::Log, watchdog};

/// What to run.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(String, String)>,
}

/// A process group of its own, so that children of the child can be ended with it; dropping it
/// kills them all.
#[derive(Debug, Clone)]
pub(super) struct Group(Arc<Leader>);

#[derive(Debug)]
struct Leader {
    pid: Pid,
    /// Whether the number still means our process: the system gives the numbers of the dead to
    /// others.
    alive: Mutex<bool>,
}

impl Group {
    /// The number of its first process.
    pub(super) fn id(&self) -> i32 {
        self.0.pid.as_raw()
    }

    /// Whether its first process has not ended.
    pub(super) fn is_alive(&self) -> bool {
        *self.0.alive()
    }

    /// Ends every process of the group at once, as Lambda does: nothing is cleaned up.
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
    // The only failure is that nobody is left.
    let _ = killpg(group, Signal::SIGKILL);
}

/// Starts `launch`; what it prints goes to `log`, and `gone` is called once it has ended.
///
/// Has to be called in a runtime, where two tasks read its output and one waits for its end.
pub(super) fn spawn(
    launch: &Launch,
    log: &Arc<Log>,
    gone: impl FnOnce(ExitStatus) + Send + 'static,
) -> std::io::Result<Group> {
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments);
    // The developer's own credentials, profiles and endpoints are not the function's.
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
        .expect("a child that was not waited for has a number");
    watchdog::add(pid);

    let group = Group(Arc::new(Leader { pid: Pid::from_raw(pid), alive: Mutex::new(true) }));
    let output = [
        child.stdout.take().map(|stdout| tokio::spawn(Arc::clone(log).copy(stdout))),
        child.stderr.take().map(|stderr| tokio::spawn(Arc::clone(log).copy(stderr))),
    ];
    let leader = Arc::clone(&group.0);
    tokio::spawn(async move {
        let status = wait(child, &leader).await;
        // The last words tell why; but who left the group may hold the pipes open for ever.
        let read = async {
            for task in output.into_iter().flatten() {
                let _ = task.await;
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(200), read).await;
        gone(status);
    });
    Ok(group)
}

/// Waits for the first process, then ends what it left behind.
async fn wait(mut child: Child, leader: &Leader) -> ExitStatus {
    let status = child.wait().await.expect("a child can be waited for once");
    let mut alive = leader.alive();
    kill(leader.pid);
    *alive = false;
    watchdog::remove(leader.pid.as_raw());
    status
}
