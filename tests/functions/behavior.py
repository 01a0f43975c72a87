"""A function whose event selects how it behaves: `python3 -m tests.functions.behavior [START]`.

START selects how it starts: `error`, `exit`, `hang`, or normally if it is absent.
"""

import json
import os
import subprocess
import sys
import time
from http.client import HTTPMessage
from typing import Any

from tests.functions.runtime import Runtime

late_statuses = []
"""Statuses of responses sent after their invocation had ended."""


def start(mode: str, runtime: Runtime) -> None:
    if mode == "error":
        runtime.fail_init("Runtime.BadFunctionCode", "no such handler: shop")
        time.sleep(60)
    elif mode == "exit":
        print("the configuration is missing", file=sys.stderr)
        sys.exit(7)
    elif mode == "hang":
        time.sleep(60)


def handle(event: dict, invocation: str, headers: HTTPMessage, runtime: Runtime) -> Any:
    """Returns the response document, or None if a response was already sent."""
    match event.get("do"):
        case "sleep":
            time.sleep(event["seconds"])
            return {"process": os.getpid()}
        case "process":
            return {"process": os.getpid()}
        case "exit":
            print("the pump is broken", file=sys.stderr, flush=True)
            os._exit(event["status"])
        case "answer and exit":
            path = f"/2018-06-01/runtime/invocation/{invocation}/response"
            runtime.connection.request("POST", path, '"last words"')
            os._exit(0)
        case "large":
            runtime.respond(invocation, b'"' + b"x" * (event["bytes"] - 2) + b'"')
            return None
        case "garbage":
            text = b"Internal server error: row 4711 of customer Jane Doe has no number"
            runtime.respond(invocation, text)
            return None
        case "latin-1":
            runtime.respond(invocation, b'"caf\xe9"')
            return None
        case "fail":
            runtime.fail(invocation, "com.example.ShopException", "the shop is closed")
            return None
        case "deny":
            text = "InvalidCredentialsException: the source rejects the key"
            runtime.fail(invocation, "InvalidCredentialsException", text)
            return None
        case "spawn":
            return spawn(event["then"])
        case "hog":
            allocate(event["where"])
        case "context":
            return context(headers)
        case "break the rules":
            return violate_runtime_api(invocation, runtime)
        case "refused":
            return late_statuses
    return event


def spawn(then: str) -> dict[str, int]:
    """Starts a child process, then returns, sleeps or exits."""
    child = subprocess.Popen(["sleep", "60"])
    if then == "sleep":
        print(child.pid, flush=True)
        time.sleep(60)
    if then == "exit":
        print(f"child {child.pid}", flush=True)
        os._exit(1)
    return {"child": child.pid}


def allocate(where: str) -> None:
    """Allocates and holds 256 MiB, in a child process or in this one."""
    program = "import time; held = bytearray(b'x') * (1 << 28); time.sleep(60)"
    if where == "child":
        subprocess.run([sys.executable, "-c", program], check=False)
    exec(program)


def context(headers: HTTPMessage) -> dict[str, Any]:
    return {
        "remaining": int(headers["Lambda-Runtime-Deadline-Ms"]) - time.time() * 1000,
        "arn": headers["Lambda-Runtime-Invoked-Function-Arn"],
        "trace": headers["Lambda-Runtime-Trace-Id"],
        "environment": dict(os.environ),
    }


def violate_runtime_api(invocation: str, runtime: Runtime) -> None:
    """Responds with the statuses of four invalid calls, then responds a second time."""
    statuses = [
        runtime.respond("no-such-invocation", "1"),
        runtime.call("GET", "invocation/next")[0],
        runtime.fail_init("Late", "too late"),
        runtime.call("GET", "no/such/path")[0],
    ]
    runtime.respond(invocation, json.dumps(statuses))
    # The caller has its response by now; a later invocation reports this status.
    late_statuses.append(runtime.respond(invocation, "2"))


def main() -> None:
    runtime = Runtime()
    start(sys.argv[1] if len(sys.argv) > 1 else "normal", runtime)
    while True:
        invocation, headers, event = runtime.next()
        document = json.loads(event)
        response = handle(document, invocation, headers, runtime)
        if response is document:
            runtime.respond(invocation, event)
        elif response is not None:
            runtime.respond(invocation, json.dumps(response))


if __name__ == "__main__":
    main()
