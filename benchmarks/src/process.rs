//! Resource usage of a process, as reported by Linux.

use std::{fs, time::Duration};

use anyhow::Context as _;
use nix::{
    time::{ClockId, clock_getcpuclockid, clock_gettime},
    unistd::Pid,
};

/// Returns the user and system time of a process and its threads, including finished ones, by the
/// clock of the process: `/proc` counts ticks of 10 ms.
pub(crate) fn cpu(process: i32) -> anyhow::Result<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(process))
        .with_context(|| format!("process {process} has no clock"))?;
    Ok(clock_gettime(clock)?.into())
}

/// Returns the resident memory of a process in bytes.
pub(crate) fn memory(process: i32) -> anyhow::Result<f64> {
    let file = format!("/proc/{process}/status");
    let status = fs::read_to_string(&file).with_context(|| file.clone())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kib.with_context(|| format!("{file} has no VmRSS"))? * 1024.0)
}

/// Runs `work`, and returns the CPU time that this thread spent on it.
pub(crate) fn thread_cpu<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let now =
        || clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default();
    let before = now();
    let result = work();
    (result, now().saturating_sub(before))
}
