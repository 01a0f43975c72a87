//! A look-up of one socket by the kernel: `sock_diag(7)`.

use std::{net::SocketAddr, os::fd::AsRawFd as _};

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};

use crate::http::Connection;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const AF_INET: u8 = 2;
const IPPROTO_TCP: u8 = 6;
const ALL_STATES: u32 = u32::MAX;
const NO_COOKIE: [u8; 8] = [0xff; 8];
/// Length of the header of a message.
const HEADER: usize = 16;
/// Offset of the inode in a response: after family, state, timer, retransmissions, the addresses
/// (48 bytes), expiration, two queue lengths and the user.
const INODE: usize = HEADER + 4 + 48 + 16;

/// Returns the inode of the client's socket, or `None` if the kernel does not find it.
pub(super) fn client_socket(connection: Connection) -> Option<u64> {
    let request = request(connection)?;
    let kernel = socket(
        AddressFamily::Netlink,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkSockDiag,
    )
    .ok()?;
    send(kernel.as_raw_fd(), &request, MsgFlags::empty()).ok()?;
    let mut response = [0; 1024];
    // The kernel responds before `send` returns.
    let length = recv(kernel.as_raw_fd(), &mut response, MsgFlags::MSG_DONTWAIT).ok()?;
    let response = &response[..length];
    let kind = u16::from_ne_bytes(response.get(4..6)?.try_into().ok()?);
    let inode = u32::from_ne_bytes(response.get(INODE..INODE + 4)?.try_into().ok()?);
    (kind == SOCK_DIAG_BY_FAMILY && inode != 0).then_some(inode.into())
}

/// Encodes a request for the socket whose own address is the client's.
fn request(connection: Connection) -> Option<Vec<u8>> {
    let (SocketAddr::V4(client), SocketAddr::V4(server)) = (connection.client, connection.server)
    else {
        return None;
    };
    let mut body = vec![AF_INET, IPPROTO_TCP, 0, 0];
    body.extend(ALL_STATES.to_ne_bytes());
    body.extend(client.port().to_be_bytes());
    body.extend(server.port().to_be_bytes());
    for address in [client.ip(), server.ip()] {
        body.extend(address.octets());
        body.extend([0; 12]);
    }
    body.extend([0; 4]); // any interface
    body.extend(NO_COOKIE);
    let length = u32::try_from(HEADER + body.len()).ok()?;
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend([0; 8]); // sequence number and sender
    message.extend(body);
    Some(message)
}
