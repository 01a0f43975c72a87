"""The Lambda Runtime API of one function process."""

import json
import queue
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.storm.loopback import LoopbackServer

LARGEST_RESPONSE = 6_291_556  # bytes
PATH = "/2018-06-01/runtime/"
ARN = "arn:aws:lambda:us-east-1:111122223333:function:storm"


@dataclass
class Invocation:
    """One event, and what the function made of it."""

    event: bytes
    deadline: float  # seconds since the epoch
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: float = field(default_factory=time.time)
    refuse: bool = False  # whether the answer is rejected, as after a timeout
    outcome: str | None = None  # "response" or "error"
    body: bytes = b""
    answered: float | None = None  # seconds since the epoch
    taken: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def document(self) -> dict[str, Any]:
        return json.loads(self.body)


class RuntimeApi:
    """Hands events to the function that polls, and keeps its answers."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Invocation | None] = queue.Queue()
        self._current: dict[str, Invocation] = {}
        self.init_error: str | None = None
        self._server = LoopbackServer(_handler(self))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def submit(self, invocation: Invocation) -> None:
        self._current[invocation.id] = invocation
        self._waiting.put(invocation)

    def next(self) -> Invocation | None:
        return self._waiting.get()

    def answer(self, identifier: str, outcome: str, body: bytes) -> int:
        """Records an answer and returns the status for the function."""
        invocation = self._current.pop(identifier, None)
        if invocation is None:
            return 400
        if outcome == "response" and len(body) > LARGEST_RESPONSE:
            outcome, body = "oversize", b"{}"
        invocation.answered = time.time()
        invocation.outcome, invocation.body = outcome, body
        invocation.ended.set()
        if outcome == "oversize":
            return 413
        return 400 if invocation.refuse else 202

    def close(self) -> None:
        self._waiting.put(None)
        self._server.stop()


def _handler(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            invocation = api.next()
            if invocation is None:
                self.close_connection = True
                return
            invocation.taken.set()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", invocation.id)
            milliseconds = str(int(invocation.deadline * 1000))
            self.send_header("Lambda-Runtime-Deadline-Ms", milliseconds)
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", ARN)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(invocation.event)))
            self.end_headers()
            self.wfile.write(invocation.event)

        def do_POST(self) -> None:
            body = read_body(self)
            parts = self.path.removeprefix(PATH).split("/")
            if parts == ["init", "error"]:
                api.init_error = body.decode(errors="replace")
                status = 202
            else:
                status = api.answer(parts[1], parts[2], body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler


def read_body(handler: BaseHTTPRequestHandler) -> bytes:
    """Reads the body of a request, in chunks or of a given length."""
    if handler.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    body = b""
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    while handler.rfile.readline().strip():
        pass
    return body
