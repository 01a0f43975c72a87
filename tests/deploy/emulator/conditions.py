"""Condition keys that AWS sets and ministack lacks.

A session with the name `via-athena` represents Athena's forward access session: it has the same
role, and its requests have `aws:CalledVia`. AWS creates such sessions internally; the tests create
them with AssumeRole, as the root of the role's account.
"""

import os
from typing import Any

from ministack.core import iam_evaluator

from tests.deploy.fixtures import role_of_session

VIA_ATHENA = "via-athena"


def _organization() -> tuple[str, frozenset[str]]:
    name, _, accounts = os.environ.get("EMULATOR_ORGANIZATION", "").partition("=")
    return name, frozenset(filter(None, accounts.split(",")))


def install() -> None:
    organization, members = _organization()
    original = iam_evaluator._resolve_condition_key

    def resolve_condition_key(key: str, context: Any) -> Any:
        match key.lower():
            case "aws:principalarn":
                return role_of_session(context.principal_arn)
            case "aws:principalorgid":
                return organization if context.principal_account in members else None
            case "aws:principalisawsservice":
                return "false"
            case "aws:calledvia":
                athena = context.principal_arn.endswith("/" + VIA_ATHENA)
                return ["athena.amazonaws.com"] if athena else None
        return original(key, context)

    iam_evaluator._resolve_condition_key = resolve_condition_key
