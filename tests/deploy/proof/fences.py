"""Whether everything that the policies say is needed: each statement and each condition is taken away, alone, and some row must notice.

What no row can notice, because another fence stands behind it, is listed with the reason in `second-fences.tsv`; a line there that a
row does notice, or that speaks of nothing in the policies, is a fault too. The rows are those of the matrix and of `fences.tsv`, which are about one side at a time.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proof.matrix import MATRIX, Row, World, decide, rows
from proof.mutations import mutated

OURS = ("A1", "A2", "A3", "A4", "A5", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "Q1", "Q2", "Q3", "L1", "L2", "L3")


@dataclass(frozen=True)
class Part:
    """A statement, or one condition of it."""

    policy: str
    sid: str
    key: str | None = None

    def edit(self) -> dict[str, str]:
        return {"policy": self.policy} | ({"sid": self.sid, "without": self.key} if self.key else {"drop": self.sid})


@dataclass(frozen=True)
class Outcome:
    noticed: int
    second: int
    wrong: list[str]


def _parts(world: World) -> list[Part]:
    found = []
    for policy in OURS:
        for statement in world.policies[policy]["Statement"]:
            found.append(Part(policy, statement["Sid"]))
            keys = {key for operator in statement.get("Condition", {}).values() for key in operator}
            found += [Part(policy, statement["Sid"], key) for key in sorted(keys)]
    return found


def _concerned(world: World, row: Row, policy: str) -> bool:
    principal = world.principals.get(row.principal)
    carried = world.resources.policy(world.resources.arn(row.resource))
    return policy == carried or (principal is not None and policy in principal.policies)


def run(world: World, node_modules: Path) -> Outcome:
    """Takes each part away and asks the rows that the policy has a say in."""
    every_row = [*rows(), *rows("fences.tsv")]
    asked: list[tuple[Part, Row]] = []
    requests: list[tuple[str, dict[str, Any]]] = []
    for part in _parts(world):
        changed = World(mutated(world.policies, [part.edit()]), world.principals, world.resources)
        for row in every_row:
            if _concerned(world, row, part.policy):
                asked.append((part, row))
                requests.append((f"{part} {row.id}", changed.simulation(row)))
    answers = decide(requests, node_modules)
    noticed = {part for (part, row), answer in zip(asked, answers, strict=True) if answer != row.expected}
    with (MATRIX / "second-fences.tsv").open(newline="") as file:
        second = {Part(line["policy"], line["sid"], line["key"] or None) for line in csv.DictReader(file, delimiter="\t")}
    parts = _parts(world)
    wrong = [f"no row notices that {part} is gone" for part in parts if part not in noticed | second]
    wrong += [f"second-fences.tsv lists {part}, which a row notices" for part in second & noticed]
    wrong += [f"second-fences.tsv lists {part}, which is not there" for part in second - set(parts)]
    return Outcome(len(noticed), len(second), wrong)
