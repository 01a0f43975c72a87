"""The permissions of the caller of a stack operation on a data source of Quick.

CloudFormation calls Quick with the credentials of the principal that has created, updated or
deleted the stack, so that principal needs each action of the type's handler, and `iam:PassRole` on
the role of the data source. The operation runs in a task of ministack with the context of its
request, from which this module takes the access key. The root of an account is always allowed.
"""

from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import iam

from tests.deploy.emulator.failures import fail
from tests.deploy.emulator.quicksight_actions import (
    ACTIONS,
    ON_FOLDERS,
    WITHOUT_RESOURCE_TYPES,
)

_access_key: ContextVar[str] = ContextVar("access_key", default="")


def _require(action: str, resource: str, **context: str | None) -> None:
    """Fails the resource if the caller's policies do not allow the action."""
    account = get_account_id()
    principal = iam_evaluator.resolve_principal(_access_key.get(), account)
    if isinstance(principal, iam_evaluator.AuthError):
        fail("InvalidRequest", principal.message)
    if principal.policies is None:  # the root
        return
    request = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context={"aws:tagkeys": None, **context},
        principal_keys=principal.keys,
    )
    result = iam_evaluator.evaluate(request, principal.policies, *principal.limits)
    if result.decision != "Allow":
        fail(
            "AccessDenied",
            f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource}",
        )


def _resources(action: str, properties: dict) -> list[str]:
    """Returns the resources of an action. Without folders, an action on folders has them all."""
    if action in WITHOUT_RESOURCE_TYPES:
        return ["*"]
    prefix = f"arn:aws:quicksight:{get_region()}:{properties['AwsAccountId']}"
    if action in ON_FOLDERS:
        return properties.get("FolderArns") or [f"{prefix}:folder/*"]
    return [f"{prefix}:datasource/{properties['DataSourceId']}"]


def require_permissions(handler: str, properties: dict) -> None:
    """Fails the resource if the caller lacks an action of a handler: create, update or delete."""
    for action in ACTIONS[handler]:
        for resource in _resources(action, properties):
            _require(action, resource)


def require_pass_role(properties: dict) -> None:
    """Fails the resource if the caller cannot pass the role of the data source to Quick."""
    parameters = properties.get("DataSourceParameters", {}).get("AthenaParameters", {})
    arn = parameters.get("RoleArn")
    if arn is None:
        return
    if arn.split(":")[4] != get_account_id():
        fail("AccessDenied", f"Cross-account pass role is not allowed: {arn}")
    if arn not in [role["Arn"] for role in iam._roles.values()]:
        fail("InvalidRequest", f"Role {arn} does not exist; create it before the data source")
    _require("iam:PassRole", arn, **{"iam:passedtoservice": "quicksight.amazonaws.com"})


def install() -> None:
    original = iam_evaluator.pin_request_caller

    def pin_request_caller(headers: dict, query_params: dict | None = None) -> Any:
        _access_key.set(extract_access_key_id(headers, query_params or {}))
        return original(headers, query_params)

    iam_evaluator.pin_request_caller = pin_request_caller
