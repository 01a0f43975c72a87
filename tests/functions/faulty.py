"""A connector that replays recorded responses of the Java SDK and fails while it reads.

    python3 -m tests.functions.faulty GOLDEN_FOLDER FAULT

The first split is read successfully; every other read ends with FAULT.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from tests.functions.runtime import Runtime

RESPONSES = {
    "PingRequest": "v6-ping",
    "GetDataSourceCapabilitiesRequest": "v6-capabilities",
    "ListSchemasRequest": "v6-listschemas",
    "GetTableRequest": "v6-gettable",
    "GetTableLayoutRequest": "v6-layout-all",
    "GetSplitsRequest": "v6-splits-1",
    "ReadRecordsRequest": "v6-read-inline",
}
WRONG_TYPE = {
    "@type": "ListSchemasResponse",
    "catalogName": "c",
    "schemas": ["a"],
    "requestType": "LIST_SCHEMAS",
}


def fail_read(fault: str, invocation: str, runtime: Runtime) -> None:
    """Ends an invocation without a valid response."""
    match fault:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            print("the pump is broken", file=sys.stderr, flush=True)
            os._exit(3)
        case "sleep":
            time.sleep(600)
        case "large":
            runtime.respond(invocation, b'"' + b"x" * 7_000_000 + b'"')
        case "garbage":
            text = b"Internal server error: row 4711 of customer Jane Doe has no number"
            runtime.respond(invocation, text)
        case "other":
            runtime.respond(invocation, json.dumps(WRONG_TYPE))
        case "fail":
            runtime.fail(invocation, "com.example.ShopException", "the shop is closed")


def main() -> None:
    golden, fault = Path(sys.argv[1]), sys.argv[2]
    runtime = Runtime()
    first_split = None
    while True:
        invocation, _, event = runtime.next()
        request = json.loads(event)
        kind = request["@type"]
        name = RESPONSES[kind]
        if kind == "GetSplitsRequest" and request.get("continuationToken"):
            name = "v6-splits-2"
        if kind == "ReadRecordsRequest":
            split = request["split"]["spillLocation"]["key"]
            first_split = first_split or split
            if split != first_split:
                fail_read(fault, invocation, runtime)
                continue
        response = golden / "exchange" / f"{name}.response.json"
        runtime.respond(invocation, response.read_bytes())


if __name__ == "__main__":
    main()
