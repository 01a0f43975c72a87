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

import listening


STARTED_WITHIN, ENDED_WITHIN = 60, 20  # seconds


@contextlib.contextmanager
def stand_in():
    """The endpoint of a stand-in, started here unless one is given."""
    if given := os.environ.get("AWS_STANDIN"):
        yield given
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Its broker of IoT and its server of SFTP would listen on every interface.
    own = {"AUTH": "true", "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "SFTP_HOST": "127.0.0.1"}
    program = pathlib.Path(sys.executable).parent / "ministack"
    with tempfile.TemporaryFile() as log, serving([program], port, log, env=os.environ | own) as process:
        yield f"http://127.0.0.1:{port}"
        kept_at_home(process)


@contextlib.contextmanager
def serving(command, port, log, within=STARTED_WITHIN, patience=ENDED_WITHIN, **options):
    """Runs a server while the block runs: it has to listen on `port` of 127.0.0.1 before that, and is gone after it."""
    process = subprocess.Popen(command, stdout=log, stderr=log, **options)
    try:
        answers(process, port, log, within)
        kept_at_home(process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(process, port, log, within):
    """Waits until `port` is open; ends the program with the server's last words if it does not come so far."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    log.seek(0)
    words = log.read().decode(errors="replace")[-2000:]
    how = f"has ended with {process.returncode}" if process.poll() is not None else f"has not opened port {port} in {within} s"
    sys.exit(f"doctor: the stand-in {how}:\n{words}")


def kept_at_home(process):
    """Ends the program if the server can be reached from another machine."""
    if open_at := listening.outside(process.pid):
        sys.exit(f"doctor: the stand-in listens at {', '.join(open_at)}, and may at 127.0.0.1 alone")


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
