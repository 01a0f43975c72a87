"""Servers that do not start, do not end or listen where they must not: each is noticed, and none is left behind."""

import socket
import sys
import tempfile
import time

from standin import serving

# PORT is where the server is waited for. 127.0.0.2 stands for every address that is not 127.0.0.1.
LISTEN = "import signal, socket, sys, time; held = [socket.create_server((host, port)) for host, port in {}]; {}; time.sleep(60)"
HOME, AWAY = "('127.0.0.1', PORT)", "('127.0.0.2', PORT)"
CASES = [
    ("a server that ends at once fails the run", "sys.exit(3)", "has ended with 3"),
    ("a server that never listens fails the run", "import time; time.sleep(60)", "has not opened port"),
    ("a server that listens elsewhere too fails the run", LISTEN.format(f"[{HOME}, {AWAY}]", "pass"), "127.0.0.2 port PORT"),
    ("a server of a child that listens elsewhere fails the run",
     f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {LISTEN.format(f'[{AWAY}, {HOME}]', 'pass')!r}]); child.wait(60)",
     "127.0.0.2 port PORT"),
    ("a server that does not end when it is asked to is killed", LISTEN.format(f"[{HOME}]", "signal.signal(15, signal.SIG_IGN)"), None),
]


def noticed():
    """What is not noticed of servers that go wrong."""
    wrong = []
    for claim, program, words in CASES:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-c", f"import sys; {program}".replace("PORT", str(port))]
        said, process, began = "", None, time.monotonic()
        try:
            with tempfile.TemporaryFile() as log, serving(command, port, log, within=3, patience=1) as process:
                pass
        except SystemExit as end:
            said = str(end)
        holds = said.find(words.replace("PORT", str(port))) >= 0 if words else not said and process.poll() is not None
        holds = holds and time.monotonic() - began < 10
        print(f"{'ok  ' if holds else 'FAIL'} {claim}", flush=True)
        if not holds:
            wrong.append(f"{claim}: {said!r}")
    return wrong
