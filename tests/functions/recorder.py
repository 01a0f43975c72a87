"""A function that records its events: `python3 -m tests.functions.recorder FILE`.

Appends each event to FILE, one per line, and responds with `ANSWER`.
"""

import json
import sys
from pathlib import Path

from tests.functions.runtime import Runtime

ANSWER = "the recorder has run"


def main() -> None:
    file = Path(sys.argv[1])
    runtime = Runtime()
    while True:
        invocation, _, event = runtime.next()
        with file.open("a") as log:
            log.write(json.dumps(json.loads(event)) + "\n")
        runtime.respond(invocation, json.dumps(ANSWER))


if __name__ == "__main__":
    main()
