"""Rows of `closed.tsv`: of all actions of a service, exactly the listed ones are allowed.

A row names principals and resources, separated by spaces, and actions with `*`, such as `s3:*`,
which stands for every action that AWS defines for the resource; for the resource `*`, for those
without resource types. Every other row of the matrix is about one action, and cannot detect a
policy that allows another one in addition.
"""

import csv
from dataclasses import dataclass

from tests.deploy.matrix import Deployment
from tests.deploy.rows import CASES, Row
from tests.deploy.simulator import ActionPattern, Simulator

FILE = "closed.tsv"


@dataclass(frozen=True)
class ClosedRow:
    """A row of the file."""

    id: str
    principals: str
    actions: str
    resources: str
    context: str
    allowed: str
    proves: str

    def patterns(self, deployment: Deployment) -> list[ActionPattern]:
        """Returns its pairs of a pattern of actions and the ARN of a resource."""
        arns = [deployment.resources.arn(name) for name in self.resources.split()]
        return [ActionPattern(actions, arn) for actions in self.actions.split() for arn in arns]


def load() -> list[ClosedRow]:
    with (CASES / FILE).open(newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [ClosedRow(**line) for line in reader]


def rows(deployment: Deployment, simulator: Simulator) -> list[Row]:
    """Returns a row for each principal, action and resource of the file."""
    loaded = load()
    patterns = [pattern for row in loaded for pattern in row.patterns(deployment)]
    actions = dict(zip(patterns, simulator.expand(patterns), strict=True))
    return [row for line in loaded for row in _expand(line, line.patterns(deployment), actions)]


def _expand(
    line: ClosedRow,
    patterns: list[ActionPattern],
    actions: dict[ActionPattern, list[str]],
) -> list[Row]:
    allowed = set() if line.allowed == "-" else set(line.allowed.split())
    rows = [
        Row(
            id=f"{line.id} {principal} {action}",
            principal=principal,
            action=action,
            resource=pattern.resource,
            context=line.context,
            expected="allow" if action in allowed else "deny",
            proves=line.proves,
            lenient=True,
        )
        for pattern in patterns
        for action in actions[pattern]
        for principal in line.principals.split()
    ]
    unknown = allowed - {row.action for row in rows}
    if unknown or not rows:
        raise SystemExit(f"{FILE}: {line.id} has no actions, or allows others: {sorted(unknown)}")
    return rows
