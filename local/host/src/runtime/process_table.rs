//! The processes of this machine, read from `/proc`.

use std::fs;

/// A process and its place among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) id: i32,
    pub(super) parent: i32,
    /// Id of its process group.
    pub(super) group: i32,
}

/// Returns all processes. There are none on systems without `/proc`.
pub(super) fn processes() -> impl Iterator<Item = Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| process(entry.file_name().to_str()?.parse().ok()?))
}

/// Reads the process `id`: its parent and group are the second and third fields after its name,
/// which is in parentheses and may contain any character.
fn process(id: i32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Process { id, parent, group })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_in_the_table_with_its_parent() {
        let this = i32::try_from(std::process::id()).unwrap();
        let parent = i32::try_from(std::os::unix::process::parent_id()).unwrap();
        let found = processes().find(|process| process.id == this).unwrap();
        assert_eq!(found.parent, parent);
        assert!(found.group > 0);
    }
}
