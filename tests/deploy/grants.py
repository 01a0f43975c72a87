"""Rows of the access-control matrix about Lake Formation, evaluated by a model.

The state is read from the mock. An operation is `describe`, `select(COLUMNS)`, optionally with
`join connector`, or `grant(PERMISSION to TARGET)`, with `grantable` for the grant option. The
context of a row changes the state.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.fixtures import Principal
from tests.deploy.lake_formation import (
    EVERY_TABLE,
    IAM_ALLOWED,
    Grant,
    GrantRequest,
    Lake,
    Link,
    Resource,
    organizations_of,
)
from tests.deploy.matrix import Outcome
from tests.deploy.rows import CASES

# Data lake administrators by short name. Those of C, E and X have no stack; the model assumes them.
ADMINISTRATORS = {
    "ProducerAdmin": f"arn:aws:iam::{fixtures.A}:role/OwnerAdmin",
    "LakeAdminB": f"arn:aws:iam::{fixtures.B}:role/LakeAdmin",
    "LakeAdminC": f"arn:aws:iam::{fixtures.C}:role/LakeAdmin",
    "LakeAdminE": f"arn:aws:iam::{fixtures.RISK}:role/LakeAdmin",
    "LakeAdminX": f"arn:aws:iam::{fixtures.UNRELATED}:role/LakeAdmin",
}
ASSUMED = ("LakeAdminC", "LakeAdminE", "LakeAdminX")
ACCOUNTS = {"A": fixtures.A, "B": fixtures.B, "C": fixtures.C, "E": fixtures.RISK}
DEFAULT_VERSION = 4  # of an account whose version no stack has set
IAM_ALLOWED_IDENTIFIER = "IAM_ALLOWED_PRINCIPALS"


def read_lake(a: Account, b: Account) -> Lake:
    """Returns the grants, links and settings of both accounts."""
    settings = {account.id: _settings(account) for account in (a, b)}
    admins = [
        admin["DataLakePrincipalIdentifier"]
        for each in settings.values()
        for admin in each["DataLakeAdmins"]
    ]
    grants = [grant for account in (a, b) for grant in _grants(account)]
    of_producer = [grant for grant in grants if grant.resource.account == a.id]
    defaults = {g.resource.database for g in of_producer if g.principal == IAM_ALLOWED_IDENTIFIER}
    shared = {g.resource.database for g in of_producer if g.principal != IAM_ALLOWED_IDENTIFIER}
    return Lake(
        grants=tuple(grant for grant in grants if grant.principal != IAM_ALLOWED_IDENTIFIER),
        links=tuple(_links(b)),
        admins=frozenset(admins) | {ADMINISTRATORS[name] for name in ASSUMED},
        version=int(settings[a.id]["Parameters"].get("CROSS_ACCOUNT_VERSION", DEFAULT_VERSION)),
        iam_allowed=bool(defaults & shared),
    )


def _settings(account: Account) -> dict[str, Any]:
    return account.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]


def _grants(account: Account) -> list[Grant]:
    found = account.client("lakeformation").list_permissions()["PrincipalResourcePermissions"]
    return [_grant(account.id, permission) for permission in found]


def _grant(grantor: str, permission: dict[str, Any]) -> Grant:
    [(kind, fields)] = permission["Resource"].items()
    table = None if kind == "Database" else fields.get("Name", EVERY_TABLE)
    columns = fields.get("ColumnNames") if kind == "TableWithColumns" else None
    return Grant(
        grantor=grantor,
        principal=permission["Principal"]["DataLakePrincipalIdentifier"],
        resource=Resource(
            fields.get("CatalogId", grantor), fields["DatabaseName" if table else "Name"], table
        ),
        permissions=frozenset(permission["Permissions"]),
        grantable=frozenset(permission.get("PermissionsWithGrantOption", [])),
        columns=frozenset(columns) if columns else None,
    )


def _links(account: Account) -> list[Link]:
    databases = account.client("glue").get_databases()["DatabaseList"]
    return [
        Link(account.id, database["Name"], Resource(target["CatalogId"], target["DatabaseName"]))
        for database in databases
        if (target := database.get("TargetDatabase"))
    ]


def _resource(text: str) -> Resource | None:
    """Parses `A:sales.orders` or `A:fedcat/db.t`; None if Lake Formation has no such resource."""
    match = re.match(r"A:(?:(\w+)/)?(\w+)(?:\.(\w+))?", text)
    return Resource(fixtures.A, match[2], match[3], match[1]) if match else None


def _with_context(lake: Lake, row: dict[str, str], principal: str) -> Lake:
    """Returns the state with the changes of a row's context."""
    context = row["context"]
    words = dict(word.strip().split("=") for word in context.split(";")) if context != "-" else {}
    for word, value in words.items():
        match word, value:
            case "share", "pending":
                lake = replace(lake, accepted=False)
            case "ram", "off":
                lake = replace(lake, organization_sharing=False)
            case "link", "no":
                lake = replace(lake, links=())
            case "link", "yes":
                if not lake.links:
                    raise SystemExit("the mock has no link to the shared database")
            case "drop", "link":  # the reader's grant on the link
                lake = _without(
                    lake,
                    lambda grant: grant.principal == principal
                    and grant.resource.account == fixtures.B
                    and grant.resource.database != "default",
                )
            case "drop", "database":  # the reader's grant on the shared database
                database = Resource(fixtures.A, "sales")
                lake = _without(
                    lake,
                    lambda grant: grant.principal == principal and grant.resource == database,
                )
            case "drop", "default":  # the reader's grant on the database default
                lake = _without(
                    lake,
                    lambda grant: grant.principal == principal
                    and grant.resource.database == "default",
                )
            case "drop", "grants":  # the reader's grants on tables
                lake = _without(
                    lake, lambda grant: grant.principal == principal and grant.resource.table
                )
            case "drop", table:  # account A's grant of a table to account B
                lake = _without(
                    lake,
                    lambda grant: grant.principal == fixtures.B and grant.resource.table == table,
                )
            case "grantable", "no":
                grants = tuple(replace(grant, grantable=frozenset()) for grant in lake.grants)
                lake = replace(lake, grants=grants)
            case "iamallowed", "yes":
                lake = replace(lake, iam_allowed=True)
            case "version", _:
                lake = replace(lake, version=int(value))
            case "via", "athena":
                pass  # applies to the connector, which `may_invoke` evaluates
            case _:
                raise SystemExit(f"grants.tsv: unknown context {word}={value}")
    return lake


def _without(lake: Lake, unwanted: Callable[[Grant], object]) -> Lake:
    remaining = tuple(grant for grant in lake.grants if not unwanted(grant))
    if len(remaining) == len(lake.grants):
        raise SystemExit("grants.tsv: a context removes no grant")
    return replace(lake, grants=remaining)


@dataclass(frozen=True)
class Evaluator:
    """Evaluates the operations of rows."""

    principals: dict[str, Principal]
    may_invoke: Callable[[str], bool]  # whether a principal may invoke the connector

    def arn(self, name: str) -> str:
        return ADMINISTRATORS.get(name) or self.principals[name].arn

    def _grantee(self, text: str) -> str:
        if text == IAM_ALLOWED:
            return text
        if text in ("organization", "unit"):
            return organizations_of(fixtures.RISK)[text == "unit"]
        kind, _, name = text.rpartition(" ")
        return ACCOUNTS[name] if kind == "account" else self.arn(name)

    def allows(self, lake: Lake, row: dict[str, str]) -> bool:
        resource, arn = _resource(row["object"]), self.arn(row["principal"])
        operation = row["operation"]
        if resource is None:
            return False
        if operation == "describe":
            return lake.may_describe(arn, resource)
        if match := re.match(r"select\(([\w,]+)\)( join connector)?", operation):
            reads = lake.may_select(arn, resource, frozenset(match[1].split(",")))
            return reads and (match[2] is None or self.may_invoke(row["principal"]))
        if match := re.match(r"grant\((\w+) to (.+?)(, grantable)?\)", operation):
            grantee, with_option = self._grantee(match[2]), match[3] is not None
            return lake.may_grant(arn, GrantRequest(resource, match[1], grantee, with_option))
        raise SystemExit(f"grants.tsv: unknown operation {operation}")


def run(lake: Lake, evaluator: Evaluator) -> Outcome:
    """Evaluates every row of `grants.tsv`."""
    with (CASES / "grants.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    errors, allowed = [], 0
    for row in rows:
        changed = _with_context(lake, row, evaluator.arn(row["principal"]))
        allows = evaluator.allows(changed, row)
        allowed += allows
        decision = "allow" if allows else "deny"
        if decision != row["expected"]:
            errors.append(
                f"{row['id']}: {row['principal']} {row['operation']} {row['object']} "
                f"[{row['context']}]: {decision}, expected {row['expected']} ({row['proves']})"
            )
    return Outcome(len(rows), allowed, errors)
