"""Names that exist, and contents that remain, in resource types of CloudFormation other than IAM's.

CloudFormation's create handlers fail if the resource exists, where several of ministack's replace
it, and its delete handlers fail where the service refuses. Names that CloudFormation generates are
not checked, because ministack generates the same ones again.
"""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import (
    athena,
    cloudformation,
    cloudwatch,
    cloudwatch_logs,
    eventbridge,
    kms,
    lambda_svc,
    s3,
    sns,
    ssm,
)
from ministack.services.cloudformation import provisioners, stacks

from tests.deploy.emulator.failures import fail, require_success

_Exists = Callable[[str, dict], bool]


def _rule_exists(name: str, properties: dict) -> bool:
    bus = provisioners._eb_rule_bus_name(properties)
    return eventbridge._rule_key(name, bus) in eventbridge._rules


def _topic_exists(name: str, properties: dict) -> bool:
    return f"arn:aws:sns:{get_region()}:{get_account_id()}:{name}" in sns._topics


# By resource type: the property with the name, and whether that name exists.
NAMED: dict[str, tuple[str, _Exists]] = {
    "AWS::CloudWatch::Alarm": ("AlarmName", lambda name, _: name in cloudwatch._alarms),
    "AWS::Events::Rule": ("Name", _rule_exists),
    "AWS::KMS::Alias": ("AliasName", lambda name, _: kms._alias_arn(name) in kms._aliases),
    "AWS::Lambda::Function": ("FunctionName", lambda name, _: name in lambda_svc._functions),
    "AWS::Logs::LogGroup": (
        "LogGroupName",
        lambda name, _: name in cloudwatch_logs._log_groups,
    ),
    "AWS::SNS::Topic": ("TopicName", _topic_exists),
    "AWS::SSM::Parameter": ("Name", lambda name, _: name in ssm._parameters),
}


def _refusing_existing(kind: str, create: Callable[..., tuple]) -> Callable[..., tuple]:
    """Returns a create handler that fails if the name exists."""
    name_property, exists = NAMED[kind]

    def create_new(logical_id: str, properties: dict, stack: str) -> tuple:
        name = properties.get(name_property)
        if name and exists(name, properties):
            message = f"Resource of type '{kind}' with identifier '{name}' already exists."
            fail("AlreadyExists", message)
        return create(logical_id, properties, stack)

    return create_new


def _delete_bucket(physical_id: str, properties: dict) -> None:
    if physical_id in s3._buckets:
        require_success(s3._delete_bucket(physical_id))


def _delete_work_group(request: dict) -> tuple:
    """Deletes a workgroup; its queries count as contents unless the deletion is recursive."""
    name = request.get("WorkGroup", "")
    if name not in athena._workgroups:
        message = f"WorkGroup {name} is not found."
    elif not request.get("RecursiveDeleteOption") and _has_queries(name):
        message = f"WorkGroup {name} is not empty"
    else:
        return _original_delete_work_group(request)
    return error_response_json("InvalidRequestException", message, 400)


def _has_queries(work_group: str) -> bool:
    queries = [*athena._executions.values(), *athena._named_queries.values()]
    return any(query.get("WorkGroup") == work_group for query in queries)


def _delete_work_group_resource(physical_id: str, properties: dict) -> None:
    if physical_id not in athena._workgroups:
        return
    recursive = str(properties.get("RecursiveDeleteOption", False)).lower() == "true"
    request = {"WorkGroup": physical_id, "RecursiveDeleteOption": recursive}
    require_success(_delete_work_group(request))


def _resolve_outputs(*arguments: Any) -> tuple[list, dict]:
    """Resolves the outputs of a stack; fails if another stack has an export of the same name."""
    outputs, exports = _original_resolve_outputs(*arguments)
    for name, export in exports.items():
        existing = cloudformation._exports.get(name)
        if existing and existing["StackId"] != export["StackId"]:
            owner = existing["StackId"].split("/")[1]
            raise ValueError(f"Export with name {name} is already exported by stack {owner}")
    return outputs, exports


_original_delete_work_group = athena._delete_workgroup
_original_resolve_outputs = stacks._resolve_stack_outputs


def install() -> None:
    handlers = provisioners._RESOURCE_HANDLERS
    for kind in NAMED:
        handlers[kind]["create"] = _refusing_existing(kind, handlers[kind]["create"])
    handlers["AWS::S3::Bucket"]["delete"] = _delete_bucket
    handlers["AWS::Athena::WorkGroup"]["delete"] = _delete_work_group_resource
    athena._delete_workgroup = _delete_work_group
    stacks._resolve_stack_outputs = _resolve_outputs
