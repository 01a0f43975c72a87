"""A function process of 256 MB behind a Runtime API."""

import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.storm import memory
from tests.storm.runtime_api import Invocation, RuntimeApi

GRACE = 3.0
"""Seconds after a deadline for which an answer is awaited, to tell late from never."""


@dataclass(frozen=True)
class Program:
    """A connector and its environment."""

    path: Path
    environment: Mapping[str, str]
    log: Path  # receives standard output and standard error


class Function:
    """A running connector. Answers one invocation at a time."""

    def __init__(self, program: Program) -> None:
        self._api = RuntimeApi()
        self._group = memory.Group(f"storm-{uuid.uuid4()}")
        self._log: IO[bytes] = program.log.open("ab")
        self._peak = 0
        self._ended_by_us = False
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_LAMBDA_FUNCTION_NAME": "storm",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory.MEMORY_MB),
            "AWS_LAMBDA_LOG_GROUP_NAME": "storm",
            "AWS_LAMBDA_LOG_STREAM_NAME": "storm",
            **program.environment,
        }
        self._process = subprocess.Popen(
            self._group.command(program.path),
            env=environment,
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
        )

    def __enter__(self) -> "Function":
        return self

    def __exit__(self, *_: object) -> None:
        self.send(signal.SIGKILL)
        self._process.wait()
        self._api.close()
        self._group.remove()
        self._log.close()

    def start(self, event: bytes, deadline: float, refuse: bool = False) -> Invocation:
        """Hands an event to the function."""
        invocation = Invocation(event, deadline, refuse=refuse)
        self._api.submit(invocation)
        return invocation

    def wait(self, invocation: Invocation) -> None:
        """Waits for the answer, the end of the process, or the deadline and some time."""
        while not invocation.ended.wait(0.02):
            is_over = time.time() > invocation.deadline + GRACE
            if is_over or self._process.poll() is not None:
                break
        self._peak = max(self._peak, memory.peak(self._process.pid))

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process."""
        if number == signal.SIGKILL:
            self._ended_by_us = True
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def death(self) -> str | None:
        """Returns why the process is gone or should be, unless the test has ended it."""
        if self._ended_by_us:
            return None
        if self._group.killed():
            return f"more than {memory.MEMORY_MB} MB"
        if (status := self._process.poll()) is not None:
            return f"status {status}"
        if self._peak > memory.LIMIT:
            return f"{self._peak >> 20} MB, more than {memory.MEMORY_MB}"
        return None
