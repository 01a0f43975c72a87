"""The data source of Quick as a resource type, recorded by the mock.

Each handler requires the permissions that CloudFormation needs, see `quicksight_permissions`.
"""

from tests.deploy.emulator.mock_client import call, call_existing
from tests.deploy.emulator.quicksight_permissions import require_pass_role, require_permissions

SERVICE = "quicksight"


def _names(properties: dict) -> dict[str, str]:
    return {name: properties[name] for name in ("AwsAccountId", "DataSourceId")}


def _create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    require_permissions("create", properties)
    require_pass_role(properties)
    call(SERVICE, "create_data_source", **properties)
    source = call(SERVICE, "describe_data_source", **_names(properties))["DataSource"]
    return properties["DataSourceId"], {"Arn": source["Arn"], "Status": source["Status"]}


def _update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    if _names(new) != _names(old) or new.get("Type") != old.get("Type"):
        return _create(physical_id, new, stack)
    require_permissions("update", new)
    require_pass_role(new)
    updatable = (
        "Name",
        "DataSourceParameters",
        "Credentials",
        "VpcConnectionProperties",
        "SslProperties",
    )
    given = {name: new[name] for name in updatable if name in new}
    response = call(SERVICE, "update_data_source", **_names(new), **given)
    _update_permissions(old, new)
    return physical_id, {"Arn": response["Arn"]}


def _update_permissions(old: dict, new: dict) -> None:
    before, after = (properties.get("Permissions", []) for properties in (old, new))
    kept = {permission["Principal"] for permission in after}
    revoked = [permission for permission in before if permission["Principal"] not in kept]
    changes = {"GrantPermissions": [item for item in after if item not in before]}
    changes["RevokePermissions"] = revoked
    changes = {name: permissions for name, permissions in changes.items() if permissions}
    if changes:
        call(SERVICE, "update_data_source_permissions", **_names(new), **changes)


def _delete(physical_id: str, properties: dict) -> None:
    require_permissions("delete", properties)
    call_existing(SERVICE, "delete_data_source", **_names(properties))


HANDLERS: dict[str, dict] = {
    "AWS::QuickSight::DataSource": {"create": _create, "update": _update, "delete": _delete},
}
