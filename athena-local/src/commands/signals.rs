//! Signals that stop a command.

use std::{fmt, future::Future, io, pin::pin};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// End of a command by a signal. The exit status is 128 and the number of the signal, as in a
/// shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// `SIGHUP`: the terminal has been closed.
    Hangup,
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGTERM`: the default of `kill`, and of supervisors.
    Terminate,
}

impl Stopped {
    /// Returns the exit status of a command that the signal has stopped.
    pub(super) fn exit_status(self) -> u8 {
        // The numbers of these signals are the same on all Unix systems.
        128 + match self {
            Self::Hangup => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hangup => "cancelled by SIGHUP",
            Self::Interrupt => "cancelled by SIGINT",
            Self::Terminate => "cancelled by SIGTERM",
        })
    }
}

impl std::error::Error for Stopped {}

/// Signals that stop a command. From its creation on, they no longer end the process.
#[derive(Debug)]
pub(super) struct Signals {
    /// `None` if the process was started to ignore it, as by `nohup`.
    hangup: Option<Signal>,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Starts receiving signals.
    pub(super) fn new() -> io::Result<Self> {
        let hangup = if ignores_hangup() { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self {
            hangup,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for a signal.
    pub(super) async fn received(&mut self) -> Stopped {
        let hangup = async {
            match &mut self.hangup {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = hangup => Stopped::Hangup,
            _ = self.interrupt.recv() => Stopped::Interrupt,
            _ = self.terminate.recv() => Stopped::Terminate,
        }
    }

    /// Runs `work`, and drops it if a signal arrives.
    pub(super) async fn stop<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Stopped> {
        let work = pin!(work);
        tokio::select! {
            done = work => Ok(done),
            stopped = self.received() => Err(stopped),
        }
    }
}

/// Runs `work`, and drops it if a signal arrives, which deletes temporary folders and kills
/// functions.
pub(super) async fn until_stopped<T>(
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    Signals::new()?.stop(work).await?
}

/// Returns whether this process was started with `SIGHUP` ignored. Only Linux tells.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}
