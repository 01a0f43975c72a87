"""Object store of one run: buckets, objects, a record of writes, and rules that make it fail."""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.storm.s3_http import Exchange

BUCKET = "storm-spill"
PREFIX = "athena-federation-spill"
DATA_BUCKET = "storm-data"
DATA_PREFIX = "visits/"

Action = Callable[["Exchange"], None]


def etag(body: bytes) -> str:
    """Returns the version of an object."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


@dataclass(frozen=True)
class StoredObject:
    """Bytes of an object with the checksum that its writer sent."""

    body: bytes
    checksum: str | None = None  # CRC-32 in base64


@dataclass
class Rule:
    """What happens to requests of one operation, after the first `skip` ones."""

    operation: str  # PUT, GET, LIST or HEAD
    action: Action
    skip: int = 0
    times: int = 1 << 30
    fired: int = 0

    def take(self, operation: str) -> bool:
        """Returns whether the rule holds for this request."""
        if operation != self.operation:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.fired == self.times:
            return False
        self.fired += 1
        return True


@dataclass
class Store:
    """Buckets with objects, shared by the threads of the server."""

    objects: dict[tuple[str, str], StoredObject] = field(default_factory=dict)
    writes: list[tuple[str, str]] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)  # by operation
    page_size: int = 1000
    closed: threading.Event = field(default_factory=threading.Event)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def rule_for(self, operation: str) -> Action | None:
        """Counts a request, and returns what replaces its answer."""
        with self._lock:
            self.requests[operation] += 1
            for rule in self.rules:
                if rule.take(operation):
                    return rule.action
        return None

    def struck(self) -> bool | None:
        """Returns whether a rule has replaced an answer; `None` without rules."""
        with self._lock:
            return any(rule.fired for rule in self.rules) if self.rules else None

    def put(self, bucket: str, key: str, stored: StoredObject) -> None:
        """Stores an object for the function."""
        with self._lock:
            self.objects[bucket, key] = stored
            self.writes.append((bucket, key))

    def place(self, bucket: str, key: str, body: bytes) -> None:
        """Stores an object for somebody else."""
        with self._lock:
            self.objects[bucket, key] = StoredObject(body)

    def get(self, bucket: str, key: str) -> StoredObject | None:
        with self._lock:
            return self.objects.get((bucket, key))

    def remove(self, bucket: str, key: str) -> None:
        with self._lock:
            self.objects.pop((bucket, key), None)

    def keys(self, bucket: str, prefix: str) -> list[str]:
        with self._lock:
            owned = (key for owner, key in self.objects if owner == bucket)
            return sorted(key for key in owned if key.startswith(prefix))

    def wait(self, seconds: float) -> None:
        """Lets time pass, or less of it if the run ends."""
        self.closed.wait(seconds)
