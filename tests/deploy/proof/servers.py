"""The servers of the proof: the stand-in (ministack and ours) and the recorder (moto), on free ports of 127.0.0.1.

They are children of this process, ended by id when the block ends, whatever happened.
"""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import listening
from proof import cast
from proof.account import Endpoint

TESTS = Path(__file__).parents[1]
STARTED_WITHIN = 60  # seconds


@dataclass(frozen=True)
class Programs:
    """Where the programs are that `tests/deploy/run` installed."""

    tools: Path  # virtual environment of the clients, linters and the recorder
    standin: Path  # virtual environment of ministack, which wants other versions of the same packages
    node_modules: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key: the policies refuse whatever comes without TLS."""
    certificate, key = folder / "server.crt", folder / "server.key"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    leaf = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *files, *subject, *leaf]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + STARTED_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise SystemExit(f"nothing listens on port {port}:\n{log.read_text()[-2000:]}")


def _kept_at_home(process: subprocess.Popen[bytes]) -> None:
    if open_at := listening.outside(process.pid):
        raise SystemExit(f"{process.args} listens at {', '.join(open_at)}, and may at 127.0.0.1 alone")


@contextmanager
def _running(command: list[str], environment: dict[str, str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=TESTS, stdout=output, stderr=output)
    try:
        _wait(process, port, log)
        _kept_at_home(process)
        yield
        _kept_at_home(process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running(programs: Programs, folder: Path) -> Iterator[tuple[Endpoint, Endpoint]]:
    """The stand-in and the recorder, while the block runs. Their logs are in `folder`."""
    certificate, key = _certificate(folder)
    port, recorder_port = free_port(), free_port()
    standin = Endpoint(f"https://127.0.0.1:{port}", certificate)
    recorder = Endpoint(f"http://127.0.0.1:{recorder_port}")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment |= {"TMPDIR": str(folder), "PYTHONPATH": str(TESTS), "PYTHONDONTWRITEBYTECODE": "1"}
    of_standin = {
        "AUTH": "true",
        "USE_SSL": "1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": cast.REGION,
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        "SERVICES": "s3,sts,iam,lambda,kms,cloudformation,logs,athena,glue,organizations",
        "IOT_MTLS_ENABLED": "0",  # it would listen on every interface,
        "SFTP_HOST": "127.0.0.1",  # and so would this
        "STANDIN_ORGANIZATION": f"{cast.ORGANIZATION}={','.join(cast.MEMBERS)}",
        "STANDIN_RECORDER": recorder.url,
        # Handed on to the functions that it runs.
        "AWS_ENDPOINT_URL": standin.url,
        "SSL_CERT_FILE": str(certificate),
    }
    moto = [str(programs.tools / "bin/moto_server"), "-H", "127.0.0.1", "-p", str(recorder_port)]
    ministack = [str(programs.standin / "bin/python"), "-m", "standin"]
    with (
        _running(moto, environment, recorder_port, folder / "recorder.log"),
        _running(ministack, {**environment, **of_standin}, port, folder / "standin.log"),
    ):
        urllib.request.urlopen(f"{recorder.url}/moto-api/", timeout=10).close()
        yield standin, recorder
