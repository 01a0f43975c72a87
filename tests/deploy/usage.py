"""The actions that the policies grant, against those that the guides have used.

The emulator lists the actions that it has allowed to each principal. An action that no principal
with the policy has used is listed with the reason in `cases/unused-actions.tsv`; an entry that is
used, or not granted, is an error.
"""

import csv
from pathlib import Path
from typing import Any

from tests.deploy.fixtures import role_of_session
from tests.deploy.matrix import Deployment
from tests.deploy.report import Check
from tests.deploy.rows import CASES

FILE = "unused-actions.tsv"
# Identity policies, one of those that a template creates for each connector, spoke or reader.
POLICIES = ("A4", "A42", "A43", "A5", "B2", "B3", "B6", "B7", "Q2", "Q3", "L2", "L3", "L4", "L5")


def _granted(policy: Any) -> set[str]:
    actions: set[str] = set()
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            listed = statement["Action"]
            actions |= {listed} if isinstance(listed, str) else set(listed)
    return actions


def usage_checks(deployment: Deployment, file: Path) -> list[Check]:
    """Compares the actions of each policy with those that its principals have used."""
    used: dict[str, set[str]] = {}
    for line in file.read_text().splitlines():
        principal, action = line.split("\t")
        used.setdefault(role_of_session(principal), set()).add(action)
    unused = set()
    total = 0
    for name in POLICIES:
        holders = [p.arn for p in deployment.principals.values() if name in p.policies]
        calls = set().union(*(used.get(arn, set()) for arn in holders))
        granted = _granted(deployment.policies[name])
        total += len(granted)
        unused |= {(name, action) for action in granted - calls}
    with (CASES / FILE).open(newline="") as lines:
        listed = {(row["policy"], row["action"]) for row in csv.DictReader(lines, delimiter="\t")}
    print(f"   {total} actions granted, {total - len(unused)} used in the guides")
    sealing = "kms:GenerateMac" in used.get(deployment.principals["Exec"].arn, set())
    unlisted, stale = sorted(unused - listed), sorted(listed - unused)
    return [
        Check(f"every action that the guides do not use is in {FILE}", not unlisted, str(unlisted)),
        Check(f"{FILE} has no action that is used or not granted", not stale, str(stale)),
        # The policy of the key allows it, so no policy above grants it.
        Check("the connector has derived its key of seals from KMS", sealing, str(sorted(used))),
    ]


