"""SQL of the sections *Audit* and of `lake-audit.sql`, and the event selectors of a trail.

DuckDB runs the SQL, translated by sqlglot.
"""

import json
from pathlib import Path

import duckdb
import sqlglot

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.audit_events import Json, by_account, changed, event, events, replaced
from tests.deploy.audit_lookups import NAMES, PAGES
from tests.deploy.code_blocks import CodeBlock, code_blocks
from tests.deploy.report import Check
from tests.servers import ROOT

SECTION = "Audit"
LAKE_SQL = ROOT / "deploy/lake-audit.sql"


def _table(rows: list[Json]) -> duckdb.DuckDBPyConnection:
    """Returns a database with the table that Athena creates over a trail's logs."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE cloudtrail_logs (useridentity STRUCT(type VARCHAR, principalid VARCHAR,"
        " arn VARCHAR, accountid VARCHAR), eventtime VARCHAR, eventsource VARCHAR,"
        " eventname VARCHAR, requestparameters VARCHAR, additionaleventdata VARCHAR,"
        " resources STRUCT(arn VARCHAR, accountid VARCHAR, type VARCHAR)[],"
        " recipientaccountid VARCHAR)"
    )
    for row in rows:
        identity, resources = row["userIdentity"], row.get("resources") or []
        values = [
            {key.lower(): identity.get(key) for key in ("type", "principalId", "arn", "accountId")},
            *(row[key] for key in ("eventTime", "eventSource", "eventName")),
            *(json.dumps(row.get(key)) for key in ("requestParameters", "additionalEventData")),
            [
                {key.lower(): resource.get(key) for key in ("ARN", "accountId", "type")}
                for resource in resources
            ],
            row["recipientAccountId"],
        ]
        connection.execute("INSERT INTO cloudtrail_logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    return connection


def _query(sql: str, rows: list[Json]) -> list[tuple]:
    """Runs SQL of Athena on events."""
    [translated] = sqlglot.transpile(sql, read="athena", write="duckdb")
    return _table(rows).execute(translated).fetchall()


def sql_checks() -> list[Check]:
    """Runs `deploy/lake-audit.sql` and the SQL of the guides on the event files."""
    session = f"AWSLF-00-AT-{fixtures.B}-B8JSAjo5QA"
    other_session = f"AWSLF-00-AT-{fixtures.UNRELATED}-G13T0Rmng2"
    access, read = event("table-read"), event("lake-object-read")
    unknown = [
        by_account(replaced(access, session, other_session), fixtures.UNRELATED),
        replaced(changed(read, eventTime="2026-07-01T11:00:00Z"), session, other_session),
    ]
    lake = _query(LAKE_SQL.read_text(), [*events().values(), *unknown])
    reads = [(*row[:3], *row[5:]) for row in lake]
    tables = {row[3:5] for row in lake}
    key, opaque = "sales/orders/part-0000", access["userIdentity"]["principalId"]
    stranger, c = unknown[0]["userIdentity"]["principalId"], fixtures.UNRELATED
    expected = [
        ("2026-07-01T11:00:00Z", stranger, c, f"{key}0.parquet", 4096),
        ("2026-07-01T10:03:02Z", fixtures.ANALYST, fixtures.B, f"{key}1.parquet", 8192),
        ("2026-07-01T10:03:01Z", opaque, fixtures.B, f"{key}0.parquet", 4096),
    ]
    table = (access["requestParameters"]["tableArn"], f"lake-{fixtures.A}")
    blocks = [block for page in PAGES for block in audit_blocks(page) if block.language == "sql"]
    once = reads == expected and tables == {table}
    checks = [Check("lake-audit.sql returns each read once", once, str(lake))]
    for block in blocks:
        rows = [row[:3] for row in _query(block.text, list(events().values()))]
        read_by_b = [
            ("2026-07-01T10:01:01Z", "Invoke", fixtures.B),
            ("2026-07-01T10:01:05Z", "GetObject", fixtures.B),
        ]
        claim = "the administrator's SQL finds the data events"
        checks.append(Check(claim, rows == read_by_b, str(rows)))
    return [*checks, Check("the guides have SQL", len(blocks) == 1, str(len(blocks)))]


def audit_blocks(page: Path) -> list[CodeBlock]:
    return [block for block in code_blocks(page) if block.section == SECTION]


def selector_checks(account: Account) -> list[Check]:
    """Runs the commands that add data events to a trail, twice."""
    trail = account.client("cloudtrail")
    trail.create_trail(Name="management-events", S3BucketName=f"trail-{account.id}")
    [block] = [block for block in audit_blocks(PAGES[0]) if "put-event-selectors" in block.text]
    results = [account.shell(block.text, ROOT, **NAMES) for _ in range(2)]
    selectors = trail.get_event_selectors(TrailName="management-events")["AdvancedEventSelectors"]
    values = [
        [(field.get("Equals") or field["StartsWith"])[0] for field in selector["FieldSelectors"]]
        for selector in selectors
    ]
    spill = f"arn:aws:s3:::{fixtures.SPILL}/"
    expected = [
        ["Management"],
        ["Data", "AWS::Lambda::Function", fixtures.FUNCTION],
        ["Data", "AWS::S3::Object", spill],
    ]
    claim = "the trail logs management events and the data events of the connector"
    basic = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]
    trail.put_event_selectors(TrailName="management-events", EventSelectors=basic)
    refused = account.shell(block.text, ROOT, **NAMES)
    trail.delete_trail(Name="management-events")
    return [
        Check(claim, values == expected, f"{values} {[result.stderr for result in results]}"),
        Check("basic event selectors are not replaced", refused.returncode != 0, refused.stdout),
    ]
