"""Properties of functions and roles that ministack's CloudFormation drops."""

from collections.abc import Callable
from typing import Any

from ministack.services import iam, lambda_svc
from ministack.services.cloudformation import provisioners


def _set_of_function(name: str, properties: dict[str, Any]) -> None:
    function = lambda_svc._functions[name]
    function["config"]["VpcConfig"] = lambda_svc._vpc_config_with_id(properties.get("VpcConfig"))
    reserved = properties.get("ReservedConcurrentExecutions")
    function["concurrency"] = None if reserved is None else int(reserved)


def _set_of_role(name: str, properties: dict[str, Any]) -> None:
    iam._roles[name]["PermissionsBoundary"] = properties.get("PermissionsBoundary")


def _keep(kind: str, keep: Callable[[str, dict[str, Any]], None]) -> None:
    handlers = provisioners._RESOURCE_HANDLERS[kind]
    create, update = handlers["create"], handlers["update"]

    def created(logical_id: str, properties: dict, *arguments: Any) -> tuple[str, dict]:
        name, attributes = create(logical_id, properties, *arguments)
        keep(name, properties)
        return name, attributes

    # ministack passes the logical id to handlers with a fifth parameter.
    def updated(
        physical_id: str, old: dict, new: dict, stack: str, logical_id: str | None = None
    ) -> tuple[str, dict]:
        name, attributes = update(physical_id, old, new, stack, logical_id)
        keep(name, new)
        return name, attributes

    handlers |= {"create": created, "update": updated}


def install() -> None:
    _keep("AWS::Lambda::Function", _set_of_function)
    _keep("AWS::IAM::Role", _set_of_role)
