"""Condition keys of a call that AWS fills in and ministack leaves out.

A session whose name is `via-athena` stands for the one that Athena makes for its caller: it is the same role, and its calls
carry `aws:CalledVia`. AWS makes such a session inside; here the tests make it with AssumeRole, as the role's account.
"""

import os
from typing import Any

from ministack.core import iam_evaluator

VIA_ATHENA = "via-athena"


def _organization() -> tuple[str, frozenset[str]]:
    name, _, accounts = os.environ.get("STANDIN_ORGANIZATION", "").partition("=")
    return name, frozenset(filter(None, accounts.split(",")))


def _role_of(arn: str) -> str:
    """The role of a session; any other principal as it is."""
    head, separator, rest = arn.partition(":assumed-role/")
    if not separator:
        return arn
    return head.replace(":sts:", ":iam:") + ":role/" + rest.split("/")[0]


def install() -> None:
    organization, members = _organization()
    known = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: Any) -> Any:
        match key.lower():
            case "aws:principalarn":
                return _role_of(context.principal_arn)
            case "aws:principalorgid":
                return organization if context.principal_account in members else None
            case "aws:principalisawsservice":
                return "false"
            case "aws:calledvia":
                athena = context.principal_arn.endswith("/" + VIA_ATHENA)
                return ["athena.amazonaws.com"] if athena else None
        return known(key, context)

    iam_evaluator._resolve_condition_key = resolve
