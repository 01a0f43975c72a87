"""The AWS emulator (ministack), and a proxy that adds Lambda's resource-policy API to it."""

import contextlib
import http.client
import http.server
import json
import os
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.servers import Server, free_port


@contextlib.contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """Yields the endpoint in AWS_EMULATOR, or that of an emulator started for the block."""
    if given := os.environ.get("AWS_EMULATOR"):
        yield given
        return
    port = free_port()
    options = {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        # By default the IoT broker and the SFTP server listen on every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_HOST": "127.0.0.1",
    }
    program = Path(sys.executable).parent / "ministack"
    server = Server([program], port, folder / "emulator.log", environment=os.environ | options)
    with server.running():
        yield f"http://127.0.0.1:{port}"


class ResourcePolicyProxy(http.server.BaseHTTPRequestHandler):
    """Lambda, with GetResourcePolicy, PutResourcePolicy and DeleteResourcePolicy.

    Keeps the policy of the one function and forwards every other request to the emulator.
    """

    policy: str | None = None
    revision = 0

    def _dispatch(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        url = urllib.parse.urlsplit(self.path)
        is_get_policy = self.command == "GET" and url.path.endswith("/policy")
        if "/resource-policy/" not in url.path and not is_get_policy:
            self._forward(body)
            return
        request = json.loads(body) if body else dict(urllib.parse.parse_qsl(url.query))
        self._resource_policy(request)

    do_GET = do_PUT = do_POST = do_DELETE = _dispatch

    def _resource_policy(self, request: dict[str, str]) -> None:
        state = type(self)
        if request.get("RevisionId", str(state.revision)) != str(state.revision):
            self._respond(412, {"message": "the policy has changed"}, "PreconditionFailedException")
            return
        if self.command == "PUT":
            state.policy, state.revision = request["Policy"], state.revision + 1
        elif state.policy is None:
            self._respond(404, {"message": "no policy"}, "ResourceNotFoundException")
            return
        response = {"Policy": state.policy, "RevisionId": str(state.revision)}
        if self.command == "DELETE":
            state.policy, state.revision = None, state.revision + 1
        self._respond(200, response)

    def _forward(self, body: bytes) -> None:
        address = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
        connection = http.client.HTTPConnection(address)
        connection.request(self.command, self.path, body, dict(self.headers))
        response = connection.getresponse()
        document = json.loads(response.read() or "{}")
        self._respond(response.status, document, response.headers.get("x-amzn-errortype"))

    def _respond(self, status: int, document: Any, error: str | None = None) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if error:
            self.send_header("x-amzn-errortype", error)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def resource_policy_proxy() -> Iterator[dict[str, str]]:
    """Yields the environment that sends Lambda requests through `ResourcePolicyProxy`."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), ResourcePolicyProxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.server_port}"}
        server.shutdown()
