//! The sockets of this machine, from the system's tables.

#[cfg(target_os = "linux")]
mod diagnosis;

use std::{fs, net::SocketAddr};

use crate::http::Connection;

/// Returns the inode of the client's socket of `connection`: `None` if there is no such socket, an
/// error if the system has no table of sockets, as on macOS.
pub(super) fn client_socket(connection: Connection) -> Result<Option<u64>, NoTable> {
    // The table takes 3 milliseconds, as long as the start of a connector.
    #[cfg(target_os = "linux")]
    if let Some(inode) = diagnosis::client_socket(connection) {
        return Ok(Some(inode));
    }
    let tables: Vec<String> = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .collect();
    if tables.is_empty() {
        return Err(NoTable);
    }
    Ok(tables.iter().find_map(|table| find(table, connection)))
}

/// The error of a system without a table of sockets.
#[derive(Debug)]
pub(super) struct NoTable;

/// Returns the inode of the client's socket in `table`, which is in the format of `/proc/net/tcp`.
fn find(table: &str, connection: Connection) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, remote, inode) = (fields.get(1)?, fields.get(2)?, fields.get(9)?);
        let matches = is_address(local, connection.client) && is_address(remote, connection.server);
        inode.parse().ok().filter(|_| matches)
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use super::*;

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

    #[test]
    fn the_table_and_the_diagnosis_agree() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let connection = Connection {
            client: stream.local_addr().unwrap(),
            server: listener.local_addr().unwrap(),
        };
        let table = fs::read_to_string("/proc/self/net/tcp").unwrap();
        let inode = find(&table, connection);
        assert!(inode.is_some());
        // None on a kernel without the module.
        if let Some(diagnosed) = diagnosis::client_socket(connection) {
            assert_eq!(Some(diagnosed), inode);
        }
    }
}
