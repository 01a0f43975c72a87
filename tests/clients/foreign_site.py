"""A foreign web site: a page that attacks servers on loopback, reached through a proxy.

The site is the proxy of the browser for all names outside of loopback. So it can do what DNS
rebinding does: the page comes from a name and port, and every later request to the same name and
port reaches the server on that port of 127.0.0.1, with the name in the header `Host`.
"""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAGE = Path(__file__).with_name("foreign_page.html")
FOREIGN = "foreign.test"
REBOUND = "rebound.test"
PER_HOP = {"connection", "proxy-connection", "keep-alive", "transfer-encoding"}


@dataclass
class Visit:
    """A page to open, and the servers that it attacks; the own one if the name is rebound."""

    url: str
    targets: list[str]
    report: dict[str, Any] | None = None


@dataclass
class Site:
    """Pages to visit one after the other."""

    visits: list[Visit]
    done: threading.Event = field(default_factory=threading.Event)

    def page(self, url: str) -> bytes:
        [visit] = [visit for visit in self.visits if visit.url == url]
        return PAGE.read_text().replace("TARGETS", json.dumps(visit.targets)).encode()

    def report(self, body: bytes) -> bytes:
        """Keeps the report of a page, and returns where the browser goes next."""
        report = json.loads(body)
        for position, visit in enumerate(self.visits):
            if visit.url.startswith(report["page"] + "/"):
                visit.report = report
                if position + 1 < len(self.visits):
                    return self.visits[position + 1].url.encode()
        self.done.set()
        return b"about:blank"


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """Serves on a port of 127.0.0.1, which it yields."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def proxy_of(site: Site) -> type[BaseHTTPRequestHandler]:
    """Returns the handler of the site and its proxy."""

    class Handler(_Quiet):
        def _answer(self) -> None:
            url, body = urlsplit(self.path), self._body()
            if url.path == "/report":
                self._send(200, site.report(body), [])
            elif url.path == "/page":
                self._send(200, site.page(self.path), [("Content-Type", "text/html")])
            elif url.hostname == REBOUND and url.port:
                self._forward(url.port, body)
            else:
                self._send(404, b"", [])

        def _forward(self, port: int, body: bytes) -> None:
            url = urlsplit(self.path)
            target = url.path + (f"?{url.query}" if url.query else "")
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in PER_HOP:
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            answer = response.read()
            kept = PER_HOP | {"content-length"}
            headers = [item for item in response.getheaders() if item[0].lower() not in kept]
            self._send(response.status, answer, headers)
            connection.close()

        def do_CONNECT(self) -> None:
            """Tunnels to the port on loopback, for WebSockets."""
            name, _, port = self.path.rpartition(":")
            if name != REBOUND:
                self._send(502, b"", [])
                return
            with socket.create_connection(("127.0.0.1", int(port))) as upstream:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pipe, args=(upstream, self.connection), daemon=True)
                back.start()
                _pipe(self.connection, upstream)
                back.join(5)
            self.close_connection = True

        do_GET = do_POST = do_OPTIONS = do_HEAD = _answer

    return Handler


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@dataclass
class Unguarded:
    """What a server without a guard receives: origin, host and method of each attempt."""

    received: set[tuple[str, str, str]] = field(default_factory=set)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        record = self.received.add

        class Handler(_Quiet):
            def _answer(self) -> None:
                self._body()
                [attempt] = parse_qs(urlsplit(self.path).query).get("attempt", [""])
                host = self.headers.get("Host", "").partition(":")[0]
                record((attempt, host, self.command))
                self._send(200, b"received", [("Content-Type", "text/plain")])

            do_GET = do_POST = do_OPTIONS = _answer

        return Handler
