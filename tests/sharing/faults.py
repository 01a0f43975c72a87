"""Faults to plant in the baseline environment, each with the exact findings of the doctor."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.sharing.environment import (
    ANALYST,
    PREFIX,
    State,
)

INVOKE, READ, LIST = "lambda:InvokeFunction", "s3:GetObject", "s3:ListBucket"
LOCATE, PUT = "s3:GetBucketLocation", "s3:PutObject"
DECRYPT, DATA_KEY = "kms:Decrypt", "kms:GenerateDataKey"

Change = Callable[[State], None]
Finding = tuple[str, str]  # check and subject, as in the doctor's report


@dataclass(frozen=True)
class Fault:
    name: str
    plant: Change
    mentions: str  # text in the findings
    findings: list[Finding]  # all of them: a missing one is an error, and so is an additional one


def set_members(**members: Any) -> Change:
    """Returns a change to members of the state."""
    return lambda state: state.update(copy.deepcopy(members))


def remove(policy: str, sid: str) -> Change:
    """Returns a change that removes a statement."""
    return lambda state: state.update(
        {policy: [statement for statement in state[policy] if statement["Sid"] != sid]}
    )


def replace(policy: str, sid: str, **members: Any) -> Change:
    """Returns a change to members of a statement."""

    def change(state: State) -> None:
        for statement in state[policy]:
            if statement["Sid"] == sid:
                statement.update(copy.deepcopy(members))

    return change


def condition(policy: str, sid: str, operator: str, key: str, value: str) -> Change:
    """Returns a change that sets one condition of a statement."""

    def change(state: State) -> None:
        for statement in state[policy]:
            if statement["Sid"] == sid:
                statement.setdefault("Condition", {}).setdefault(operator, {})[key] = value

    return change


def permission(**members: str) -> Change:
    """Returns a change to the function's permission."""
    base = {"StatementId": "Analyst", "Principal": ANALYST}
    return set_members(permissions=[base | members])


def spill_location(bucket: str, prefix: str = PREFIX) -> Change:
    """Returns a change to the function's environment variables."""
    return set_members(environment={"spill_bucket": bucket, "spill_prefix": prefix})
