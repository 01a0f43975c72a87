"""Edits that make the policies wrong, each of which its own row of the matrix must notice.

`mutations.json` names the row and what it must answer after the edit. An edit that finds nothing to change is a fault of the file:
it would prove nothing.
"""

import copy
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proof.matrix import MATRIX, Policies, Row, World, decide, rows

Edit = dict[str, Any]


class NothingToEdit(Exception):
    """The statement, operator or key that an edit speaks of is not there."""


def _statement(policy: Any, sid: str) -> dict[str, Any]:
    for statement in policy["Statement"]:
        if statement.get("Sid") == sid:
            return statement
    raise NothingToEdit(f"there is no statement {sid}")


def _drop_key(statement: dict[str, Any], key: str) -> None:
    conditions = statement.get("Condition", {})
    operators = [operator for operator, keys in conditions.items() if key in keys]
    if not operators:
        raise NothingToEdit(f"{statement['Sid']} has no condition on {key}")
    for operator in operators:
        del conditions[operator][key]
        if not conditions[operator]:
            del conditions[operator]
    if not conditions:
        del statement["Condition"]


def _apply(policy: Any, edit: Edit) -> None:
    if "drop" in edit:
        policy["Statement"].remove(_statement(policy, edit["drop"]))
        return
    statement = _statement(policy, edit["sid"])
    if "without" in edit:
        _drop_key(statement, edit["without"])
    elif "without-operator" in edit:
        if edit["without-operator"] not in statement.get("Condition", {}):
            raise NothingToEdit(f"{edit['sid']} has no operator {edit['without-operator']}")
        del statement["Condition"][edit["without-operator"]]
    elif "resource" in edit:
        statement["Resource"] = edit["resource"]
    else:
        statement.setdefault("Condition", {}).setdefault(edit["operator"], {})[edit["key"]] = edit["value"]


def mutated(policies: Policies, edits: list[Edit]) -> Policies:
    """A copy of the policies with the edits made."""
    changed = copy.deepcopy(policies)
    for edit in edits:
        before = json.dumps(changed[edit["policy"]])
        _apply(changed[edit["policy"]], edit)
        if json.dumps(changed[edit["policy"]]) == before:
            raise NothingToEdit(f"{edit} changes nothing")
    return changed


@dataclass(frozen=True)
class Outcome:
    """How many mutations were noticed, and what the others answered."""

    noticed: int
    total: int
    missed: list[str]


def run(world: World, node_modules: Path) -> Outcome:
    """Asks each mutation's row before the edit and after it."""
    by_id: dict[str, Row] = {row.id: row for row in rows()}
    mutations = json.loads((MATRIX / "mutations.json").read_text())
    requests = []
    for mutation in mutations:
        row = by_id[mutation["row"]]
        row = replace(row, context=mutation.get("context", row.context))
        changed = World(mutated(world.policies, mutation["edits"]), world.principals, world.resources)
        requests += [(f"{mutation['id']} before", world.simulation(row)), (mutation["id"], changed.simulation(row))]
    answers = decide(requests, node_modules)
    missed = []
    for mutation, before, after in zip(mutations, answers[::2], answers[1::2], strict=True):
        if after != mutation["gives"] or before == after:
            missed.append(
                f"{mutation['id']}: {mutation['row']} is {before} before and {after} after, must become {mutation['gives']}"
            )
    return Outcome(len(mutations) - len(missed), len(mutations), missed)
