"""A minimal client of the Lambda Runtime API, on the standard library."""

import http.client
import json
import os
from http.client import HTTPMessage


class Runtime:
    """The Runtime API, over one persistent connection."""

    def __init__(self) -> None:
        self.connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def call(
        self, method: str, path: str, body: bytes | str | None = None
    ) -> tuple[int, HTTPMessage, bytes]:
        """Sends a request and returns the status, headers and body of the response."""
        self.connection.request(method, "/2018-06-01/runtime/" + path, body)
        response = self.connection.getresponse()
        return response.status, response.headers, response.read()

    def next(self) -> tuple[str, HTTPMessage, bytes]:
        """Waits for the next invocation and returns its id, headers and event."""
        _, headers, event = self.call("GET", "invocation/next")
        return headers["Lambda-Runtime-Aws-Request-Id"], headers, event

    def respond(self, invocation: str, body: bytes | str) -> int:
        return self.call("POST", f"invocation/{invocation}/response", body)[0]

    def fail(self, invocation: str, error_type: str, message: str) -> int:
        error = {"errorMessage": message, "errorType": error_type, "stackTrace": ["a.b(C.java:1)"]}
        return self.call("POST", f"invocation/{invocation}/error", json.dumps(error))[0]

    def fail_init(self, error_type: str, message: str) -> int:
        error = {"errorMessage": message, "errorType": error_type}
        return self.call("POST", "init/error", json.dumps(error))[0]
