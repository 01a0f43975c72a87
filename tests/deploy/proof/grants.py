"""The rows of the matrix about Lake Formation: state read back from the recorder, rows put to the model in `lake`.

An operation is `describe`, `select(COLUMNS)` with or without `join connector`, or `grant(PERMISSION to WHOM)`, with `grantable` for
the grant option. The context of a row changes the state that was read back.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from proof import cast
from proof.account import Account
from proof.cast import Principal
from proof.lake import EVERY_TABLE, IAM_ALLOWED, Grant, Lake, Link, Thing
from proof.matrix import MATRIX

PRODUCER_ADMIN = f"arn:aws:iam::{cast.A}:role/OwnerAdmin"


def read_back(a: Account, b: Account) -> Lake:
    """The grants, links and settings of both accounts."""
    settings = {account.id: _settings(account) for account in (a, b)}
    admins = [admin["DataLakePrincipalIdentifier"] for each in settings.values() for admin in each["DataLakeAdmins"]]
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


def _grant(giver: str, permission: dict[str, Any]) -> Grant:
    ((kind, resource),) = permission["Resource"].items()
    table = {"Database": None, "Table": resource.get("Name", EVERY_TABLE), "TableWithColumns": resource.get("Name")}[
        kind
    ]
    columns = resource.get("ColumnNames") if kind == "TableWithColumns" else None
    return Grant(
        giver=giver,
        principal=permission["Principal"]["DataLakePrincipalIdentifier"],
        thing=Thing(resource["CatalogId"], resource["DatabaseName" if table else "Name"], table),
        permissions=frozenset(permission["Permissions"]),
        grantable=frozenset(permission.get("PermissionsWithGrantOption", [])),
        columns=frozenset(columns) if columns else None,
    )


def _links(account: Account) -> list[Link]:
    databases = account.client("glue").get_databases()["DatabaseList"]
    return [
        Link(account.id, database["Name"], Thing(target["CatalogId"], target["DatabaseName"]))
        for database in databases
        if (target := database.get("TargetDatabase"))
    ]


def _thing(text: str) -> Thing | None:
    """`A:sales.orders`, `A:fedcat/db.t`; what is no resource of Lake Formation is nothing."""
    match = re.match(r"A:(?:(\w+)/)?(\w+)(?:\.(\w+))?", text)
    return Thing(cast.A, match[2], match[3], match[1]) if match else None


def _changed(lake: Lake, context: str) -> Lake:
    """The state with what the context of a row says."""
    words = dict(word.strip().split("=") for word in context.split(";")) if context != "-" else {}
    for word, value in words.items():
        match word, value:
            case "share", "pending":
                lake = replace(lake, accepted=False)
            case "link", "no":
                lake = replace(lake, links=())
            case "link", "yes":
                if not lake.links:
                    raise SystemExit("the recorder has no link to the shared database")
            case "drop", "G5":
                lake = lake.without(_the(lake, lambda grant: grant.thing.account == cast.B))
            case "drop", "G6":
                lake = lake.without(_the(lake, lambda grant: grant.giver == cast.B and grant.thing.table is not None))
            case "grantable", "no":
                lake = replace(lake, grants=tuple(replace(grant, grantable=frozenset()) for grant in lake.grants))
            case "iamallowed", "yes":
                lake = replace(lake, iam_allowed=True)
            case "version", _:
                lake = replace(lake, version=int(value))
            case "via", "athena":
                pass  # said for the connector's half of the row
            case _:
                raise SystemExit(f"grants.tsv: the context {word}={value} means nothing")
    return lake


def _the(lake: Lake, wanted: Callable[[Grant], bool]) -> Grant:
    found = [grant for grant in lake.grants if wanted(grant)]
    if len(found) != 1:
        raise SystemExit(f"{len(found)} grants fit where one must: {found}")
    return found[0]


@dataclass(frozen=True)
class Judge:
    """Decides operations of rows; `invokes` says whether a principal reaches the connector, by the other half of the matrix."""

    principals: dict[str, Principal]
    invokes: Callable[[str], bool]

    def _arn(self, name: str) -> str:
        return PRODUCER_ADMIN if name == "ProducerAdmin" else self.principals[name].arn

    def _target(self, text: str) -> str:
        if text == IAM_ALLOWED:
            return text
        kind, _, name = text.rpartition(" ")
        return {"A": cast.A, "B": cast.B, "C": cast.C}[name] if kind == "account" else self._arn(name)

    def allows(self, lake: Lake, principal: str, operation: str, thing_text: str) -> bool:
        thing, arn = _thing(thing_text), self._arn(principal)
        if thing is None:
            return False
        if operation == "describe":
            return lake.may_describe(arn, thing)
        if match := re.match(r"select\(([\w,]+)\)( join connector)?", operation):
            reads = lake.may_select(arn, thing, frozenset(match[1].split(",")))
            return reads and (match[2] is None or self.invokes(principal))
        if match := re.match(r"grant\((\w+) to (.+?)(, grantable)?\)", operation):
            return lake.may_grant(arn, thing, match[1], self._target(match[2]), match[3] is not None)
        raise SystemExit(f"grants.tsv: the operation {operation} means nothing")


@dataclass(frozen=True)
class Outcome:
    right: int
    total: int
    wrong: list[str]
    allowed: int


def run(lake: Lake, judge: Judge) -> Outcome:
    with (MATRIX / "grants.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    wrong, allowed = [], 0
    for row in rows:
        allows = judge.allows(_changed(lake, row["context"]), row["principal"], row["operation"], row["object"])
        allowed += allows
        answer = "allow" if allows else "deny"
        if answer != row["expected"]:
            wrong.append(
                f"{row['id']}: {row['principal']} {row['operation']} {row['object']}: {answer} ({row['proves']})"
            )
    return Outcome(len(rows) - len(wrong), len(rows), wrong, allowed)
