"""Edits that widen one statement of a policy, so that it allows more or denies less.

| Statement | Edits |
|---|---|
| allows | another action, every action of the service, a wider resource, another principal |
| with conditions | each key removed, negated, or with any name |
| denies | removed; fewer actions, resources, principals; a condition added, or negated |
| new | everything, for everybody if the policy is a resource's |

Edits that cannot widen a policy are not made: another resource in the policy of a function, key,
role or topic, which only applies to its own; another principal whose ARN the statement restricts in
a condition, unless the condition is removed, too; actions to which its condition keys do not apply.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.deploy import fixtures
from tests.deploy.simulator import ActionPattern, Policy

Statement = dict[str, Any]
Edits = Iterator[tuple[str, list[Statement]]]  # a name, and what replaces the statement
Actions = dict[ActionPattern, list[str]]

NEGATED = {
    "StringEquals": "StringNotEquals",
    "StringLike": "StringNotLike",
    "ArnEquals": "ArnNotEquals",
    "ArnLike": "ArnNotLike",
    "ForAnyValue:StringEquals": "ForAllValues:StringNotEquals",
}
NEGATED |= {negated: operator for operator, negated in NEGATED.items()}
# In the order of preference for another action.
VERBS = ("Delete", "Put", "Update", "Create", "")
ANOTHER_ACCOUNT = f"arn:aws:iam::{fixtures.C}:root"
ANOTHER_SERVICE = "ec2.amazonaws.com"
NAME_OF_ARN = re.compile(r"(?<=[/:])[^/:*]+$")


@dataclass(frozen=True)
class Widening:
    """An edited policy, and the actions whose decisions the edit can change."""

    name: str
    policy: str
    document: Policy
    actions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.policy} {self.name}"


@dataclass(frozen=True)
class Subject:
    """A policy to widen."""

    name: str
    document: Policy
    resource: str | None  # ARN of the resource that has it; None for an identity policy
    seen: frozenset[str] = frozenset()  # statements that another policy of the template has, too

    def patterns(self) -> list[ActionPattern]:
        """Returns what `widenings` has to know: the actions that statements could allow."""
        statements = self.document["Statement"]
        return [self._pattern(item) for item in statements if item["Effect"] == "Allow"]

    def widenings(self, actions_by_pattern: Actions) -> Iterator[Widening]:
        """Yields the policy with each edit in turn."""
        for position, statement in enumerate(self.document["Statement"]):
            if statement["Sid"] in self.seen:
                continue
            if statement["Effect"] == "Allow":
                edits = self._of_allow(statement, actions_by_pattern[self._pattern(statement)])
            else:
                edits = self._of_deny(statement)
            for name, edited in edits:
                statements = list(self.document["Statement"])
                statements[position : position + 1] = edited
                actions = {action for item in (statement, *edited) for action in actions_of(item)}
                yield self._widening(f"{statement['Sid']}: {name}", statements, actions)
        everything = {"Sid": "New", "Effect": "Allow", "Action": "*", "Resource": "*"}
        if self.resource:
            everything["Principal"] = "*"
            if any("Resource" not in item for item in self.document["Statement"]):
                del everything["Resource"]
        statements = [*self.document["Statement"], everything]
        yield self._widening("a statement that allows everything", statements, {"*"})

    def _widening(self, name: str, statements: list[Statement], actions: set[str]) -> Widening:
        document = {**self.document, "Statement": statements}
        return Widening(name, self.name, document, tuple(sorted(actions)))

    def _of_allow(self, statement: Statement, candidates: list[str]) -> Edits:
        service = _service(statement)
        if another := self._another_action(statement, candidates):
            actions = [*actions_of(statement), another]
            yield f"also {another}", [{**statement, "Action": actions}]
            yield f"every action of {service}", [{**statement, "Action": f"{service}:*"}]
        for wider in self._wider_resources(statement):
            yield f"the resource {wider}", [{**statement, "Resource": wider}]
        for name, principal in _other_principals(statement):
            widened = {**_without_arns(statement), "Principal": principal}
            yield f"also the principal {name}", [widened]
        yield from _wider_conditions(statement)

    @staticmethod
    def _of_deny(statement: Statement) -> Edits:
        yield "removed", []
        [first, *others] = actions_of(statement)
        if others or first.endswith("*"):
            single = first.replace("*", "GetObject") if first.startswith("s3:") else first
            yield f"only {single.rstrip('*')}", [{**statement, "Action": single.rstrip("*")}]
        resources = _list(statement.get("Resource", []))
        for resource in resources if len(resources) > 1 else ():
            yield f"only the resource {resource}", [{**statement, "Resource": resource}]
        if "NotResource" in statement:
            every = [*_list(statement["NotResource"]), "arn:aws:lambda:*:*:function:*"]
            yield "except every function", [{**statement, "NotResource": every}]
        if statement.get("Principal") == "*":
            yield "only one account", [{**statement, "Principal": {"AWS": ANOTHER_ACCOUNT}}]
        narrowed = copy.deepcopy(statement)
        conditions = narrowed.setdefault("Condition", {}).setdefault("StringLike", {})
        conditions["aws:PrincipalAccount"] = fixtures.MANAGEMENT
        yield "only another account", [narrowed]
        yield from _negated_conditions(statement)

    def _pattern(self, statement: Statement) -> ActionPattern:
        """Returns the pattern of the actions that a statement could allow in addition."""
        [resource, *_] = _list(statement.get("Resource", "*"))
        if self.resource and not resource.startswith("arn:aws:s3:::"):
            resource = self.resource
        sample = resource if resource == "*" else resource.replace("*", "x")
        keys = tuple(key for _, key in _keys(statement) if not key.startswith("aws:"))
        return ActionPattern(f"{_service(statement)}:*", sample, keys)

    def _another_action(self, statement: Statement, candidates: list[str]) -> str | None:
        """Returns an action that the policy does not mention, best one that changes something."""
        if f"{_service(statement)}:*" in actions_of(statement):
            return None
        mentioned = {action for item in self.document["Statement"] for action in actions_of(item)}
        for verb in VERBS:
            for action in candidates:
                if action not in mentioned and action.split(":")[1].startswith(verb):
                    return action
        return None

    def _wider_resources(self, statement: Statement) -> Iterator[str]:
        resources = _list(statement.get("Resource", "*"))
        if not self.resource:
            if resources != ["*"]:
                yield "*"
        elif self.resource.startswith("arn:aws:s3:::") and "/" in resources[0]:
            yield resources[0].partition("/")[0] + "/*"


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def actions_of(statement: Statement) -> list[str]:
    return _list(statement["Action"])


def _service(statement: Statement) -> str:
    return min(actions_of(statement)).split(":")[0]


def _other_principals(statement: Statement) -> Iterator[tuple[str, Any]]:
    principal = statement.get("Principal")
    if principal is None or principal == "*":
        return
    if "AWS" in principal:
        accounts = [*_list(principal["AWS"]), ANOTHER_ACCOUNT]
        yield "of another account", {**principal, "AWS": accounts}
    if "Service" in principal:
        services = [*_list(principal["Service"]), ANOTHER_SERVICE]
        yield "of another service", {**principal, "Service": services}
    yield "everybody", "*"


def _without_arns(statement: Statement) -> Statement:
    """Returns the statement without the condition that restricts the ARN of its principals."""
    for operator, key in _keys(statement):
        if key == "aws:PrincipalArn":
            return _without(statement, operator, key)[0]
    return statement


def _keys(statement: Statement) -> list[tuple[str, str]]:
    """Returns the pairs of operator and condition key."""
    conditions = statement.get("Condition", {})
    return [(operator, key) for operator, keys in conditions.items() for key in keys]


def _without(statement: Statement, operator: str, key: str) -> tuple[Statement, Any]:
    """Returns the statement without a condition key, and the value of the key."""
    edited = copy.deepcopy(statement)
    value = edited["Condition"][operator].pop(key)
    if not edited["Condition"][operator]:
        del edited["Condition"][operator]
    if not edited["Condition"]:
        del edited["Condition"]
    return edited, value


def _negated_conditions(statement: Statement) -> Edits:
    for operator, key in _keys(statement):
        edited, value = _without(statement, operator, key)
        if operator in NEGATED:
            negated = NEGATED[operator]
        else:  # Bool, BoolIfExists, Null
            negated, value = operator, {"true": "false", "false": "true"}[str(value).lower()]
        edited.setdefault("Condition", {}).setdefault(negated, {})[key] = value
        yield f"{key} negated", [edited]


def _wider_conditions(statement: Statement) -> Edits:
    for operator, key in _keys(statement):
        edited, value = _without(statement, operator, key)
        yield f"without {key}", [edited]
        wider = [NAME_OF_ARN.sub("*", item) for item in _list(value)]
        if operator.startswith("Arn") and wider != _list(value):
            wide = copy.deepcopy(edited)
            wide.setdefault("Condition", {}).setdefault("ArnLike", {})[key] = wider
            yield f"{key} with any name", [wide]
    yield from _negated_conditions(statement)
