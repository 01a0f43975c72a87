"""Look-ups of the sections *Audit* of the guides, in an event history of the recorded events."""

import json
import os
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.audit_events import Json, event, events
from tests.deploy.report import Check
from tests.servers import ROOT

PAGES = [
    ROOT / f"docs/deploy/{name}.md"
    for name in ("administrator", "analyst", "quick", "lake-formation")
]
# Account names in the guides.
NAMES = {"A": fixtures.A, "B": fixtures.B, "RETAIL": fixtures.B, "QUICK": fixtures.QUICK}


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


@dataclass(frozen=True)
class LookupResult:
    """Events that a command has found, and checks of the command."""

    page: Path
    found: list[str]  # ids
    checks: list[Check]


def _look_up(page: Path, row: Lookup, account: Account, name: str) -> LookupResult:
    """Runs a command on the event files and on the emulator's own recorder."""
    with EventHistory(account.id).running() as url:
        variables = {**NAMES, "AWS_ENDPOINT_URL_CLOUDTRAIL": url}
        result = account.shell(row.command, ROOT, **variables)
    found = _printed_events(result.stdout)
    kinds = {(one["eventSource"], one["eventName"]) for one in found}
    holds = kinds == {(row.source, row.name)}
    accepted = account.shell(row.command, ROOT, **NAMES)
    checks = [
        Check(
            f"{page.name}: {row.name} of {row.source} is found in {name}",
            holds,
            f"{row.command}: {kinds} {result.stderr}",
        ),
        Check(
            f"{page.name}: the emulator accepts the command in {name}: {row.name}",
            accepted.returncode == 0,
            accepted.stderr,
        ),
    ]
    return LookupResult(page, [one["eventID"] for one in found], checks)


def lookup_checks(by_name: dict[str, Account]) -> list[Check]:
    """Runs the commands of the guides.

    The commands of a page find different events, those of all pages every management event.
    """
    commands = [
        (page, row, by_name[name], name)
        for page in PAGES
        for row in lookups(page)
        for name in row.accounts
    ]
    # Most of the time of a command is the start of the AWS CLI.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda command: _look_up(*command), commands))
    checks = [check for result in results for check in result.checks]
    found_by_any = {event_id for result in results for event_id in result.found}
    for page in PAGES:
        found = [event_id for result in results if result.page == page for event_id in result.found]
        once = bool(found) and len(found) == len(set(found))
        checks.append(Check(f"{page.name}: each event is found once", once, str(found)))
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
