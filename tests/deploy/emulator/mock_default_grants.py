"""The permissions of `IAMAllowedPrincipals` on new databases and tables of the Glue catalog.

The settings of the account define those of a database, and those of a table unless its database has
its own (`CreateTableDefaultPermissions`). A database or table that is deleted loses its grants.
"""

from typing import Any

from moto.glue.models import FakeDatabase, FakeTable, GlueBackend
from moto.lakeformation.models import LakeFormationBackend, lakeformation_backends

_original_create_database = GlueBackend.create_database
_original_create_table = GlueBackend.create_table
_original_delete_database = GlueBackend.delete_database


def _lake(glue: GlueBackend) -> LakeFormationBackend:
    return lakeformation_backends[glue.account_id][glue.region_name]


def _grant_defaults(glue: GlueBackend, defaults: list[dict], resource: dict[str, Any]) -> None:
    for default in defaults:
        _lake(glue).grant_permissions(
            catalog_id=glue.account_id,
            principal=default["Principal"],
            resource=resource,
            permissions=default["Permissions"],
            permissions_with_grant_options=[],
        )


def _create_database(
    self: GlueBackend,
    database_name: str,
    database_input: dict[str, Any],
    tags: dict[str, str] | None = None,
) -> FakeDatabase:
    database = _original_create_database(self, database_name, database_input, tags)
    settings = _lake(self).settings[self.account_id]
    defaults = settings.get("CreateDatabaseDefaultPermissions", [])
    _grant_defaults(self, defaults, {"Database": {"Name": database_name}})
    return database


def _create_table(
    self: GlueBackend,
    database_name: str,
    table_name: str,
    table_input: dict[str, Any],
    open_table_format_input: dict[str, Any] | None = None,
) -> FakeTable:
    arguments = (database_name, table_name, table_input, open_table_format_input)
    table = _original_create_table(self, *arguments)
    settings = _lake(self).settings[self.account_id]
    defaults = self.databases[database_name].input.get("CreateTableDefaultPermissions")
    if defaults is None:
        defaults = settings.get("CreateTableDefaultPermissions", [])
    _grant_defaults(self, defaults, {"Table": {"DatabaseName": database_name, "Name": table_name}})
    return table


def _delete_database(self: GlueBackend, name: str) -> None:
    _original_delete_database(self, name)
    catalog = _lake(self).grants.get(self.account_id)
    if catalog:
        kept = [item for item in catalog.permissions if not _is_in(item.resource, self, name)]
        catalog.permissions = set(kept)


def _is_in(resource: dict[str, Any], glue: GlueBackend, database: str) -> bool:
    """Returns whether an object of a grant is a database or one of its tables."""
    [(kind, value)] = resource.items()
    named = value.get("Name" if kind == "Database" else "DatabaseName")
    return named == database and value.get("CatalogId") == glue.account_id


def install() -> None:
    GlueBackend.create_database = _create_database
    GlueBackend.create_table = _create_table
    GlueBackend.delete_database = _delete_database
