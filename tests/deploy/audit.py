"""Auditing: the notifications of `deploy/audit.yaml`, and the sections `Audit` of the guides.

No emulator delivers CloudTrail events. `cases/events/NAME.json` are the events of the hops of the
three paths, one in each file, written after examples of AWS with the accounts of the fixtures:

- `share-role-assumed*`, `role-b-assumed*`: IAM user guide, `cloudtrail-integration`, `AssumeRole`
  in another account, role chaining and `AssumeRoleWithSAML`.
- `role-a-assumed`: CloudTrail user guide, `userIdentity` of a service (`AWSService`).
- `query-started`, `role-b-query-started`: Athena user guide, `monitor-with-cloudtrail`,
  `StartQueryExecution`.
- `catalog-created`: the same page, `CreateNamedQuery`, with the parameters of `CreateDataCatalog`.
- `function-invoked`: CloudTrail user guide, data event `Invoke` of a function.
- `spill-read`, `lake-object-read*`: S3 user guide, `cloudtrail-logging-understanding-s3-entries`.
- `spill-decrypted*`: KMS developer guide, `ct-decrypt`.
- `link-read*`, `table-read*`: Lake Formation guide, `cross-account-logging`, and the event of
  Athena in AWS's Lake Formation best practices.

`.caller` and `.consumer` are the events of the same request in the account of the caller. Events in
the account of the resource have the `userIdentity` of another account (`AWSAccount`); AWS documents
no example of `Invoke`, `GetObject` and `Decrypt` by Athena for a principal of another account.
Variants, such as those of an unknown account, are derived from the files.

Event patterns are evaluated by moto and by the emulator, SQL by DuckDB, translated by sqlglot.
"""

import copy
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from botocore.exceptions import ClientError
from moto.events.models import EventPattern

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.code_blocks import CodeBlock, code_blocks
from tests.deploy.environment import Accounts
from tests.deploy.report import Check
from tests.servers import ROOT

Json = dict[str, Any]

EVENTS = Path(__file__).parent / "cases/events"
SECTION = "Audit"
PAGES = [ROOT / f"docs/deploy/{name}.md" for name in ("administrator", "analyst", "quick", "lake-formation")]
TEMPLATE = ROOT / "deploy/audit.yaml"
LAKE_SQL = ROOT / "deploy/lake-audit.sql"
DELIVERED = "AWS API Call via CloudTrail"
WITH_READ_ONLY = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
# Account names in the guides.
NAMES = {"A": fixtures.A, "B": fixtures.B, "RETAIL": fixtures.B, "QUICK": fixtures.QUICK}
# Stacks of the guides: the rule that each creates, and the event of the expected use.
RULES = {
    "connector-audit": ("A", "FunctionUsed", "function-invoked"),
    "registration-audit": ("B", "RoleAssumed", "share-role-assumed"),
    "quick-audit": ("QUICK", "RoleAssumed", "role-a-assumed"),
    "quick-athena-retail-audit": ("RETAIL", "RoleAssumed", "role-b-assumed"),
    "lake-audit": ("A", "TablesRead", "table-read"),
}
# Stacks with an alarm: its workgroup and its threshold.
ALARMS = {
    "registration-audit": ("B", "federated", 1099511627776),
    "quick-athena-retail-audit": ("RETAIL", "quick-athena-retail", 100000000000),
}
# Where no account is known, every account is reported, also if a service calls on its behalf.
REDUNDANT = {("quick-audit", "detail.$or[1].userIdentity.type")}
REJECTED = (
    ("nothing is watched", {}, "WatchedRoleArns"),
    ("a function without known accounts", {"FunctionName": "f"}, "KnownAccountIds"),
    ("a database without known accounts", {"DatabaseName": "sales"}, "KnownAccountIds"),
    ("a role of any name", {"WatchedRoleArns": f"arn:aws:iam::{fixtures.B}:role/*"}, "WatchedRole"),
)


def event(name: str) -> Json:
    return json.loads((EVENTS / f"{name}.json").read_text())


def events() -> dict[str, Json]:
    return {path.stem: event(path.stem) for path in sorted(EVENTS.glob("*.json"))}


def _changed(original: Json, **fields: Any) -> Json:
    """Returns a copy with other fields; `a__b` is the field `b` of `a`."""
    result = copy.deepcopy(original)
    for path, value in fields.items():
        *parents, name = path.split("__")
        node = result
        for parent in parents:
            node = node[parent]
        node[name] = value
    return result


def _replaced(original: Json, old: str, new: str) -> Json:
    return json.loads(json.dumps(original).replace(old, new))


def _by_account(original: Json, account: str) -> Json:
    identity = {"type": "AWSAccount", "principalId": "AROAEXAMPLE:session", "accountId": account}
    return _changed(original, userIdentity=identity)


def _by_service(original: Json, service: str) -> Json:
    return _changed(original, userIdentity={"type": "AWSService", "invokedBy": service})


def delivered(detail: Json) -> Json:
    """Returns the event as CloudTrail delivers it to EventBridge."""
    return {
        "version": "0",
        "id": detail["eventID"],
        "detail-type": DELIVERED,
        "source": f"aws.{detail['eventSource'].removesuffix('.amazonaws.com')}",
        "account": detail["recipientAccountId"],
        "time": detail["eventTime"],
        "region": detail["awsRegion"],
        "resources": [],
        "detail": detail,
    }


@dataclass(frozen=True)
class Case:
    """An event, and whether a rule reports it."""

    claim: str
    event: Json
    reported: bool


def _role_cases(use: Json) -> list[Case]:
    role = use["requestParameters"]["roleArn"]
    stranger = _by_account(use, fixtures.UNRELATED)
    by_quick = use["userIdentity"]["type"] == "AWSService"
    # Event of `AssumeRoleWithSAML` and, with the identity of another provider, WithWebIdentity.
    saml = _changed(event("role-b-assumed-with-saml"), requestParameters__roleArn=role)
    web = _changed(
        saml, eventName="AssumeRoleWithWebIdentity", userIdentity__type="WebIdentityUser"
    )
    cases = [
        Case("another account", stranger, True),
        Case("the role's account", _by_account(use, role.split(":")[4]), True),
        Case("another account, another role", _replaced(stranger, role, f"{role}-2"), False),
        Case("Quick", _by_service(use, "quicksight.amazonaws.com"), not by_quick),
        Case("another service", _by_service(use, "ec2.amazonaws.com"), True),
        Case("SAML", saml, True),
        Case("web identity", web, True),
    ]
    if not by_quick:
        console = _changed(use, userIdentity__invokedBy="athena.amazonaws.com")
        cases.append(Case("a known account through a service", console, False))
    return cases


def _function_cases(use: Json) -> list[Case]:
    stranger, other = _by_account(use, fixtures.UNRELATED), f"{fixtures.FUNCTION}-2"
    return [
        Case("another account", stranger, True),
        Case("the function's account", _by_account(use, fixtures.A), False),
        Case("no parameters", _changed(stranger, requestParameters=None), True),
        Case(
            "another account, another function",
            _replaced(stranger, fixtures.FUNCTION, other),
            False,
        ),
    ]


def _table_cases(use: Json) -> list[Case]:
    stranger = _by_account(use, fixtures.UNRELATED)
    other = _replaced(stranger, "table/sales/", "table/sales2/")
    return [
        Case("another account", stranger, True),
        Case("the owner", _by_account(use, fixtures.A), False),
        Case("another account, another database", other, False),
    ]


CASES = {"RoleAssumed": _role_cases, "FunctionUsed": _function_cases, "TablesRead": _table_cases}


def _cases(rule: str, use: Json) -> list[Case]:
    cases = [Case("the expected use", use, False), *CASES[rule](use)]
    cases = [Case(case.claim, delivered(case.event), case.reported) for case in cases]
    unknown = next(case.event for case in cases if case.reported)
    # Everybody who can put events can imitate one, except its source.
    imitation = {**unknown, "source": "custom"}
    service_event = {**unknown, "detail-type": "AWS Service Event via CloudTrail"}
    return [*cases, Case("an imitation", imitation, False), Case("no call", service_event, False)]


def _matches(pattern: Json, envelope: Json) -> bool:
    """Evaluates a pattern with moto, for each element of `resources` as EventBridge does."""
    detail = envelope["detail"]
    resources = detail.get("resources") or [None]
    variants = [{**envelope, "detail": {**detail, "resources": one}} for one in resources]
    return any(EventPattern(None, pattern).matches_event(variant) for variant in variants)


def _without_one(node: Json) -> Iterator[tuple[str, Json]]:
    """Yields the path of each value and of each alternative, and the pattern without it."""
    for key, value in node.items():
        others = {name: other for name, other in node.items() if name != key}
        if isinstance(value, dict):
            for path, rest in _without_one(value):
                yield f"{key}.{path}", {**node, key: rest} if rest else others
        elif key == "$or":
            for i, alternative in enumerate(value):
                alternatives = [*value[:i], *value[i + 1 :]]
                yield f"$or[{i}]", {**node, key: alternatives}
                for path, rest in _without_one(alternative):
                    yield f"$or[{i}].{path}", {**node, key: [*alternatives, rest]}
        elif len(value) > 1:
            for i in range(len(value)):
                yield f"{key}[{i}]", {**node, key: [*value[:i], *value[i + 1 :]]}
        else:
            yield key, others


def _resources(account: Account, stack: str) -> dict[str, str]:
    """Returns the physical ids of a stack's resources by logical id."""
    summaries = account.client("cloudformation").list_stack_resources(StackName=stack)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in summaries["StackResourceSummaries"]
    }


def pattern_checks(client: Any, deployed: Json, stack: str, rule: str) -> list[Check]:
    """Checks the verdicts of a deployed rule, and that no part of its pattern is redundant."""
    pattern, use = json.loads(deployed["EventPattern"]), RULES[stack][2]
    cases, checks = _cases(rule, event(use)), []
    for case in cases:
        answer = client.test_event_pattern(
            EventPattern=deployed["EventPattern"], Event=json.dumps(case.event)
        )
        verdicts = [_matches(pattern, case.event), answer["Result"]]
        claim = f"{stack}, {rule}: {case.claim} is {'' if case.reported else 'not '}reported"
        checks.append(Check(claim, verdicts == [case.reported] * 2, f"moto, emulator: {verdicts}"))
    for path, weaker in _without_one(pattern):
        detected = [case.claim for case in cases if _matches(weaker, case.event) != case.reported]
        redundant = (stack, path) in REDUNDANT
        claim = f"{stack}, {rule}: {'no' if redundant else 'a'} case detects the removal of {path}"
        checks.append(Check(claim, bool(detected) != redundant, str(detected)))
    for name, other in events().items():
        if name.removesuffix(".caller") != use and "saml" not in name:
            claim = f"{stack}, {rule}: {name} is not reported"
            checks.append(Check(claim, not _matches(pattern, delivered(other)), str(pattern)))
    return checks


def rule_checks(account: Account, stack: str, rule: str) -> list[Check]:
    """Checks the deployed rule of a stack, its notifications and the policy of the topic."""
    resources, client = _resources(account, stack), account.client("events")
    deployed = client.describe_rule(Name=resources[rule])
    state = "ENABLED" if rule == "FunctionUsed" else WITH_READ_ONLY
    [target] = client.list_targets_by_rule(Rule=resources[rule])["Targets"]
    reported = [case for case in _cases(rule, event(RULES[stack][2])) if case.reported]
    messages = [_message(target, case.event) for case in reported]
    complete = all({"reason", "event", "caller"} <= set(message) for message in messages)
    secret = "sessionToken" in json.dumps(messages)
    topic = target["Arn"] == resources["Topic"]
    return [
        *pattern_checks(client, deployed, stack, rule),
        Check(f"{stack}, {rule}: the state is {state}", deployed["State"] == state, str(deployed)),
        Check(f"{stack}, {rule}: the target is the topic", topic, str(target)),
        Check(f"{stack}, {rule}: notifications have a reason", complete, str(messages)),
        Check(f"{stack}, {rule}: notifications have no session token", not secret, str(messages)),
        _topic_check(account, stack, resources),
    ]


def _message(target: Json, envelope: Json) -> Json:
    """Returns the notification of an event, which the input transformer of the target makes."""
    transformer, values = target["InputTransformer"], {}
    for name, path in transformer["InputPathsMap"].items():
        value: Any = envelope
        for step in path.removeprefix("$.").split("."):
            value = value[step]
        values[name] = json.dumps(value)
    return json.loads(re.sub(r"<(\w+)>", lambda m: values[m[1]], transformer["InputTemplate"]))


def _topic_check(account: Account, stack: str, resources: dict[str, str]) -> Check:
    """Checks the policy of the topic; with a condition, EventBridge could not publish."""
    attributes = account.client("sns").get_topic_attributes(TopicArn=resources["Topic"])
    statements = json.loads(attributes["Attributes"]["Policy"])["Statement"]
    allow = {"Effect": "Allow", "Action": "sns:Publish", "Resource": resources["Topic"]}
    events_only = {"Sid": "RulesPublish", "Principal": {"Service": "events.amazonaws.com"}, **allow}
    expected = [events_only]
    if stack in ALARMS:
        alarm = f"{fixtures.REGION}:{account.id}:alarm:{resources['BytesScanned']}"
        condition = {
            "StringEquals": {"aws:SourceAccount": account.id},
            "ArnEquals": {"aws:SourceArn": f"arn:aws:cloudwatch:{alarm}"},
        }
        principal = {"Service": "cloudwatch.amazonaws.com"}
        expected.append(
            {"Sid": "AlarmPublishes", "Principal": principal, **allow, "Condition": condition}
        )
    claim = f"{stack}: only EventBridge and the alarm publish to the topic"
    return Check(claim, statements == expected, str(statements))


def alarm_checks(account: Account, stack: str, workgroup: str, threshold: int) -> list[Check]:
    """Checks the metric, the threshold and the action of the deployed alarm."""
    resources = _resources(account, stack)
    names = [resources["BytesScanned"]]
    [alarm] = account.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    expected = {
        "Namespace": "AWS/Athena",
        "MetricName": "ProcessedBytes",
        "Dimensions": [{"Name": "WorkGroup", "Value": workgroup}],
        "Statistic": "Sum",
        "Period": 3600,
        "EvaluationPeriods": 1,
        "Threshold": float(threshold),
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [resources["Topic"]],
    }
    actual = {key: alarm.get(key) for key in expected}
    return [
        Check(f"{stack}: {key} of the alarm is {value}", actual[key] == value, str(actual[key]))
        for key, value in expected.items()
    ]


def parameter_checks(account: Account) -> list[Check]:
    """Checks that stacks which would watch nothing, or report everything, are rejected."""
    checks = []
    for claim, parameters, mentions in REJECTED:
        values = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
        try:
            account.client("cloudformation").create_stack(
                StackName="audit-wrong", TemplateBody=TEMPLATE.read_text(), Parameters=values
            )
            message = "accepted"
        except ClientError as error:
            message = error.response["Error"]["Message"]
        checks.append(Check(f"rejected: {claim}", mentions in message, message))
    return checks


class _History(BaseHTTPRequestHandler):
    """`LookupEvents` over the event files: the event history has management events only."""

    server: "EventHistory"
    attributes = {"EventName": "eventName", "EventSource": "eventSource", "EventId": "eventID"}

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        [attribute] = request["LookupAttributes"]  # AWS accepts one
        field = self.attributes.get(attribute["AttributeKey"])
        if field is None:
            self.send_error(400)
            return
        found = [
            one
            for one in events().values()
            if one["managementEvent"]
            and one["recipientAccountId"] == self.server.account
            and one[field] == attribute["AttributeValue"]
        ]
        body = json.dumps({"Events": [{"CloudTrailEvent": json.dumps(one)} for one in found]})
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


class EventHistory(ThreadingHTTPServer):
    """The event history of one account."""

    def __init__(self, account: str) -> None:
        super().__init__(("127.0.0.1", 0), _History)
        self.account = account

    @contextmanager
    def running(self) -> Iterator[str]:
        thread = threading.Thread(target=self.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{self.server_port}"
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


@dataclass(frozen=True)
class Lookup:
    """A row of a table of hops with a command: the event, and the accounts that log it."""

    source: str
    name: str
    accounts: tuple[str, ...]
    command: str


ROW = re.compile(
    r"\| `([\w.]+)`, `(\w+)`[^|]*\| ([\w ]+) \| `(aws cloudtrail lookup-events [^|`]+)` \|$",
    re.MULTILINE,
)


def lookups(page: Path) -> list[Lookup]:
    rows = ROW.finditer(page.read_text())
    return [Lookup(row[1], row[2], tuple(row[3].split(" and ")), row[4]) for row in rows]


def _printed_events(output: str) -> list[Json]:
    """Returns the events of `--output text`, which separates them with tabs."""
    return [json.loads(text) for text in output.strip().split("\t") if text not in ("", "None")]


def lookup_checks(by_name: dict[str, Account]) -> list[Check]:
    """Runs the commands of the guides on the event files and on the emulator's own recorder.

    The commands of a page find different events, those of all pages every management event.
    """
    checks, found_by_any = [], set()
    for page in PAGES:
        found_on_page: list[str] = []
        for row in lookups(page):
            for name in row.accounts:
                account = by_name[name]
                with EventHistory(account.id).running() as url:
                    variables = {**NAMES, "AWS_ENDPOINT_URL_CLOUDTRAIL": url}
                    result = account.shell(row.command, ROOT, **variables)
                found = _printed_events(result.stdout)
                kinds = {(one["eventSource"], one["eventName"]) for one in found}
                claim = f"{page.name}: {row.name} of {row.source} is found in {name}"
                holds = kinds == {(row.source, row.name)}
                checks.append(Check(claim, holds, f"{row.command}: {kinds} {result.stderr}"))
                found_on_page += [one["eventID"] for one in found]
                result = account.shell(row.command, ROOT, **NAMES)
                claim = f"{page.name}: the emulator accepts the command in {name}: {row.name}"
                checks.append(Check(claim, result.returncode == 0, result.stderr))
        once = found_on_page and len(found_on_page) == len(set(found_on_page))
        claim = f"{page.name}: each event is found once"
        checks.append(Check(claim, bool(once), str(found_on_page)))
        found_by_any |= set(found_on_page)
    for name, one in events().items():
        # The data events are found by SQL; nobody looks for an identity provider.
        if one["managementEvent"] and "saml" not in name:
            claim = f"a command of the guides finds {name}"
            checks.append(Check(claim, one["eventID"] in found_by_any, one["eventID"]))
    return [*checks, _recorder_check(by_name["B"])]


def _recorder_check(account: Account) -> Check:
    """Checks that an event that the emulator records has the fields of the event files."""
    athena = account.client("athena")
    output = {"OutputLocation": f"s3://{fixtures.RESULTS}/"}
    athena.start_query_execution(QueryString="SELECT 1", ResultConfiguration=output)
    command = next(row.command for row in lookups(PAGES[0]) if row.name == "StartQueryExecution")
    recorded = _printed_events(account.shell(command, ROOT, **NAMES).stdout)
    unknown = [sorted(set(one) - set(event("query-started"))) for one in recorded]
    claim = "the emulator's recorder finds a query, with the fields of query-started"
    return Check(claim, bool(unknown) and not any(unknown), f"{unknown}")


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
        _by_account(_replaced(access, session, other_session), fixtures.UNRELATED),
        _replaced(_changed(read, eventTime="2026-07-01T11:00:00Z"), session, other_session),
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
    blocks = [block for page in PAGES for block in _audit_blocks(page) if block.language == "sql"]
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


def _audit_blocks(page: Path) -> list[CodeBlock]:
    return [block for block in code_blocks(page) if block.section == SECTION]


def selector_checks(account: Account) -> list[Check]:
    """Runs the commands that add data events to a trail, twice."""
    trail = account.client("cloudtrail")
    trail.create_trail(Name="management-events", S3BucketName=f"trail-{account.id}")
    [block] = [block for block in _audit_blocks(PAGES[0]) if "put-event-selectors" in block.text]
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


def _deploy_missing(by_name: dict[str, Account]) -> list[tuple[Account, str]]:
    """Deploys the stacks of the guides' sections that do not exist, and returns them."""
    created = []
    for page in PAGES:
        for block in _audit_blocks(page):
            if block.in_aws or "deploy/audit.yaml" not in block.text:
                continue
            account = by_name[block.label.partition(" as ")[0]]
            [stack] = re.findall(r"--stack-name (\S+)", block.text)
            try:
                account.client("cloudformation").describe_stacks(StackName=stack)
            except ClientError:
                result = account.shell(block.text, ROOT, **NAMES)
                if result.returncode:
                    raise SystemExit(f"{page}: {block.text}{result.stderr}") from None
                created.append((account, stack))
    return created


def audit_checks(accounts: Accounts) -> list[Check]:
    """Checks the notifications of the deployed stacks, and the commands and SQL of the guides.

    Stacks that the guides have not deployed yet are deployed, and deleted afterwards.
    """
    by_name = accounts.by_label()
    created = _deploy_missing(by_name)
    checks = []
    for stack, (name, rule, _) in RULES.items():
        checks += rule_checks(by_name[name], stack, rule)
    for stack, (name, workgroup, threshold) in ALARMS.items():
        checks += alarm_checks(by_name[name], stack, workgroup, threshold)
    checks += parameter_checks(accounts.a)
    checks += lookup_checks(by_name)
    checks += sql_checks()
    checks += selector_checks(accounts.a)
    for account, stack in created:
        account.client("cloudformation").delete_stack(StackName=stack)
    return checks
