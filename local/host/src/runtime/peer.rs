//! The process at the other end of a loopback connection.

use std::{collections::HashMap, fs};

use super::{
    process_table::{Process, processes},
    socket_table::client_socket,
};
use crate::http::Connection;

/// Returns whether the client of `connection` belongs to `group`: a member of the process group, or
/// a descendant of its first process in another group.
///
/// Reads `/proc`, which may take milliseconds for a descendant. Returns true if the system has no
/// table of sockets, as on macOS: there, any local program can connect.
///
/// Returns false for a process whose open files are not visible, such as one of another user, and
/// for one outside the process tree, such as a container started by a daemon.
pub(super) fn belongs_to(connection: Connection, group: i32) -> bool {
    let Ok(socket) = client_socket(connection) else { return true };
    let Some(socket) = socket else { return false };
    if holds(group, socket) {
        return true;
    }
    let all: HashMap<i32, Process> = processes().map(|process| (process.id, process)).collect();
    all.values().any(|process| is_member(&all, process, group) && holds(process.id, socket))
}

fn is_member(all: &HashMap<i32, Process>, process: &Process, group: i32) -> bool {
    let mut ancestor = Some(process);
    // A table of processes that change may have a cycle, of reused ids.
    for _ in 0..all.len() {
        let Some(current) = ancestor else { return false };
        if current.group == group || current.id == group {
            return true;
        }
        ancestor = all.get(&current.parent);
    }
    false
}

/// Returns whether `process` has the socket open.
fn holds(process: i32, socket: u64) -> bool {
    let link = format!("socket:[{socket}]");
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    files.flatten().any(|file| {
        fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == link.as_str())
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_of_this_process_belongs_to_it_and_to_no_other() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let connection = Connection {
            client: stream.local_addr().unwrap(),
            server: listener.local_addr().unwrap(),
        };
        let this = i32::try_from(std::process::id()).unwrap();
        assert!(belongs_to(connection, this));
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert!(!belongs_to(connection, i32::try_from(other.id()).unwrap()));
        other.kill().unwrap();
        other.wait().unwrap();
        let reversed = Connection { client: connection.server, server: connection.client };
        assert!(!belongs_to(reversed, 0), "no process has accepted the connection");
    }
}
