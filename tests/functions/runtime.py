"""Just enough of a Lambda runtime, in the standard library."""

import http.client
import json
import os


class Runtime:
    """The Runtime API, over one connection that stays open."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def call(self, method, path, body=None):
        """Returns the status, the headers and the body of an answer."""
        self.connection.request(method, "/2018-06-01/runtime/" + path, body)
        response = self.connection.getresponse()
        return response.status, response.headers, response.read()

    def next(self):
        """Returns the id, the headers and the event of the next invocation."""
        _, headers, event = self.call("GET", "invocation/next")
        return headers["Lambda-Runtime-Aws-Request-Id"], headers, event

    def respond(self, invocation, body):
        return self.call("POST", f"invocation/{invocation}/response", body)[0]

    def fail(self, invocation, error_type, message):
        document = json.dumps({"errorMessage": message, "errorType": error_type, "stackTrace": ["a.b(C.java:1)"]})
        return self.call("POST", f"invocation/{invocation}/error", document)[0]

    def fail_init(self, error_type, message):
        return self.call("POST", "init/error", json.dumps({"errorMessage": message, "errorType": error_type}))[0]
