"""Checks, and the report that prints them section by section."""

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A claim, whether it holds, and the observed value."""

    claim: str
    holds: bool
    observed: str


class Report:
    """Prints the results of each section and counts failures."""

    def __init__(self) -> None:
        self.failures = 0
        self.passed: list[str] = []  # claims that hold
        self._started = time.monotonic()

    def section(self, title: str) -> None:
        elapsed = time.monotonic() - self._started
        print(f"== deploy: {title} ({elapsed:.0f} s)", flush=True)

    def checks(self, checks: list[Check]) -> None:
        self.passed += [check.claim for check in checks if check.holds]
        failed = [check for check in checks if not check.holds]
        self.errors([f"{check.claim}: {check.observed}" for check in failed])
        # tests/run adds up these lines.
        print(f"   checks: {len(checks) - len(failed)} of {len(checks)}", flush=True)

    def errors(self, errors: list[str]) -> None:
        self.failures += len(errors)
        for error in errors:
            print(f"FAIL {error}", flush=True)
