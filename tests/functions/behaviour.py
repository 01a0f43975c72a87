"""A function that does what its event says, well or badly."""

import json
import os
import subprocess
import sys
import time

from runtime import Runtime


refused = []
"""The statuses of answers that came too late."""


def start(how, runtime):
    """Starts as the command line says."""
    if how == "error":
        runtime.fail_init("Runtime.BadFunctionCode", "no such handler: shop")
        time.sleep(60)
    elif how == "exit":
        print("the configuration is missing", file=sys.stderr)
        sys.exit(7)
    elif how == "hang":
        time.sleep(60)


def do(event, invocation, headers, runtime):
    """Returns the answer, or None if it was given already."""
    what = event.get("do")
    if what == "sleep":
        time.sleep(event["seconds"])
        return {"process": os.getpid()}
    if what == "process":
        return {"process": os.getpid()}
    if what == "exit":
        print("the pump is broken", file=sys.stderr, flush=True)
        os._exit(event["status"])
    if what == "answer and exit":
        runtime.connection.request("POST", f"/2018-06-01/runtime/invocation/{invocation}/response", '"last words"')
        os._exit(0)
    if what == "large":
        runtime.respond(invocation, b'"' + b"x" * (event["bytes"] - 2) + b'"')
        return None
    if what == "garbage":
        runtime.respond(invocation, b"Internal server error: row 4711 of customer Jane Doe has no number")
        return None
    if what == "latin-1":
        runtime.respond(invocation, b'"caf\xe9"')
        return None
    if what == "fail":
        runtime.fail(invocation, "com.example.ShopException", "the shop is closed")
        return None
    if what == "spawn":
        child = subprocess.Popen(["sleep", "60"])
        if event["then"] == "sleep":
            print(child.pid, flush=True)
            time.sleep(60)
        if event["then"] == "exit":
            print(f"child {child.pid}", flush=True)
            os._exit(1)
        return {"child": child.pid}
    if what == "hog":
        hog = "import time; held = bytearray(b'x') * (1 << 28); time.sleep(60)"
        if event["where"] == "child":
            subprocess.run([sys.executable, "-c", hog], check=False)
        exec(hog)
    if what == "context":
        return {
            "remaining": int(headers["Lambda-Runtime-Deadline-Ms"]) - time.time() * 1000,
            "arn": headers["Lambda-Runtime-Invoked-Function-Arn"],
            "trace": headers["Lambda-Runtime-Trace-Id"],
            "environment": dict(os.environ),
        }
    if what == "break the rules":
        statuses = [
            runtime.respond("no-such-invocation", "1"),
            runtime.call("GET", "invocation/next")[0],
            runtime.fail_init("Late", "too late"),
            runtime.call("GET", "no/such/path")[0],
        ]
        runtime.respond(invocation, json.dumps(statuses))
        # Nobody waits for this any more; the next invocation tells what came of it.
        refused.append(runtime.respond(invocation, "2"))
        return None
    if what == "refused":
        return refused
    return event


def main():
    runtime = Runtime()
    start(sys.argv[1] if len(sys.argv) > 1 else "well", runtime)
    while True:
        invocation, headers, event = runtime.next()
        document = json.loads(event)
        answer = do(document, invocation, headers, runtime)
        if answer is document:
            runtime.respond(invocation, event)
        elif answer is not None:
            runtime.respond(invocation, json.dumps(answer))


main()
