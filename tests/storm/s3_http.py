"""S3's REST API on loopback, over a `Store`. Its rules can replace any answer."""

import base64
import contextlib
import socket
import struct
import zlib
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.storm.loopback import LoopbackServer
from tests.storm.runtime_api import read_body
from tests.storm.s3_list import list_objects
from tests.storm.store import Store, StoredObject, etag

CHECKSUM = "x-amz-checksum-crc32"


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


class Exchange:
    """One request, and the ways to answer it or not to."""

    def __init__(self, handler: BaseHTTPRequestHandler, store: Store) -> None:
        self.store = store
        self.handler = handler
        self.headers = handler.headers
        url = urlsplit(handler.path)
        self.query = {
            name: items[0] for name, items in parse_qs(url.query, keep_blank_values=True).items()
        }
        self.bucket, _, self.key = unquote(url.path)[1:].partition("/")
        self.operation = handler.command
        if self.operation == "GET" and not self.key:
            self.operation = "LIST"

    def body(self) -> bytes:
        """Reads the payload, without the framing of aws-chunked and its trailers."""
        raw = read_body(self.handler)
        if "aws-chunked" not in (self.headers.get("Content-Encoding") or ""):
            return raw
        payload, at = b"", 0
        while True:
            line = raw.index(b"\r\n", at)
            size = int(raw[at:line].split(b";")[0], 16)
            if size == 0:
                self._trailer = raw[line + 2 :].decode()
                return payload
            payload += raw[line + 2 : line + 2 + size]
            at = line + 2 + size + 2

    def checksum(self) -> str | None:
        """Returns the CRC-32 that the request declares, after its body was read."""
        for line in getattr(self, "_trailer", "").split("\r\n"):
            name, _, value = line.partition(":")
            if name.lower() == CHECKSUM:
                return value.strip()
        return self.headers.get(CHECKSUM)

    def send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.start(status, {"Content-Length": str(len(body)), **(headers or {})})
        if self.handler.command != "HEAD":
            self.handler.wfile.write(body)

    def start(self, status: int, headers: dict[str, str]) -> None:
        """Sends a status line and headers only."""
        self.handler.send_response(status)
        for name, value in {"x-amz-request-id": "STORM", **headers}.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()

    def raw(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def error(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
            f"<Message>the store of the storm says {escape(code)}</Message>"
            "<RequestId>STORM</RequestId></Error>"
        )
        self.send(status, text.encode(), {"Content-Type": "application/xml", **(headers or {})})

    def reset(self) -> None:
        """Drops the connection so that the client sees a reset."""
        linger = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._close()

    def finish(self) -> None:
        """Closes the connection in order, whatever was promised on it."""
        with contextlib.suppress(OSError):
            self.handler.connection.shutdown(socket.SHUT_WR)
        self._close()

    def _close(self) -> None:
        self.handler.close_connection = True
        with contextlib.suppress(OSError):
            self.handler.connection.close()


def store_object(exchange: Exchange) -> bool:
    """Stores the body of a PUT; answers `BadDigest` if it is not what the checksum says."""
    body = exchange.body()
    checksum = exchange.checksum()
    if checksum is not None and checksum != crc32(body):
        exchange.error(400, "BadDigest")
        return False
    exchange.store.put(exchange.bucket, exchange.key, StoredObject(body, checksum))
    return True


def serve(exchange: Exchange) -> None:
    """Answers as S3 does."""
    match exchange.operation:
        case "PUT":
            if store_object(exchange):
                stored = exchange.store.get(exchange.bucket, exchange.key)
                exchange.send(200, headers={"ETag": etag(stored.body if stored else b"")})
        case "HEAD":
            exchange.send(200, headers={"x-amz-bucket-region": "us-east-1"})
        case "LIST":
            exchange.send(200, list_objects(exchange), {"Content-Type": "application/xml"})
        case "GET":
            get(exchange)
        case _:
            exchange.error(405, "MethodNotAllowed")


def get(exchange: Exchange) -> None:
    stored = exchange.store.get(exchange.bucket, exchange.key)
    if stored is None:
        exchange.error(404, "NoSuchKey")
        return
    if exchange.headers.get("If-Match", etag(stored.body)) != etag(stored.body):
        exchange.error(412, "PreconditionFailed")
        return
    status, body, headers = selected(exchange, stored)
    exchange.send(status, body, headers)


def selected(exchange: Exchange, stored: StoredObject) -> tuple[int, bytes, dict[str, str]]:
    """Returns status, bytes and headers for the whole object or the requested range of it."""
    body, size = stored.body, len(stored.body)
    headers = {"ETag": etag(body), "Accept-Ranges": "bytes"}
    wanted = exchange.headers.get("Range")
    if wanted is None:
        headers[CHECKSUM] = stored.checksum or crc32(body)
        return 200, body, headers
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last) + 1 if last else size, size)
    if start >= size:
        return 416, b"", {"Content-Range": f"bytes */{size}"}
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return 206, body[start:end], headers


class S3Server:
    """Serves a store on 127.0.0.1 until it is closed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._server = LoopbackServer(_handler(store))
        self.port = self._server.server_port

    def close(self) -> None:
        """Ends the server; connections in progress end with the run."""
        self._store.closed.set()
        self.refuse()

    def refuse(self) -> None:
        """Stops listening, so that new connections are refused."""
        self._server.stop()


def _handler(store: Store) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def _answer(self) -> None:
            exchange = Exchange(self, store)
            action = store.rule_for(exchange.operation) or serve
            try:
                action(exchange)
            except (OSError, ValueError):
                self.close_connection = True

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _answer

    return Handler
