"""Addresses on which a process and its descendants listen, read from Linux's `/proc`.

Without `/proc` nothing is known, and no address is reported.
"""

import contextlib
import re
import socket
from pathlib import Path

LISTEN = "0A"  # the state of a listening socket in /proc/net/tcp
PROC = Path("/proc")


def _process_tree(pid: int) -> set[int]:
    """Returns the ids of the process and all its descendants."""
    parents = {}
    for status in PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The program's name stands in parentheses and may contain any character.
            fields = status.read_text().rpartition(")")[2].split()
            parents[int(status.parent.name)] = int(fields[1])
    tree, found = {pid}, {pid}
    while found:
        found = {child for child, parent in parents.items() if parent in found} - tree
        tree |= found
    return tree


def _socket_inodes(pid: int) -> set[str]:
    """Returns the inodes of the sockets that a process has open."""
    inodes = set()
    with contextlib.suppress(OSError):
        for file in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                if match := re.fullmatch(r"socket:\[(\d+)\]", str(file.readlink())):
                    inodes.add(match[1])
    return inodes


def _address(text: str) -> tuple[str, int]:
    """Parses an address of /proc/net/tcp: hexadecimal words, each in the machine's byte order."""
    words, port = text.split(":")
    packed = b"".join(bytes.fromhex(words[at : at + 8])[::-1] for at in range(0, len(words), 8))
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, packed), int(port, 16)


def outside_loopback(pid: int) -> list[str]:
    """Returns the addresses other than 127.0.0.1 on which `pid` or a descendant listens."""
    inodes = set().union(*(_socket_inodes(member) for member in _process_tree(pid)))
    addresses = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTEN and fields[9] in inodes:
                    host, port = _address(fields[1])
                    if host != "127.0.0.1":
                        addresses.append(f"{host} port {port}")
    return addresses
