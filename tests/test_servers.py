"""Servers that do not start, do not stop, or listen on other addresses: each is an error."""

import sys
import time
from pathlib import Path

import pytest

from tests.servers import Server, ServerError, free_port

# 127.0.0.2 represents every address other than 127.0.0.1.
LISTEN = """
import signal, socket, time
signal.signal(signal.SIGTERM, {on_term})
sockets = [socket.create_server((host, {port})) for host in {hosts}]
time.sleep(10)
"""


def listen(port: int, *hosts: str, on_term: str = "signal.SIG_DFL") -> str:
    return LISTEN.format(port=port, hosts=hosts, on_term=on_term)


def python_server(folder: Path, port: int, program: str) -> Server:
    return Server(
        [sys.executable, "-c", program],
        port,
        folder / "log",
        start_timeout=3,
        stop_timeout=1,
    )


def start_error(server: Server) -> str:
    """Runs the server and returns the error, which has to come within 10 seconds."""
    started = time.monotonic()
    with pytest.raises(ServerError) as raised, server.running():
        pass
    assert time.monotonic() - started < 10
    return str(raised.value)


def test_server_that_exits_at_once_is_an_error(tmp_path):
    error = start_error(python_server(tmp_path, free_port(), "import sys; sys.exit('no config')"))
    assert "exited with status 1" in error
    assert "no config" in error


def test_server_that_never_listens_is_an_error(tmp_path):
    port = free_port()
    error = start_error(python_server(tmp_path, port, "import time; time.sleep(60)"))
    assert f"did not open port {port}" in error


def test_server_that_also_listens_on_another_address_is_an_error(tmp_path):
    port = free_port()
    error = start_error(python_server(tmp_path, port, listen(port, "127.0.0.2", "127.0.0.1")))
    assert f"127.0.0.2 port {port}" in error


def test_child_that_listens_on_another_address_is_an_error(tmp_path):
    port = free_port()
    child = listen(port, "127.0.0.2", "127.0.0.1")
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert f"127.0.0.2 port {port}" in start_error(python_server(tmp_path, port, program))


def test_server_that_ignores_sigterm_is_killed(tmp_path):
    port = free_port()
    program = listen(port, "127.0.0.1", on_term="signal.SIG_IGN")
    started = time.monotonic()
    with python_server(tmp_path, port, program).running() as process:
        assert process.poll() is None
    assert process.returncode == -9
    assert time.monotonic() - started < 10
