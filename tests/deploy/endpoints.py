"""The AWS emulator (ministack), the AWS mock (moto) and RAM, on free ports of 127.0.0.1."""

import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy import fixtures, ram
from tests.deploy.account import Endpoint
from tests.servers import ROOT, Server, free_port


# Services that the mock has and the emulator lacks.
MOCKED = ("glue", "lakeformation", "quicksight")
EMULATED = "s3,sts,iam,lambda,kms,cloudformation,logs,athena,glue,organizations,ssm,cloudtrail"
EMULATED += ",events,monitoring,sns"


@dataclass(frozen=True)
class Tools:
    """Folders of the programs that `tests/deploy/run` installs."""

    python: Path  # virtual environment of the clients, the linters and the mock
    emulator: Path  # virtual environment of ministack, whose dependencies conflict with those
    node_modules: Path


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Creates a certificate for 127.0.0.1 and its key; the policies deny requests without TLS."""
    certificate, key = folder / "server.crt", folder / "server.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"]
    for extension in (
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "basicConstraints=critical,CA:FALSE",
        "extendedKeyUsage=serverAuth",
    ):
        command += ["-addext", extension]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def usage_file(folder: Path) -> Path:
    """Returns the file of the actions that the emulator has allowed."""
    return folder / "usage.tsv"


@contextmanager
def running(tools: Tools, folder: Path) -> Iterator[tuple[Endpoint, ram.Invitations]]:
    """Yields the endpoint of all services, and the invitations; the logs are in `folder`."""
    certificate, key = _certificate(folder)
    port, mock_port = free_port(), free_port()
    emulator, mock = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{mock_port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "TMPDIR": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    emulator_environment = {
        **environment,
        "AUTH": "true",
        "USE_SSL": "1",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": fixtures.REGION,
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        "SERVICES": EMULATED,
        "CLOUDTRAIL_RECORDING": "1",
        # By default the IoT broker and the SFTP server listen on every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_HOST": "127.0.0.1",
        "EMULATOR_ORGANIZATION": f"{fixtures.ORGANIZATION}={','.join(fixtures.MEMBERS)}",
        "EMULATOR_MOCK": mock,
        "EMULATOR_USAGE": str(usage_file(folder)),
        # Inherited by the functions that the emulator runs.
        "AWS_ENDPOINT_URL": emulator,
        "SSL_CERT_FILE": str(certificate),
    }
    moto_server = Server(
        [
            tools.python / "bin/python",
            *("-m", "tests.deploy.emulator.mock", "--default-grants"),
            *("-H", "127.0.0.1", "-p", str(mock_port)),
        ],
        mock_port,
        folder / "mock.log",
        environment,
    )
    ministack = Server(
        [tools.emulator / "bin/python", "-m", "tests.deploy.emulator"],
        port,
        folder / "emulator.log",
        emulator_environment,
    )
    with moto_server.running(), ministack.running(), ram.running() as invitations:
        urllib.request.urlopen(f"{mock}/moto-api/", timeout=10).close()
        services = dict.fromkeys(MOCKED, mock) | {"ram": invitations.url}
        yield Endpoint(emulator, certificate, services), invitations
