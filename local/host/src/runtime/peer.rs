//! The process at the other end of a loopback connection.

use std::{collections::HashMap, fs, net::SocketAddr};

use super::process_table::{Process, processes};
use crate::http::Connection;

/// Returns whether the client of `connection` belongs to `group`: a member of the process group, or
/// a descendant of its first process in another group.
///
/// Reads `/proc`, which may take milliseconds. Returns true if the system has none, as on macOS:
/// there, any local program can connect.
///
/// Returns false for a process whose open files are not visible, such as one of another user, and
/// for one outside the process tree, such as a container started by a daemon.
pub(super) fn belongs_to(connection: Connection, group: i32) -> bool {
    let tables: Vec<String> = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .collect();
    if tables.is_empty() {
        return true;
    }
    let Some(socket) = tables.iter().find_map(|table| client_socket(table, connection)) else {
        return false;
    };
    if holds(group, &socket) {
        return true;
    }
    let all: HashMap<i32, Process> = processes().map(|process| (process.id, process)).collect();
    all.values().any(|process| is_member(&all, process, group) && holds(process.id, &socket))
}

/// Returns the inode of the client's socket in `table`, which is in the format of `/proc/net/tcp`.
fn client_socket(table: &str, connection: Connection) -> Option<String> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, remote, inode) = (fields.get(1)?, fields.get(2)?, fields.get(9)?);
        let matches = is_address(local, connection.client) && is_address(remote, connection.server);
        matches.then(|| (*inode).to_owned())
    })
}

/// Returns whether `text`, such as `0100007F:1F90`, is `address`. A socket of IPv6 that is
/// connected to an IPv4 address, as in Java, has it in its last 4 bytes.
fn is_address(text: &str, address: SocketAddr) -> bool {
    let Some((ip, port)) = text.split_once(':') else { return false };
    let SocketAddr::V4(expected) = address else { return false };
    // The system prints the bytes of an address as numbers in its own byte order.
    let number = u32::from_ne_bytes(expected.ip().octets());
    let mapped = format!("{:08X}{:08X}{:08X}", 0, 0, 0xffff_u32.to_be());
    let plain = ip.strip_prefix(mapped.as_str()).unwrap_or(ip);
    plain == format!("{number:08X}") && u16::from_str_radix(port, 16) == Ok(expected.port())
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
fn holds(process: i32, socket: &str) -> bool {
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

    #[test]
    fn an_ipv4_address_of_an_ipv6_socket_is_found() {
        let address = "127.0.0.1:8080".parse().unwrap();
        if cfg!(target_endian = "little") {
            assert!(is_address("0100007F:1F90", address));
            assert!(is_address("0000000000000000FFFF00000100007F:1F90", address));
        }
        assert!(!is_address("0100007F:1F91", address));
        assert!(!is_address("0200007F:1F90", address));
        assert!(!is_address("00000000000000000000000001000000:1F90", address));
    }
}
