"""Tests that every statement and condition of the policies is necessary.

Each is removed in turn, and the decision of some row must change. The rows are those of the matrix,
of `guardrails.tsv`, which tests one side of a request at a time, and of `closed.tsv`. Statements and conditions that
duplicate another guardrail, and that no row can therefore detect, are listed with the reason in
`redundant-guardrails.tsv`. An entry that a row does detect, or that matches nothing, is an error.
"""

import csv
from dataclasses import dataclass, field, replace
from typing import Any

from tests.deploy.matrix import Deployment, RowIndex
from tests.deploy.mutations import mutated
from tests.deploy.rows import CASES
from tests.deploy.simulator import Simulation, Simulator
from tests.deploy.widening import actions_of

# One of the policies that a template creates for each connector, spoke and reader, and those in which
# another of its conditions holds.
POLICIES = ("A1", "A2", "A3", "A4", "A5", "A42", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8")
POLICIES += ("A43", "A6", "B6E", "B72", "Q1", "Q2", "Q3", "Q5")
POLICIES += ("L1", "L2", "L3", "L4", "L5", "U1")


@dataclass(frozen=True)
class Guardrail:
    """A statement of a policy, or one condition key of the statement."""

    policy: str
    sid: str
    key: str | None = None
    actions: tuple[str, ...] = field(default=(), compare=False)  # of the statement

    def removal(self) -> dict[str, str]:
        """Returns the edit that removes it."""
        if self.key:
            return {"policy": self.policy, "sid": self.sid, "without": self.key}
        return {"policy": self.policy, "drop": self.sid}


@dataclass(frozen=True)
class Outcome:
    """How many guardrails rows detect, how many are redundant, and errors."""

    detected: int
    redundant: int
    errors: list[str]


def _guardrails(deployment: Deployment) -> list[Guardrail]:
    found = []
    for policy in POLICIES:
        for statement in deployment.policies[policy]["Statement"]:
            sid, actions = statement["Sid"], tuple(actions_of(statement))
            found.append(Guardrail(policy, sid, actions=actions))
            operators = statement.get("Condition", {}).values()
            keys = sorted({key for operator in operators for key in operator})
            found += [Guardrail(policy, sid, key, actions) for key in keys]
    return found


def _redundant() -> set[Guardrail]:
    with (CASES / "redundant-guardrails.tsv").open(newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return {Guardrail(row["policy"], row["sid"], row["key"] or None) for row in rows}


def run(deployment: Deployment, simulator: Simulator, rows: RowIndex) -> Outcome:
    """Removes each guardrail and evaluates the rows that it can decide."""
    guardrails = _guardrails(deployment)
    groups: list[list[Simulation]] = []
    for guardrail in guardrails:
        policies = mutated(deployment.policies, [guardrail.removal()])
        weakened = replace(deployment, policies=policies)
        affected = rows.affected(guardrail.policy, guardrail.actions)
        groups.append([weakened.simulation(row) for row in affected])
    found = simulator.first_unexpected(groups)
    detected = {guardrail for guardrail, row in zip(guardrails, found, strict=True) if row}
    redundant, file = _redundant(), "redundant-guardrails.tsv"
    undetected = [item for item in guardrails if item not in detected | redundant]
    errors = [f"no row detects the removal of {item}" for item in undetected]
    errors += [f"{file} lists {item}, which a row detects" for item in redundant & detected]
    errors += [f"{file} lists {item}, which does not exist" for item in redundant - {*guardrails}]
    return Outcome(len(detected), len(redundant), errors)
