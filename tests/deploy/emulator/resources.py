"""Resource types that ministack's CloudFormation lacks.

Each handler uses ministack's own implementation of the service, or the mock's.
"""

import copy

from ministack.services import athena, lambda_svc
from ministack.services.cloudformation import provisioners

from tests.deploy.emulator import moto_resources
from tests.deploy.emulator.failures import require_success


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
    require_success(athena._create_data_catalog(properties))
    return properties["Name"], {}


def _catalog_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    if new["Name"] != physical_id:
        created = _catalog_create(physical_id, new, stack)
        _catalog_delete(physical_id, old)
        return created
    require_success(athena._update_data_catalog(new))
    return physical_id, {}


def _catalog_delete(physical_id: str, properties: dict) -> None:
    require_success(athena._delete_data_catalog({"Name": physical_id}))


def install() -> None:
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
