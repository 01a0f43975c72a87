"""What Athena does between its engine and a function of another account: it calls as the principal who queries.

The engine here is `athena-local`, which calls an endpoint without a signature; this one signs with the session given to it and
hands the answer back as it is.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.exceptions import ClientError

from proof.account import Account


@contextmanager
def calling_as(session: Account, function: str) -> Iterator[str]:
    """The address of an endpoint that invokes `function` as `session`, while the block runs."""

    class Hop(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["content-length"]))
            try:
                answer = session.client("lambda").invoke(FunctionName=function, Payload=request)
            except ClientError as error:
                body = f'{{"Message":"{error.response["Error"]["Code"]}"}}'.encode()
                self._send(error.response["ResponseMetadata"]["HTTPStatusCode"], body, None)
                return
            self._send(200, answer["Payload"].read(), answer.get("FunctionError"))

        def _send(self, status: int, body: bytes, error: str | None) -> None:
            self.send_response(status)
            if error:
                self.send_header("x-amz-function-error", error)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hop)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
