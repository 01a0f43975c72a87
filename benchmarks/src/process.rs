//! What a process has used, as Linux tells.

use std::{fs, time::Duration};

use anyhow::Context as _;
use nix::{
    time::{ClockId, clock_gettime},
    unistd::{SysconfVar, sysconf},
};

/// User and system time of a process and its threads, also those that ended. Exact to 10 ms.
pub(crate) fn cpu(process: i32) -> anyhow::Result<Duration> {
    let file = format!("/proc/{process}/stat");
    let stat = fs::read_to_string(&file).with_context(|| file.clone())?;
    // The name of the program, in parentheses, may hold anything.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).with_context(|| format!("{file} is not as expected"))?;
    let a_second = sysconf(SysconfVar::CLK_TCK)?.context("the system has no clock ticks")?;
    #[expect(clippy::cast_precision_loss, reason = "it is 100")]
    Ok(Duration::from_secs_f64((user + system) / a_second as f64))
}

/// Memory that a process has now, in bytes.
pub(crate) fn memory(process: i32) -> anyhow::Result<f64> {
    let file = format!("/proc/{process}/status");
    let status = fs::read_to_string(&file).with_context(|| file.clone())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kib.with_context(|| format!("{file} does not tell the memory"))? * 1024.0)
}

/// CPU time of this thread while it does `work`.
pub(crate) fn of_thread<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let now = || clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default();
    let before = now();
    let result = work();
    (result, now().saturating_sub(before))
}
