"""Where a server and the programs it started listen: nothing of a stand-in may be reached from another machine.

Read from Linux's /proc; where there is none, nothing is known and nothing is said.
"""

import contextlib
import re
import socket
from pathlib import Path

LISTEN = "0A"  # the state of a socket in /proc/net/tcp
PROC = Path("/proc")


def _family(pid):
    """The process and everything that it started."""
    parents = {}
    for status in PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name of a program is in parentheses and may hold anything.
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    family, found = {pid}, {pid}
    while found:
        found = {child for child, parent in parents.items() if parent in found} - family
        family |= found
    return family


def _sockets(pid):
    """The numbers of a process's sockets."""
    numbers = set()
    with contextlib.suppress(OSError):
        for file in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                if match := re.fullmatch(r"socket:\[(\d+)\]", str(file.readlink())):
                    numbers.add(match[1])
    return numbers


def _address(text):
    """An address as /proc/net/tcp has it: hexadecimal words, the bytes of each in the machine's order."""
    words, port = text.split(":")
    packed = b"".join(bytes.fromhex(words[at : at + 8])[::-1] for at in range(0, len(words), 8))
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, packed), int(port, 16)


def outside(pid):
    """The addresses at which `pid` and its children listen and that are not 127.0.0.1, as texts."""
    numbers = set().union(*(_sockets(member) for member in _family(pid)))
    open_at = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (PROC / "net" / table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == LISTEN and words[9] in numbers:
                    host, port = _address(words[1])
                    if host != "127.0.0.1":
                        open_at.append(f"{host} port {port}")
    return open_at
