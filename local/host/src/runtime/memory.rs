//! The memory of a sandbox.

use std::{fs, time::Duration};

use super::process::Group;

/// Time between two looks at the memory.
const INTERVAL: Duration = Duration::from_millis(50);
/// Looks at the same processes before the group is searched for new ones, which means reading all
/// of `/proc`.
const LOOKS_PER_SEARCH: u32 = 20;

/// Waits until the processes of `group` use more than `limit` bytes, and returns what they use.
///
/// The resident sets are summed up, so pages that processes share count for each. This comes near
/// to what Lambda enforces and is not the same: what is allocated and freed between two looks is
/// not seen. A limit of address space (`RLIMIT_AS`) would be exact and wrong: Java and Rust
/// programs reserve much more than they use. Without `/proc`, as on macOS, nothing is limited.
pub(super) async fn exceeded(group: &Group, limit: u64) -> u64 {
    let leader = group.id();
    let mut members = vec![leader];
    let mut looks = 0;
    loop {
        tokio::time::sleep(INTERVAL).await;
        looks += 1;
        if looks % LOOKS_PER_SEARCH == 0 {
            members = processes_of(leader);
        }
        let used = members.iter().filter_map(|&process| resident(process)).sum();
        if used > limit {
            return used;
        }
    }
}

/// The processes whose group is `group`.
fn processes_of(group: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return vec![group] };
    let processes = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes.filter(|&process| group_of(process) == Some(group)).collect()
}

/// The group of a process: the third field behind its name, which is in brackets and may hold
/// anything.
fn group_of(process: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(2)?.parse().ok()
}

/// The resident set of a process in bytes.
fn resident(process: i32) -> Option<u64> {
    status(process, "VmRSS:")
}

/// The largest resident set that a process ever had, in bytes. The system counts every page,
/// whenever it came.
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
        let group = group_of(this).unwrap();
        assert!(processes_of(group).contains(&this));
        assert!(resident(this).unwrap() > 100_000);
        assert!(peak(this).unwrap() > 100_000);
    }
}
