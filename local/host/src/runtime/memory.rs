//! Memory usage of a sandbox.

use std::{fs, time::Duration};

use super::{process::ProcessGroup, process_table::processes};

/// Time between two samples of memory usage.
const INTERVAL: Duration = Duration::from_millis(50);
/// Number of samples between two searches of the group for new processes, each of which reads all
/// of `/proc`.
const SAMPLES_PER_SEARCH: u32 = 20;

/// Waits until the processes of `group` use more than `limit` bytes, and returns their usage.
///
/// Usage is the sum of the resident sets, so shared pages count for each process. This approximates
/// Lambda's limit: memory allocated and freed between two samples is not noticed. A limit of
/// address space (`RLIMIT_AS`) would be exact but useless, because Java and Rust programs reserve
/// much more than they use. Without `/proc`, as on macOS, there is no limit.
pub(super) async fn exceeded(group: &ProcessGroup, limit: u64) -> u64 {
    let leader = group.id();
    let mut members = vec![leader];
    let mut samples = 0;
    loop {
        tokio::time::sleep(INTERVAL).await;
        samples += 1;
        if samples % SAMPLES_PER_SEARCH == 0 {
            members = processes_of(leader);
        }
        let used = members.iter().filter_map(|&process| resident(process)).sum();
        if used > limit {
            return used;
        }
    }
}

/// Returns the processes of `group`, or its first process if the others cannot be found.
fn processes_of(group: i32) -> Vec<i32> {
    let members = processes().filter(|process| process.group == group).map(|process| process.id);
    let members: Vec<i32> = members.collect();
    if members.is_empty() { vec![group] } else { members }
}

/// Returns the resident set of a process in bytes.
fn resident(process: i32) -> Option<u64> {
    status(process, "VmRSS:")
}

/// Returns the peak resident set of a process in bytes, as counted by the system.
pub(super) fn peak(process: i32) -> Option<u64> {
    status(process, "VmHWM:")
}

fn status(process: i32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_its_group_and_uses_memory() {
        let this = i32::try_from(std::process::id()).unwrap();
        let found = processes().find(|process| process.id == this).unwrap();
        assert!(processes_of(found.group).contains(&this));
        assert!(resident(this).unwrap() > 100_000);
        assert!(peak(this).unwrap() > 100_000);
    }
}
