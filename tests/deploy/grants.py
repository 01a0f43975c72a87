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
)
from tests.deploy.matrix import CASES, Outcome

PRODUCER_ADMIN = f"arn:aws:iam::{fixtures.A}:role/OwnerAdmin"


def read_lake(a: Account, b: Account) -> Lake:
    """Returns the grants, links and settings of both accounts."""
    settings = {account.id: _settings(account) for account in (a, b)}
    admins = [
        admin["DataLakePrincipalIdentifier"]
        for each in settings.values()
        for admin in each["DataLakeAdmins"]
    ]
    return Lake(
        grants=tuple(grant for account in (a, b) for grant in _grants(account)),
        links=tuple(_links(b)),
        admins=frozenset(admins),
        version=int(settings[a.id]["Parameters"]["CROSS_ACCOUNT_VERSION"]),
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
        resource=Resource(fields["CatalogId"], fields["DatabaseName" if table else "Name"], table),
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


def _with_context(lake: Lake, context: str) -> Lake:
    """Returns the state with the changes of a row's context."""
    words = dict(word.strip().split("=") for word in context.split(";")) if context != "-" else {}
    for word, value in words.items():
        match word, value:
            case "share", "pending":
                lake = replace(lake, accepted=False)
            case "link", "no":
                lake = replace(lake, links=())
            case "link", "yes":
                if not lake.links:
                    raise SystemExit("the mock has no link to the shared database")
            case "drop", "G5":
                grant = _only_grant(lake, lambda grant: grant.resource.account == fixtures.B)
                lake = lake.without(grant)
            case "drop", "G6":
                grant = _only_grant(
                    lake,
                    lambda grant: grant.grantor == fixtures.B and grant.resource.table is not None,
                )
                lake = lake.without(grant)
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


def _only_grant(lake: Lake, wanted: Callable[[Grant], bool]) -> Grant:
    found = [grant for grant in lake.grants if wanted(grant)]
    if len(found) != 1:
        raise SystemExit(f"grants.tsv: {len(found)} grants match, expected one: {found}")
    return found[0]


@dataclass(frozen=True)
class Evaluator:
    """Evaluates the operations of rows."""

    principals: dict[str, Principal]
    may_invoke: Callable[[str], bool]  # whether a principal may invoke the connector

    def _arn(self, name: str) -> str:
        return PRODUCER_ADMIN if name == "ProducerAdmin" else self.principals[name].arn

    def _grantee(self, text: str) -> str:
        if text == IAM_ALLOWED:
            return text
        kind, _, name = text.rpartition(" ")
        return (
            {"A": fixtures.A, "B": fixtures.B, "C": fixtures.C}[name]
            if kind == "account"
            else self._arn(name)
        )

    def allows(self, lake: Lake, row: dict[str, str]) -> bool:
        resource, arn = _resource(row["object"]), self._arn(row["principal"])
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
        allows = evaluator.allows(_with_context(lake, row["context"]), row)
        allowed += allows
        decision = "allow" if allows else "deny"
        if decision != row["expected"]:
            errors.append(
                f"{row['id']}: {row['principal']} {row['operation']} {row['object']} "
                f"[{row['context']}]: {decision}, expected {row['expected']} ({row['proves']})"
            )
    return Outcome(len(rows), allowed, errors)
