"""Memory limit of a process: a memory cgroup, or else its peak as the kernel reports it."""

import contextlib
from pathlib import Path

MEMORY_MB = 256
LIMIT = MEMORY_MB << 20
CGROUPS = Path("/sys/fs/cgroup")


class Group:
    """A memory cgroup of version 1 or 2 with one function in it."""

    def __init__(self, name: str) -> None:
        first = CGROUPS / "memory"
        self._is_first = first.is_dir()
        self._folder = (first if self._is_first else CGROUPS) / name
        self._usable = False
        with contextlib.suppress(OSError):
            self._folder.mkdir()
            limit = "memory.limit_in_bytes" if self._is_first else "memory.max"
            (self._folder / limit).write_text(str(LIMIT))
            self._usable = True
        with contextlib.suppress(OSError):
            # Lambda does not swap.
            swap = "memory.memsw.limit_in_bytes" if self._is_first else "memory.swap.max"
            (self._folder / swap).write_text(str(LIMIT if self._is_first else 0))

    def command(self, program: Path) -> list[str]:
        """Returns a command that joins the group and becomes `program`."""
        if not self._usable:
            return [str(program)]
        join = 'echo $$ > "$0" && exec "$1"'
        return ["sh", "-c", join, str(self._folder / "cgroup.procs"), str(program)]

    def killed(self) -> bool:
        """Returns whether the kernel has killed a process of the group."""
        events = "memory.oom_control" if self._is_first else "memory.events"
        with contextlib.suppress(OSError):
            counters = dict(
                line.split() for line in (self._folder / events).read_text().splitlines()
            )
            return counters.get("oom_kill", "0") != "0"
        return False

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self._folder.rmdir()


def peak(pid: int) -> int:
    """Returns the largest resident size of a process so far, 0 if it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return 0
