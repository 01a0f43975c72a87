"""Athena's call of a function on behalf of the principal that runs the query.

The query engine in these tests is `athena-local`, which calls an HTTP endpoint without a signature.
The proxy here signs each call with the credentials of a session and returns the response unchanged.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.exceptions import ClientError

from tests.deploy.account import Account


@contextmanager
def invoke_proxy(session: Account, function: str) -> Iterator[str]:
    """Yields the URL of a proxy that invokes `function` as `session`."""

    class InvokeProxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["content-length"]))
            try:
                response = session.client("lambda").invoke(FunctionName=function, Payload=request)
            except ClientError as error:
                body = f'{{"Message":"{error.response["Error"]["Code"]}"}}'.encode()
                self._respond(error.response["ResponseMetadata"]["HTTPStatusCode"], body, None)
                return
            self._respond(200, response["Payload"].read(), response.get("FunctionError"))

        def _respond(self, status: int, body: bytes, error: str | None) -> None:
            self.send_response(status)
            if error:
                self.send_header("x-amz-function-error", error)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), InvokeProxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
