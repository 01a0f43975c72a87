"""A connector that answers what the Java SDK once answered, until it reads: `faulty.py GOLDEN_FOLDER FAULT`.

The first split is read well; every other one ends as FAULT says.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from runtime import Runtime

ANSWERS = {
    "PingRequest": "v6-ping",
    "GetDataSourceCapabilitiesRequest": "v6-capabilities",
    "ListSchemasRequest": "v6-listschemas",
    "GetTableRequest": "v6-gettable",
    "GetTableLayoutRequest": "v6-layout-all",
    "GetSplitsRequest": "v6-splits-1",
    "ReadRecordsRequest": "v6-read-inline",
}


def read_badly(fault, invocation, runtime):
    """Gives no good answer."""
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "exit":
        print("the pump is broken", file=sys.stderr, flush=True)
        os._exit(3)
    if fault == "sleep":
        time.sleep(600)
    if fault == "large":
        runtime.respond(invocation, b'"' + b"x" * 7_000_000 + b'"')
    if fault == "garbage":
        runtime.respond(invocation, b"Internal server error: row 4711 of customer Jane Doe has no number")
    if fault == "other":
        runtime.respond(invocation, b'{"@type":"ListSchemasResponse","catalogName":"c","schemas":["a"],"requestType":"LIST_SCHEMAS"}')
    if fault == "fail":
        runtime.fail(invocation, "com.example.ShopException", "the shop is closed")


def main():
    golden, fault = Path(sys.argv[1]), sys.argv[2]
    runtime = Runtime()
    first = None
    while True:
        invocation, _, event = runtime.next()
        request = json.loads(event)
        kind = request["@type"]
        name = ANSWERS[kind]
        if kind == "GetSplitsRequest" and request.get("continuationToken"):
            name = "v6-splits-2"
        if kind == "ReadRecordsRequest":
            split = request["split"]["spillLocation"]["key"]
            first = first or split
            if split != first:
                read_badly(fault, invocation, runtime)
                continue
        runtime.respond(invocation, (golden / "exchange" / f"{name}.response.json").read_bytes())


main()
