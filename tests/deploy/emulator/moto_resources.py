"""Resource types that the mock (moto) records: of Lake Formation and Quick, and Glue databases.

Each handler calls the operation that CloudFormation calls. botocore validates the parameters by the
model of the service, and the mock records the result; it enforces no permissions.
"""

import os
from typing import Any

import botocore.session
from botocore.exceptions import ClientError, ParamValidationError
from ministack.core.responses import get_account_id, get_region


def _client(service: str) -> Any:
    """Returns a client of the mock that acts as the account of the current request."""
    account = get_account_id()
    session = botocore.session.Session()
    client = session.create_client(
        service,
        region_name=get_region(),
        endpoint_url=os.environ["EMULATOR_MOCK"],
        aws_access_key_id=account,
        aws_secret_access_key="test",
        verify=False,
    )

    def add_account(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    client.meta.events.register("before-sign.*.*", add_account)
    return client


def _call(service: str, operation: str, **parameters: Any) -> dict:
    try:
        return getattr(_client(service), operation)(**parameters)
    except (ClientError, ParamValidationError) as error:
        # ministack reports a ValueError as a failed resource.
        raise ValueError(str(error)) from error


def _settings_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    """Adds to the existing settings, as `MutationType: APPEND` does."""
    if properties.get("MutationType") != "APPEND":
        raise ValueError(
            "DataLakeSettings without MutationType: APPEND would replace existing administrators"
        )
    settings = _call("lakeformation", "get_data_lake_settings")["DataLakeSettings"]
    admins = settings.get("DataLakeAdmins", [])
    admins += [admin for admin in properties.get("Admins", []) if admin not in admins]
    settings |= {
        "DataLakeAdmins": admins,
        "Parameters": {**settings.get("Parameters", {}), **properties.get("Parameters", {})},
    }
    owners = properties.get("TrustedResourceOwners")
    if owners:
        settings["TrustedResourceOwners"] = owners
    _call("lakeformation", "put_data_lake_settings", DataLakeSettings=settings)
    return f"{stack}-{logical_id}", {}


def _settings_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    _settings_create(physical_id, new, stack)
    return physical_id, {}


def _settings_delete(physical_id: str, properties: dict) -> None:
    """Keeps the settings, as CloudFormation does for APPEND."""


def _grant(properties: dict) -> dict:
    resource = {
        kind: {**value, **({"TableWildcard": {}} if "TableWildcard" in value else {})}
        for kind, value in properties["Resource"].items()
    }
    return {
        "Principal": properties["Principal"],
        "Resource": resource,
        "Permissions": properties["Permissions"],
        "PermissionsWithGrantOption": properties["PermissionsWithGrantOption"],
    }


def _grant_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    _call("lakeformation", "grant_permissions", **_grant(properties))
    return f"{stack}-{logical_id}", {}


def _grant_delete(physical_id: str, properties: dict) -> None:
    _call("lakeformation", "revoke_permissions", **_grant(properties))


def _grant_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    _grant_delete(physical_id, old)
    return _grant_create(physical_id, new, stack)


def _location_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    arn = properties["ResourceArn"]
    _call("lakeformation", "register_resource", ResourceArn=arn, UseServiceLinkedRole=True)
    return arn, {}


def _location_delete(physical_id: str, properties: dict) -> None:
    _call("lakeformation", "deregister_resource", ResourceArn=physical_id)


def _source_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    response = _call("quicksight", "create_data_source", **properties)
    return properties["DataSourceId"], {"Arn": response["Arn"]}


def _source_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    updatable = ("AwsAccountId", "DataSourceId", "Name", "DataSourceParameters")
    response = _call("quicksight", "update_data_source", **{key: new[key] for key in updatable})
    return physical_id, {"Arn": response["Arn"]}


def _source_delete(physical_id: str, properties: dict) -> None:
    _call(
        "quicksight",
        "delete_data_source",
        AwsAccountId=properties["AwsAccountId"],
        DataSourceId=physical_id,
    )


def _database_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    """Creates a database in the mock, because ministack drops the target of a link."""
    _call("glue", "create_database", DatabaseInput=properties["DatabaseInput"])
    return properties["DatabaseInput"]["Name"], {}


def _database_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    _call("glue", "update_database", Name=physical_id, DatabaseInput=new["DatabaseInput"])
    return physical_id, {}


def _database_delete(physical_id: str, properties: dict) -> None:
    _call("glue", "delete_database", Name=physical_id)


HANDLERS: dict[str, dict] = {
    "AWS::Glue::Database": {
        "create": _database_create,
        "update": _database_update,
        "delete": _database_delete,
    },
    "AWS::LakeFormation::DataLakeSettings": {
        "create": _settings_create,
        "update": _settings_update,
        "delete": _settings_delete,
    },
    "AWS::LakeFormation::PrincipalPermissions": {
        "create": _grant_create,
        "update": _grant_update,
        "delete": _grant_delete,
    },
    "AWS::LakeFormation::Resource": {"create": _location_create, "delete": _location_delete},
    "AWS::QuickSight::DataSource": {
        "create": _source_create,
        "update": _source_update,
        "delete": _source_delete,
    },
}
