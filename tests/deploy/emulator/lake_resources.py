"""Resource types of Lake Formation, recorded by the mock."""

import json
from typing import Any

from ministack.core.responses import get_account_id

from tests.deploy.emulator.failures import fail
from tests.deploy.emulator.mock_client import call, call_existing

SERVICE = "lakeformation"


def _settings_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    """Adds to the existing settings, as `MutationType: APPEND` does."""
    if properties.get("MutationType") != "APPEND":
        raise ValueError(
            "DataLakeSettings without MutationType: APPEND would replace existing administrators"
        )
    settings = call(SERVICE, "get_data_lake_settings")["DataLakeSettings"]
    for name, setting in (
        ("Admins", "DataLakeAdmins"),
        ("TrustedResourceOwners", "TrustedResourceOwners"),
    ):
        existing = settings.get(setting, [])
        added = [item for item in properties.get(name, []) if item not in existing]
        settings[setting] = existing + added
    if parameters := properties.get("Parameters"):
        given = json.loads(parameters) if isinstance(parameters, str) else parameters
        settings["Parameters"] = {**settings.get("Parameters", {}), **given}
    call(SERVICE, "put_data_lake_settings", DataLakeSettings=settings)
    return f"{stack}-{logical_id}", {}


def _settings_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    _settings_create(physical_id, new, stack)
    return physical_id, {}


def _settings_delete(physical_id: str, properties: dict) -> None:
    """Keeps the settings, as CloudFormation does for APPEND."""


def _object(properties: dict) -> dict:
    """Returns the object of a grant; a template cannot express an empty object."""
    return {
        kind: {**value, **({"TableWildcard": {}} if "TableWildcard" in value else {})}
        for kind, value in properties["Resource"].items()
    }


def _grant_id(properties: dict) -> str:
    """Returns the identifier of a grant: its principal and its object."""
    principal = properties["Principal"]["DataLakePrincipalIdentifier"]
    return f"{principal}|{json.dumps(_object(properties), sort_keys=True)}"


def _held(properties: dict) -> dict[str, list[str]]:
    """Returns the permissions that the principal has on exactly this object, and can grant."""
    wanted = {
        kind: {"CatalogId": get_account_id(), **value} if kind != "Catalog" else value
        for kind, value in _object(properties).items()
    }
    for value in wanted.values():
        if "ColumnNames" in value:
            value["ColumnNames"] = sorted(value["ColumnNames"])
    found = call(SERVICE, "list_permissions")["PrincipalResourcePermissions"]
    for grant in found:
        if grant["Principal"] == properties["Principal"] and grant["Resource"] == wanted:
            return {
                "Permissions": grant["Permissions"],
                "PermissionsWithGrantOption": grant["PermissionsWithGrantOption"],
            }
    return {}


def _grant_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    if "TableWithColumns" in properties["Resource"] and _held(properties):
        fail("AlreadyExistsException", f"Resource {_grant_id(properties)} already exists")
    _grant(properties)
    return _grant_id(properties), {}


def _grant(properties: dict) -> None:
    call(
        SERVICE,
        "grant_permissions",
        Principal=properties["Principal"],
        Resource=_object(properties),
        Permissions=properties["Permissions"],
        PermissionsWithGrantOption=properties["PermissionsWithGrantOption"],
    )


def _grant_delete(physical_id: str, properties: dict) -> None:
    """Revokes everything that the principal has on the object, whoever has granted it."""
    if held := _held(properties):
        call(
            SERVICE,
            "revoke_permissions",
            Principal=properties["Principal"],
            Resource=_object(properties),
            **held,
        )


def _grant_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    """Replaces the grant, as every property requires. The engine then deletes the old one."""
    if _grant_id(new) != physical_id:
        return _grant_create(physical_id, new, stack)
    # CloudFormation creates the new grant and then deletes the old one, which is the same object.
    fail("AlreadyExists", f"Resource {physical_id} already exists; a grant cannot be changed")


def _registration(properties: dict) -> dict[str, Any]:
    names = (
        "ResourceArn",
        "UseServiceLinkedRole",
        "RoleArn",
        "WithFederation",
        "HybridAccessEnabled",
    )
    given = {name: properties[name] for name in names if name in properties}
    # A parameter of a template is a string.
    return {
        name: value == "true" if value in ("true", "false") else value
        for name, value in given.items()
    }


def _location_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    call(SERVICE, "register_resource", **_registration(properties))
    return properties["ResourceArn"], {}


def _location_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    """Edits the registration; another location is another resource."""
    if new["ResourceArn"] != physical_id:
        return _location_create(physical_id, new, stack)
    changes = _registration(new)
    if changes.pop("UseServiceLinkedRole", False):
        fail(
            "InvalidInputException",
            f"The registration of {physical_id} with a service-linked role cannot be edited; "
            "deregister the location first",
        )
    call(SERVICE, "update_resource", **changes)
    return physical_id, {}


def _location_delete(physical_id: str, properties: dict) -> None:
    call_existing(SERVICE, "deregister_resource", ResourceArn=physical_id)


HANDLERS: dict[str, dict] = {
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
    "AWS::LakeFormation::Resource": {
        "create": _location_create,
        "update": _location_update,
        "delete": _location_delete,
    },
}
