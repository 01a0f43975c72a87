"""The stand-in for AWS, and a front that adds whole policies of functions to it."""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse


@contextlib.contextmanager
def stand_in():
    """The endpoint of a stand-in, started here unless one is given."""
    if given := os.environ.get("AWS_STANDIN"):
        yield given
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"AUTH": "true", "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
    program = pathlib.Path(sys.executable).parent / "ministack"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([program], env=environment, stdout=log, stderr=log)
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if process.poll() is not None:
                    sys.exit("doctor: the stand-in has ended before it answered")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


class WholePolicies(http.server.BaseHTTPRequestHandler):
    """Lambda as the stand-in has it, and what it lacks: GetResourcePolicy, PutResourcePolicy and DeleteResourcePolicy."""

    policy, revision = None, 0

    def do_PUT(self):  # noqa: N802
        here, body = type(self), self.rfile.read(int(self.headers.get("content-length") or 0))
        url = urllib.parse.urlsplit(self.path)
        whole = "/resource-policy/" in url.path
        if not whole and not (self.command == "GET" and url.path.endswith("/policy")):
            return self.pass_on(body)
        wanted = json.loads(body) if body else dict(urllib.parse.parse_qsl(url.query))
        if wanted.get("RevisionId", str(here.revision)) != str(here.revision):
            return self.answer(412, {"message": "the policy has changed"}, "PreconditionFailedException")
        if self.command == "PUT":
            here.policy, here.revision = wanted["Policy"], here.revision + 1
        elif here.policy is None:
            return self.answer(404, {"message": "no policy"}, "ResourceNotFoundException")
        answer = {"Policy": here.policy, "RevisionId": str(here.revision)}
        if self.command == "DELETE":
            here.policy, here.revision = None, here.revision + 1
        return self.answer(200, answer)

    do_GET = do_POST = do_DELETE = do_PUT

    def pass_on(self, body):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
        connection.request(self.command, self.path, body, dict(self.headers))
        response = connection.getresponse()
        self.answer(response.status, json.loads(response.read() or "{}"), response.headers.get("x-amzn-errortype"))

    def answer(self, status, document, error=None):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if error:
            self.send_header("x-amzn-errortype", error)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def whole_policies():
    """The environment that sends what is asked of Lambda through a front that knows whole policies."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), WholePolicies) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.server_port}"}
        server.shutdown()
