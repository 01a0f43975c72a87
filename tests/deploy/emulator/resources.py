"""Resource types that ministack's CloudFormation lacks, or creates where CloudFormation would fail.

Each handler uses ministack's own implementation of the service, or the mock's.
"""

import copy

from ministack.services import athena, iam, lambda_svc
from ministack.services.cloudformation import provisioners

from tests.deploy.emulator import moto_resources


def _require_success(response: tuple) -> None:
    status, _, body = response
    if status >= 400:
        raise ValueError(body.decode() if isinstance(body, bytes) else body)


def _put_policy(arn: str, document: dict) -> None:
    name = lambda_svc._resolve_request_scoped_name(arn)
    if name not in lambda_svc._functions:
        raise ValueError(f"function {arn} does not exist")
    lambda_svc._functions[name]["policy"] = copy.deepcopy(document)


def _resource_policy_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    _put_policy(properties["ResourceArn"], properties["PolicyDocument"])
    return properties["ResourceArn"], {}


def _resource_policy_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    return _resource_policy_create(physical_id, new, stack)


def _resource_policy_delete(physical_id: str, properties: dict) -> None:
    name = lambda_svc._resolve_request_scoped_name(physical_id)
    if name in lambda_svc._functions:
        lambda_svc._functions[name]["policy"] = {
            "Version": "2012-10-17",
            "Id": "default",
            "Statement": [],
        }


def _catalog_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    _require_success(athena._create_data_catalog(properties))
    return properties["Name"], {}


def _catalog_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    if new["Name"] != physical_id:
        created = _catalog_create(physical_id, new, stack)
        _catalog_delete(physical_id, old)
        return created
    _require_success(athena._update_data_catalog(new))
    return physical_id, {}


def _catalog_delete(physical_id: str, properties: dict) -> None:
    _require_success(athena._delete_data_catalog({"Name": physical_id}))


def _managed_policy_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    """Fails if a role does not exist, which ministack ignores."""
    for name in properties.get("Roles", []):
        if name not in iam._roles:
            raise ValueError(f"The role with name {name} cannot be found.")
    return provisioners._iam_managed_policy_create(logical_id, properties, stack)


def install() -> None:
    provisioners._RESOURCE_HANDLERS["AWS::IAM::ManagedPolicy"]["create"] = _managed_policy_create
    provisioners._RESOURCE_HANDLERS |= {
        "AWS::Lambda::ResourcePolicy": {
            "create": _resource_policy_create,
            "update": _resource_policy_update,
            "delete": _resource_policy_delete,
        },
        "AWS::Athena::DataCatalog": {
            "create": _catalog_create,
            "update": _catalog_update,
            "delete": _catalog_delete,
        },
        **moto_resources.HANDLERS,
    }
