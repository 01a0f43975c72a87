"""Refusals of Lake Formation that moto lacks: of grants, revocations, registrations and settings.

A grant is identified by its catalog, principal and object. Objects are stored with their
`CatalogId`, as AWS lists them.
"""

import json
from collections.abc import Iterator
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.glue.models import glue_backends
from moto.lakeformation import urls
from moto.lakeformation.exceptions import InvalidInput
from moto.lakeformation.models import (
    LakeFormationBackend,
    Permission,
    Resource,
    lakeformation_backends,
)
from moto.lakeformation.responses import LakeFormationResponse

ALLOWED_PRINCIPALS = "IAM_ALLOWED_PRINCIPALS"
SERVICE_LINKED_ROLE = (
    "role/aws-service-role/lakeformation.amazonaws.com/AWSServiceRoleForLakeFormationDataAccess"
)
VERSION = "CROSS_ACCOUNT_VERSION"
VERSIONS = ("1", "2", "3", "4", "5")
KINDS = {
    "CATALOG": ("Catalog",),
    "DATABASE": ("Database",),
    "TABLE": ("Table", "TableWithColumns"),
    "DATA_LOCATION": ("DataLocation",),
}


def _identified(resource: dict[str, Any], catalog: str) -> dict[str, Any]:
    """Returns an object with its `CatalogId`, and with sorted columns."""
    [(kind, value)] = resource.items()
    if kind in ("Database", "Table", "TableWithColumns", "DataLocation"):
        value = {"CatalogId": catalog, **value}
    if "ColumnNames" in value:
        value = {**value, "ColumnNames": sorted(value["ColumnNames"])}
    return {kind: value}


def _is_external(principal: str, account: str) -> bool:
    """Returns whether a principal belongs to another account, or is an organization or unit."""
    if principal.isdigit():
        return principal != account
    parts = principal.split(":")
    if len(parts) < 6:
        return False
    return parts[2] == "organizations" or (parts[2] == "iam" and parts[4] != account)


def grants(backend: LakeFormationBackend, catalog: str) -> list[Permission]:
    """Returns the grants in the catalog of an account."""
    return list(backend.grants[catalog].permissions) if catalog in backend.grants else []


def shares_resources(account: str, region: str) -> bool:
    """Returns whether an account has granted permissions to other accounts."""
    found = grants(lakeformation_backends[account][region], account)
    return any(
        _is_external(grant.principal["DataLakePrincipalIdentifier"], account)
        and any(value.get("CatalogId") == account for value in grant.resource.values())
        for grant in found
    )


def _require_existing(backend: LakeFormationBackend, resource: dict[str, Any]) -> None:
    """Refuses a grant on a database or table that does not exist."""
    [(kind, value)] = resource.items()
    if kind not in ("Database", "Table", "TableWithColumns"):
        return
    databases = glue_backends[value["CatalogId"]][backend.region_name].databases
    database = databases.get(value["Name"] if kind == "Database" else value["DatabaseName"])
    missing = "Database" if database is None else None
    if database is not None and kind != "Database" and "TableWildcard" not in value:
        missing = None if value["Name"] in database.tables else "Table"
    if missing:
        raise JsonRESTError("EntityNotFoundException", f"{missing} not found.")


def _overlaps(granted: dict[str, Any], resource: dict[str, Any]) -> bool:
    """Returns whether two objects are the same database, or have a table in common."""
    [(kind, value)], [(other_kind, other)] = granted.items(), resource.items()
    if "Database" in (kind, other_kind):
        return granted == resource
    tables = ("Table", "TableWithColumns")
    if kind not in tables or other_kind not in tables:
        return False
    same_database = all(value[name] == other[name] for name in ("CatalogId", "DatabaseName"))
    wildcard = "TableWildcard" in value or "TableWildcard" in other
    return same_database and (wildcard or value["Name"] == other["Name"])


def _is_hybrid(backend: LakeFormationBackend, resource: dict[str, Any]) -> bool:
    """Returns whether the objects of a database are registered in hybrid access mode."""
    [(kind, value)] = resource.items()
    name = value["Name"] if kind == "Database" else value["DatabaseName"]
    database = glue_backends[value["CatalogId"]][backend.region_name].databases[name]
    inputs = [database.input, *(_table_input(table) for table in database.tables.values())]
    locations = [
        (item.get("LocationUri") or item.get("StorageDescriptor", {}).get("Location") or "")
        for item in inputs
    ]
    hybrid = [
        registered.arn.removeprefix("arn:aws:s3:::").rstrip("/") + "/"
        for registered in backend.resources.values()
        if getattr(registered, "hybrid", False)
    ]
    keys = [location.removeprefix("s3://").rstrip("/") + "/" for location in locations]
    return any(key.startswith(prefix) for key in keys for prefix in hybrid)


def _table_input(table: Any) -> dict[str, Any]:
    return table.versions[str(table._current_version)]


def _grant(
    self: LakeFormationBackend,
    catalog_id: str,
    principal: dict[str, str],
    resource: dict[str, Any],
    permissions: list[str],
    permissions_with_grant_options: list[str],
) -> None:
    resource = _identified(resource, catalog_id)
    _require_existing(self, resource)
    [(kind, value)] = resource.items()
    name = principal["DataLakePrincipalIdentifier"]
    if kind in ("Database", "Table", "TableWithColumns") and _is_external(name, self.account_id):
        blocking = [
            grant
            for grant in grants(self, catalog_id)
            if grant.principal["DataLakePrincipalIdentifier"] == ALLOWED_PRINCIPALS
            and _overlaps(grant.resource, resource)
        ]
        if blocking and not _is_hybrid(self, resource):
            raise InvalidInput(
                f"Cannot grant permissions on {json.dumps(blocking[0].resource)} to an external "
                "account while IAMAllowedPrincipals has permissions on it. Revoke them first, or "
                "register the location in hybrid access mode."
            )
    _original_grant(
        self,
        catalog_id=catalog_id,
        principal=principal,
        resource=resource,
        permissions=permissions,
        permissions_with_grant_options=permissions_with_grant_options,
    )


def _revoke(
    self: LakeFormationBackend,
    catalog_id: str,
    principal: dict[str, str],
    resource: dict[str, Any],
    permissions_to_revoke: list[str],
    permissions_with_grant_options_to_revoke: list[str],
) -> None:
    resource = _identified(resource, catalog_id)
    held = [
        grant
        for grant in grants(self, catalog_id)
        if grant.principal == principal and grant.resource == resource
    ]
    permissions = held[0].permissions if held else []
    options = held[0].permissions_with_grant_options if held else []
    missing = [item for item in permissions_to_revoke or [] if item not in permissions]
    missing += [
        f"{item} with grant option"
        for item in permissions_with_grant_options_to_revoke or []
        if item not in options
    ]
    if missing or not held:
        raise InvalidInput(f"No permissions revoked. Grantee does not have: [{', '.join(missing)}]")
    revoked = Permission(
        principal,
        resource,
        permissions_to_revoke or [],
        permissions_with_grant_options_to_revoke or [],
    )
    held[0].diff(revoked)
    # moto's set does not find a grant that was merged with another.
    self.grants[catalog_id].permissions = {
        grant for grant in grants(self, catalog_id) if not grant.is_empty()
    }


def _matches(granted: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Returns whether a list of an object's permissions includes a grant.

    The list of a table includes the grants on its columns.
    """
    if granted == wanted:
        return True
    table, columns = wanted.get("Table"), granted.get("TableWithColumns")
    if not table or not columns:
        return False
    return all(table.get(key) == columns[key] for key in ("CatalogId", "DatabaseName", "Name"))


def _list(self: LakeFormationResponse) -> str:
    catalog = self._get_param("CatalogId") or self.current_account
    principal, resource = self._get_param("Principal"), self._get_param("Resource")
    kinds = self._get_param("ResourceType")
    if principal is not None and resource is None:
        raise InvalidInput("Resource is mandatory if Principal is set in the input.")
    if resource is not None and "TableWithColumns" in resource:
        raise InvalidInput("List permissions of a table instead of its columns.")
    found: Iterator[Permission] = iter(grants(self.lakeformation_backend, catalog))
    if principal is not None:
        found = (grant for grant in found if grant.principal == principal)
    if resource is not None:
        wanted = _identified(resource, catalog)
        found = (grant for grant in found if _matches(grant.resource, wanted))
    if kinds is not None:
        found = (grant for grant in found if grant.resource.keys() & set(KINDS[kinds]))
    listed = [
        {
            "Principal": grant.principal,
            "Resource": grant.resource,
            "Permissions": sorted(grant.permissions),
            "PermissionsWithGrantOption": sorted(grant.permissions_with_grant_options),
        }
        for grant in found
    ]
    return json.dumps({"PrincipalResourcePermissions": listed})


def _put_settings(self: LakeFormationBackend, catalog_id: str, settings: dict[str, Any]) -> None:
    """Replaces the settings. Without parameters they keep the version; 5 cannot be reverted."""
    existing = self.settings[catalog_id].get("Parameters", {})
    parameters = settings.get("Parameters", {})
    unknown = [name for name in parameters if name not in (VERSION, "SET_CONTEXT")]
    if unknown:
        raise InvalidInput(f"Valid Parameters Keys are: [{VERSION}], but found: {unknown}")
    version = parameters.get(VERSION, existing.get(VERSION))
    if version is not None and version not in VERSIONS:
        raise InvalidInput(f"Invalid {VERSION} {version}: it must be one of {VERSIONS}")
    if existing.get(VERSION) == "5" and version != "5":
        raise InvalidInput(f"{VERSION} cannot be changed from 5 to {version}")
    kept = {**settings, "Parameters": {**existing, **parameters}}
    _original_put_settings(self, catalog_id, kept)


def _register(self: LakeFormationResponse) -> str:
    arn = self._get_param("ResourceArn")
    linked, role = self._get_param("UseServiceLinkedRole"), self._get_param("RoleArn")
    if linked and role:
        raise InvalidInput("RoleArn and UseServiceLinkedRole are mutually exclusive.")
    if linked:
        role = f"arn:aws:iam::{self.current_account}:{SERVICE_LINKED_ROLE}"
    if not role:
        raise InvalidInput("Either RoleArn or UseServiceLinkedRole is required.")
    backend = self.lakeformation_backend
    backend.register_resource(resource_arn=arn, role_arn=role)
    registered: Any = backend.resources[arn]
    registered.linked = bool(linked)
    registered.hybrid = bool(self._get_param("HybridAccessEnabled"))
    registered.federated = bool(self._get_param("WithFederation"))
    return "{}"


def _update_resource(self: LakeFormationResponse) -> str:
    arn = self._get_param("ResourceArn")
    registered: Any = self.lakeformation_backend.describe_resource(resource_arn=arn)
    if registered.linked:
        raise InvalidInput(
            "The registration of a location with a service-linked role cannot be edited."
        )
    registered.role_arn = self._get_param("RoleArn")
    registered.hybrid = bool(self._get_param("HybridAccessEnabled"))
    registered.federated = bool(self._get_param("WithFederation"))
    return "{}"


def _resource_dict(self: Any) -> dict[str, Any]:
    return {
        "ResourceArn": self.arn,
        "RoleArn": self.role_arn,
        "HybridAccessEnabled": getattr(self, "hybrid", False),
        "WithFederation": getattr(self, "federated", False),
    }


_original_grant = LakeFormationBackend.grant_permissions
_original_put_settings = LakeFormationBackend.put_data_lake_settings


def install() -> None:
    LakeFormationBackend.grant_permissions = _grant
    LakeFormationBackend.revoke_permissions = _revoke
    LakeFormationBackend.put_data_lake_settings = _put_settings
    LakeFormationResponse.list_permissions = _list
    LakeFormationResponse.register_resource = _register
    LakeFormationResponse.update_resource = _update_resource
    Resource.to_dict = _resource_dict
    urls.url_paths["{0}/UpdateResource$"] = urls.response.dispatch
