"""What the stand-in itself enforces, tried with everybody's own credentials: who gets rows, and who is refused."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from proof import athena, cast
from proof.account import Account
from proof.setting import Accounts

VIA_ATHENA = "via-athena"  # what the stand-in takes for Athena's session of a caller
REFUSALS = {"AccessDenied", "AccessDeniedException", "403"}
ORDERS = 15_000  # rows of sf0_01's orders
SQL = (
    "SELECT o_orderkey, o_custkey, o_totalprice, o_orderdate, o_comment FROM rustconn.sf0_01.orders ORDER BY o_orderkey"
)


@dataclass(frozen=True)
class Check:
    """Something that must happen, or must be refused, and whether it did."""

    what: str
    right: bool
    seen: str


def _attempt(what: str, must: str, call: Callable[[], Any]) -> Check:
    try:
        call()
        seen = "allowed"
    except ClientError as error:
        code = error.response["Error"]["Code"]
        seen = "refused" if code in REFUSALS else code
    return Check(what, seen == must, seen)


def ping() -> str:
    """The least that a connector answers."""
    who = {"id": "x", "principal": "x", "account": cast.B, "arn": cast.ANALYST, "tags": {}, "groups": []}
    return json.dumps({"@type": "PingRequest", "identity": who, "catalogName": "rustconn", "queryId": "q"})


def refusals(accounts: Accounts) -> list[Check]:
    """Rows of the matrix that the stand-in can be asked itself."""
    analyst = accounts.b.role("AthenaAnalyst", VIA_ATHENA)
    direct = accounts.b.role("AthenaAnalyst", "direct")
    unlisted = accounts.b.role("Unlisted", VIA_ATHENA)
    neighbour = accounts.c.role("AthenaAnalyst", VIA_ATHENA)
    stranger = accounts.stranger.role("AthenaAnalyst", VIA_ATHENA)

    def invokes(who: Account) -> Callable[[], Any]:
        return lambda: who.client("lambda").invoke(FunctionName=cast.FUNCTION, Payload=ping())

    def lists(who: Account) -> Callable[[], Any]:
        return lambda: who.client("s3").list_objects_v2(Bucket=cast.SPILL)

    def puts(who: Account, bucket: str, key: str) -> Callable[[], Any]:
        return lambda: who.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")

    external = {"ExternalId": cast.DATA_SOURCE}
    checks = [
        _attempt("T08 the analyst invokes through Athena", "allowed", invokes(analyst)),
        _attempt("T09 the analyst invokes directly", "refused", invokes(direct)),
        _attempt("T13 another role of B invokes", "refused", invokes(unlisted)),
        _attempt("T14 a role of C invokes", "refused", invokes(neighbour)),
        _attempt("T15 a stranger invokes", "refused", invokes(stranger)),
        _attempt("T21 the analyst lists what is spilled", "allowed", lists(analyst)),
        _attempt("T19 the analyst lists it directly", "refused", lists(direct)),
        _attempt("T26 a role of C lists it", "refused", lists(neighbour)),
        _attempt("T23 the analyst writes there", "refused", puts(analyst, cast.SPILL, "athena-spill/x")),
        _attempt(
            "T45 an administrator of A writes there",
            "refused",
            puts(accounts.a.role("OwnerAdmin"), cast.SPILL, "athena-spill/x"),
        ),
        _attempt("T47 the analyst writes results", "allowed", puts(analyst, cast.RESULTS, "out/1.csv")),
        _attempt("T50 a role of C writes results", "refused", puts(neighbour, cast.RESULTS, "out/2.csv")),
        _attempt(
            "T52 an administrator of A takes the share role",
            "refused",
            lambda: accounts.a.role("OwnerAdmin").role(cast.SHARE),
        ),
        _attempt(
            "Q11 a developer of Quick's account takes Role B",
            "refused",
            lambda: accounts.quick.role("Developer").role(cast.ROLE_B, **external),
        ),
        _attempt(
            "Q12 a stranger takes Role B",
            "refused",
            lambda: accounts.stranger.role("AthenaAnalyst").role(cast.ROLE_B, **external),
        ),
    ]
    tls = direct.client("s3")
    tls.meta.events.register(
        "before-sign.*.*", lambda request, **_: request.headers.add_header("x-forwarded-proto", "http")
    )
    return [*checks, _attempt("T25 without TLS", "refused", lambda: tls.list_objects_v2(Bucket=cast.SPILL))]


@dataclass(frozen=True)
class Query:
    """The rows of one query as text, and whether it went wrong."""

    rows: list[str]
    failure: str


def query(engine: Path, who: Account, folder: Path, *options: str, sql: str = SQL) -> Query:
    """Runs a query with `who`'s credentials for the objects and through Athena's hop for the function."""
    with athena.calling_as(who, cast.FUNCTION) as url:
        words = [str(engine), "query", sql, "--connector", f"rustconn={url}", "--format", "csv", *options]
        done = who.shell(shlex.join(words), folder)
    return Query(done.stdout.splitlines(), done.stderr if done.returncode else "")


def rows(engine: Path, accounts: Accounts, folder: Path) -> list[Check]:
    """The same rows inline and spilled, and none for whoever may invoke and not read."""
    analyst = accounts.b.role("AthenaAnalyst", VIA_ATHENA)
    owner = accounts.a.client("s3")
    inline = query(engine, analyst, folder)
    before = owner.list_objects_v2(Bucket=cast.SPILL).get("KeyCount", 0)
    spilled = query(engine, analyst, folder, "--max-inline", "0", "--max-block-size", "1000000")
    objects = owner.list_objects_v2(Bucket=cast.SPILL).get("Contents", [])
    outside = [item["Key"] for item in objects if not item["Key"].startswith("athena-spill/")]
    stranger = query(engine, accounts.c.role("AthenaAnalyst", VIA_ATHENA), folder)
    return [
        Check(
            f"the analyst gets {ORDERS} rows",
            len(inline.rows) == ORDERS + 1,
            f"{len(inline.rows) - 1} rows {inline.failure}",
        ),
        Check(
            "the same rows when all is spilled",
            spilled.rows == inline.rows,
            f"{len(spilled.rows) - 1} rows {spilled.failure}",
        ),
        Check(
            "they were spilled, under the prefix",
            len(objects) > before and not outside,
            f"{before} objects, then {len(objects)}",
        ),
        Check(
            "a role of C gets none", not stranger.rows and "AccessDenied" in stranger.failure, stranger.failure[-200:]
        ),
    ]
