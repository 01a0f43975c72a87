"""Claims that are printed as they are checked."""


class Checks:
    """Counts and prints claims, and keeps those that do not hold."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def check(self, claim: str, holds: bool, details: object = "") -> None:
        """Records a claim; `details` are printed if it does not hold."""
        print(f"{'ok  ' if holds else 'FAIL'} {claim}", flush=True)
        if not holds:
            self.failed.append(f"{claim}: {details}")
