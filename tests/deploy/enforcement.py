"""Requests that the emulator itself allows or denies, sent with each principal's credentials."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.deploy import athena, fixtures
from tests.deploy.account import Account
from tests.deploy.environment import Accounts
from tests.deploy.report import Check

VIA_ATHENA = "via-athena"  # session name that makes the emulator add aws:CalledVia
ACCESS_DENIED = {"AccessDenied", "AccessDeniedException", "403"}
ORDERS = 15_000  # rows of sf0_01.orders
SQL = (
    "SELECT o_orderkey, o_custkey, o_totalprice, o_orderdate, o_comment "
    "FROM rustconn.sf0_01.orders ORDER BY o_orderkey"
)

PAGES = ['"/offers"', '"/cart"']  # of the table example.web.visits

Call = Callable[[], Any]


def outcome(call: Call) -> str:
    """Returns `allowed`, `denied`, or the code of another error."""
    try:
        response = call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return "denied" if code in ACCESS_DENIED else code
    failed = isinstance(response, dict) and response.get("FunctionError")
    return "function error" if failed else "allowed"


def ping() -> str:
    """Returns the smallest request that a connector answers."""
    request = {"@type": "PingRequest", "identity": fixtures.IDENTITY}
    return json.dumps({**request, "catalogName": "rustconn", "queryId": "q"})


def invoke(who: Account, function: str = fixtures.FUNCTION) -> Call:
    return lambda: who.client("lambda").invoke(FunctionName=function, Payload=ping())


def list_spill(who: Account) -> Call:
    return lambda: who.client("s3").list_objects_v2(Bucket=fixtures.SPILL)


def put(who: Account, bucket: str, key: str) -> Call:
    return lambda: who.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")


def get_catalog(who: Account, name: str) -> Call:
    return lambda: who.client("athena").get_data_catalog(Name=name)


def make_seal(who: Account, key: str) -> Call:
    return lambda: who.client("kms").generate_mac(
        KeyId=key, Message=b"x", MacAlgorithm="HMAC_SHA_256"
    )


def assume(who: Account, role: str, **options: str) -> Call:
    return lambda: who.role(role, **options)


def list_spill_without_tls(who: Account) -> Call:
    s3 = who.client("s3")
    s3.meta.events.register(
        "before-sign.*.*",
        lambda request, **_: request.headers.add_header("x-forwarded-proto", "http"),
    )
    return lambda: s3.list_objects_v2(Bucket=fixtures.SPILL)


def access_checks(accounts: Accounts) -> list[Check]:
    """Checks rows of the matrix for which the emulator evaluates the policies."""
    analyst = accounts.b.role("AthenaAnalyst", VIA_ATHENA)
    direct = accounts.b.role("AthenaAnalyst", "direct")
    unlisted = accounts.b.role("Unlisted", VIA_ATHENA)
    role_c = accounts.c.role("AthenaAnalyst", VIA_ATHENA)
    unrelated = accounts.unrelated.role("AthenaAnalyst", VIA_ATHENA)
    owner, developer = accounts.a.role("OwnerAdmin"), accounts.quick.role("Developer")
    role_x = accounts.unrelated.role("AthenaAnalyst")
    external = {"ExternalId": fixtures.DATA_SOURCE}
    spilled = "athena-spill/x"
    seal_key = accounts.a.outputs("rust-connector")["SealKeyArn"]
    cases: list[tuple[str, str, Call]] = [
        ("T08 the analyst invokes through Athena", "allowed", invoke(analyst)),
        ("T09 the analyst invokes directly", "denied", invoke(direct)),
        ("T13 another role of B invokes", "denied", invoke(unlisted)),
        ("T14 a role of C invokes", "denied", invoke(role_c)),
        ("T15 an unrelated role invokes", "denied", invoke(unrelated)),
        ("T21 the analyst lists the spill bucket", "allowed", list_spill(analyst)),
        ("T19 the analyst lists it directly", "denied", list_spill(direct)),
        ("T26 a role of C lists it", "denied", list_spill(role_c)),
        ("T23 the analyst writes to it", "denied", put(analyst, fixtures.SPILL, spilled)),
        ("T45 an administrator of A writes to it", "denied", put(owner, fixtures.SPILL, spilled)),
        ("X171 an administrator of A makes a seal", "denied", make_seal(owner, seal_key)),
        ("X170 the analyst makes a seal", "denied", make_seal(analyst, seal_key)),
        (
            "T93 the analyst uses the catalog that account A has registered",
            "allowed",
            get_catalog(direct, "rustconn_pushed"),
        ),
        ("T47 the analyst writes results", "allowed", put(analyst, fixtures.RESULTS, "out/1.csv")),
        ("T50 a role of C writes results", "denied", put(role_c, fixtures.RESULTS, "out/2.csv")),
        (
            "T52 an administrator of A assumes the share role",
            "denied",
            assume(owner, fixtures.SHARE_ROLE),
        ),
        (
            "Q11 a developer of the Quick account assumes Role B",
            "denied",
            assume(developer, fixtures.ROLE_B, **external),
        ),
        (
            "Q12 an unrelated role assumes Role B",
            "denied",
            assume(role_x, fixtures.ROLE_B, **external),
        ),
        ("T25 a request without TLS", "denied", list_spill_without_tls(direct)),
    ]
    checks = []
    for claim, expected, call in cases:
        observed = outcome(call)
        checks.append(Check(f"{claim}: {expected}", observed == expected, observed))
    return checks


@dataclass(frozen=True)
class QueryResult:
    """Lines of a query's CSV output, and the error if it failed."""

    lines: list[str]
    error: str

    def __str__(self) -> str:
        return f"{len(self.lines)} lines {self.error}"


@dataclass(frozen=True)
class Engine:
    """The query engine, `athena-local`, run in `folder`."""

    program: Path
    folder: Path

    def query(
        self, who: Account, *options: str, sql: str = SQL, function: str = fixtures.FUNCTION
    ) -> QueryResult:
        """Runs a query with the credentials of `who`, which invokes the function through Athena."""
        catalog = "rustconn" if function == fixtures.FUNCTION else "example"
        with athena.invoke_proxy(who, function) as url:
            connector = ["--connector", f"{catalog}={url}"]
            words = [str(self.program), "query", sql, *connector, "--format", "csv", *options]
            result = who.shell(shlex.join(words), self.folder)
        return QueryResult(result.stdout.splitlines(), result.stderr if result.returncode else "")


def query_checks(engine: Engine, accounts: Accounts) -> list[Check]:
    """Checks that inline and spilled results are equal, and that a role of C gets none."""
    analyst = accounts.b.role("AthenaAnalyst", VIA_ATHENA)
    s3 = accounts.a.client("s3")
    inline = engine.query(analyst)
    before = s3.list_objects_v2(Bucket=fixtures.SPILL).get("KeyCount", 0)
    spilled = engine.query(analyst, "--max-inline", "0", "--max-block-size", "1000000")
    objects = s3.list_objects_v2(Bucket=fixtures.SPILL).get("Contents", [])
    outside = [item["Key"] for item in objects if not item["Key"].startswith("athena-spill/")]
    role_c = engine.query(accounts.c.role("AthenaAnalyst", VIA_ATHENA))
    denied = not role_c.lines and "AccessDenied" in role_c.error
    second = engine.query(
        analyst,
        *("--max-inline", "0"),
        sql="SELECT page FROM example.web.visits ORDER BY visit_id",
        function=fixtures.FUNCTION_2,
    )
    return [
        Check(f"the analyst reads {ORDERS} rows", len(inline.lines) == ORDERS + 1, str(inline)),
        Check("the spilled rows are the same", spilled.lines == inline.lines, str(spilled)),
        Check(
            "the rows are spilled under the prefix",
            len(objects) > before and not outside,
            f"{before} objects, then {len(objects)}; outside the prefix: {outside}",
        ),
        Check("a role of C reads none", denied, role_c.error[-200:]),
        Check("the second connector spills, too", second.lines[1:] == PAGES, str(second)),
    ]
