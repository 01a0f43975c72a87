"""Mutation tests: edits that weaken or break the policies, each detected by one row of the matrix.

Some edits are planted holes, `hole` says what they allow: they add an action, a resource, a
principal or a statement, and everything that worked before still works.

`mutations.json` names the row and its decision after the edit. An edit that changes nothing is an
error in the file.
"""

import copy
import json
from dataclasses import dataclass, replace
from typing import Any

from tests.deploy.matrix import Deployment, Policies
from tests.deploy.rows import CASES, Row, load_rows
from tests.deploy.simulator import Simulator

Edit = dict[str, Any]


class InvalidEdit(Exception):
    """An edit of a statement, operator or key that does not exist, or that changes nothing."""


def _statement(policy: Any, sid: str) -> dict[str, Any]:
    for statement in policy["Statement"]:
        if statement.get("Sid") == sid:
            return statement
    raise InvalidEdit(f"no statement {sid}")


def _drop_key(statement: dict[str, Any], key: str) -> None:
    conditions = statement.get("Condition", {})
    operators = [operator for operator, keys in conditions.items() if key in keys]
    if not operators:
        raise InvalidEdit(f"{statement['Sid']} has no condition on {key}")
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
    if "add" in edit:
        policy["Statement"].append(edit["add"])
        return
    statement = _statement(policy, edit["sid"])
    if "without" in edit:
        _drop_key(statement, edit["without"])
    elif "without-operator" in edit:
        if edit["without-operator"] not in statement.get("Condition", {}):
            raise InvalidEdit(f"{edit['sid']} has no operator {edit['without-operator']}")
        del statement["Condition"][edit["without-operator"]]
    elif "resource" in edit:
        statement["Resource"] = edit["resource"]
    elif "action" in edit:
        statement["Action"] = edit["action"]
    else:
        statement.setdefault("Condition", {}).setdefault(edit["operator"], {})[edit["key"]] = edit[
            "value"
        ]


def mutated(policies: Policies, edits: list[Edit]) -> Policies:
    """Returns a copy of the policies with the edits made."""
    changed = copy.deepcopy(policies)
    for edit in edits:
        before = json.dumps(changed[edit["policy"]])
        _apply(changed[edit["policy"]], edit)
        if json.dumps(changed[edit["policy"]]) == before:
            raise InvalidEdit(f"{edit} changes nothing")
    return changed


@dataclass(frozen=True)
class Outcome:
    """The number of mutations, and those that were not detected."""

    total: int
    errors: list[str]

    @property
    def detected(self) -> int:
        return self.total - len(self.errors)


def one_row_detects_each_mutation(deployment: Deployment, simulator: Simulator) -> Outcome:
    """Evaluates the row of each mutation before and after the edit."""
    by_id: dict[str, Row] = {row.id: row for row in load_rows()}
    mutations = json.loads((CASES / "mutations.json").read_text())
    simulations = []
    for mutation in mutations:
        row = by_id[mutation["row"]]
        row = replace(row, context=mutation.get("context", row.context))
        edited = replace(deployment, policies=mutated(deployment.policies, mutation["edits"]))
        simulations += [deployment.simulation(row), edited.simulation(row)]
    decisions = simulator.decisions(simulations)
    errors = [
        f"{mutation['id']}: {mutation['row']} is {before} before and {after} after the edit, "
        f"expected {mutation['gives']} after it"
        for mutation, before, after in zip(mutations, decisions[::2], decisions[1::2], strict=True)
        if after != mutation["gives"] or before == after
    ]
    return Outcome(len(mutations), errors)
