"""Servers that run as child processes of a test, reachable only from this machine."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.listeners import outside_loopback

ROOT = Path(__file__).resolve().parents[1]  # of the checkout


class ServerError(Exception):
    """A server that does not start, or that can be reached from another machine."""


@dataclass(frozen=True)
class Server:
    """A command that listens on `port` of 127.0.0.1. It runs in the root of the checkout."""

    command: Sequence[str | Path]
    port: int
    log: Path  # receives standard output and standard error
    environment: Mapping[str, str] | None = None  # this process's, if not given
    start_timeout: float = 60  # seconds until the port has to be open
    stop_timeout: float = 20  # seconds from SIGTERM to SIGKILL

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Runs the server for the duration of the block.

        Raises `ServerError` if the port does not open in time, or if the server or one of its
        descendants listens on an address other than 127.0.0.1, at the start or at the end.
        """
        with self.log.open("wb") as output:
            process = subprocess.Popen(
                self.command, env=self.environment, cwd=ROOT, stdout=output, stderr=output
            )
        try:
            self._wait_until_open(process)
            self._require_loopback(process)
            yield process
            self._require_loopback(process)
        finally:
            self._stop(process)

    def _wait_until_open(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.start_timeout
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        reason = f"did not open port {self.port} within {self.start_timeout} s"
        if process.poll() is not None:
            reason = f"exited with status {process.returncode}"
        output = self.log.read_bytes().decode(errors="replace")[-2000:]
        raise ServerError(f"{self.command[0]} {reason}:\n{output}")

    def _require_loopback(self, process: subprocess.Popen[bytes]) -> None:
        if addresses := outside_loopback(process.pid):
            raise ServerError(
                f"{self.command[0]} listens on {', '.join(addresses)}, expected only 127.0.0.1"
            )

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(self.stop_timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Returns a port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
