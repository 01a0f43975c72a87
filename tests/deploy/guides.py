"""The guides in docs/deploy, followed by their readers in the deployed environment."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.deploy import enforcement, fixtures
from tests.deploy.account import Account
from tests.deploy.code_blocks import PageRunner, sql_statements, unnamed_blocks, unused_blocks
from tests.deploy.enforcement import Engine
from tests.deploy.environment import Accounts
from tests.deploy.report import Check
from tests.servers import ROOT

ADMINISTRATOR, ANALYST, LAKE_FORMATION, QUICK = (
    f"docs/deploy/{name}.md" for name in ("administrator", "analyst", "lake-formation", "quick")
)
PAGES = (ADMINISTRATOR, ANALYST, LAKE_FORMATION, QUICK)
# A command in a row of a table, prefixed with `A:` or `account A:` if account A has to run it, and
# with `account B:` if B has to.
COMMAND = re.compile(r"(?P<a>(?:account )?A: )?(?P<b>account B: )?`(?P<command>aws [^`]+)`")
READ_ONLY = ("get-", "list-", "head-", "describe-")
PLACEHOLDERS = {
    "--bucket NAME": f"--bucket {fixtures.SPILL}",
    "NAME": fixtures.FUNCTION_NAME,
    "ROLE_ARN": fixtures.ANALYST,
    "ROLE": "AthenaAnalyst",
}
NATIONS = 25  # rows of tpch's nation, at every scale


@dataclass(frozen=True)
class Pages:
    """The guides, each with the variables of its reader's terminal."""

    administrator: PageRunner
    analyst: PageRunner
    lake_formation: PageRunner
    quick: PageRunner

    @classmethod
    def of(cls, accounts: Accounts) -> "Pages":
        labels = accounts.by_label()
        pages = (ADMINISTRATOR, ANALYST, LAKE_FORMATION, QUICK)
        return cls(*(PageRunner(ROOT / page, ROOT, labels) for page in pages))

    def all(self) -> tuple[PageRunner, ...]:
        return (self.administrator, self.analyst, self.lake_formation, self.quick)


def administrator_checks(pages: Pages) -> list[Check]:
    """Runs the query and the doctor of the administrator's guide."""
    query, doctor = pages.administrator.run("Verify")
    counted = f'"{NATIONS}"' in query.split()
    return [
        Check("the administrator's query counts the nations", counted, query),
        _no_findings("account A", doctor),
    ]


def analyst_checks(pages: Pages, engine: Engine, accounts: Accounts) -> list[Check]:
    """Runs the doctor and, as the analyst through Athena, the queries of the analyst's guide."""
    [doctor] = pages.analyst.run("Verify")
    checks = [_no_findings("account B", doctor)]
    analyst = accounts.b.role("AthenaAnalyst", enforcement.VIA_ATHENA)
    for sql in sql_statements(ROOT / ANALYST):
        result = engine.query(analyst, sql=sql)
        if sql.startswith("SHOW"):
            holds = '"sf0_01"' in result.lines
        else:
            holds = len(result.lines) == NATIONS + 1
        checks.append(Check(f"the analyst's query {sql}", holds, str(result)))
    return checks


# Texts of the guides about which no command says anything.
TEXTS = {
    "administrator": ("Hive", "Glue connection", "*Actions*, *Share*", "*Custom or shared connector*"),
    "quick": ("Enterprise edition",),
    "lake-formation": ("ETL jobs", "Redshift Spectrum", "SSE-KMS-WITH-SERVICE-ROLE", "query history"),
}


def text_checks() -> list[Check]:
    """Checks that the guides name what cannot be shared, paths of consoles, and limits."""
    return [
        Check(
            f"the guide {page} names the limit: {text.strip('*').partition('*')[0]}",
            text in (ROOT / f"docs/deploy/{page}.md").read_text(),
            text,
        )
        for page, texts in TEXTS.items()
        for text in texts
    ]


def cost_checks(pages: Pages) -> list[Check]:
    """Checks who pays: a connector's account for its function, the consumer for everything else."""
    [administrator], [quick] = (page.run("Cost") for page in (pages.administrator, pages.quick))
    totals = [
        (account.strip(), float(month), float(queries))
        for account, month, queries in re.findall(r"^(.+?)TOTAL +([\d.]+) +([\d.]+)$", quick, re.M)
    ]
    connector, glue = totals[:3], totals[3:6]
    owner_pays = connector[0][1] > 0 and connector[0][2] > 0 and connector[1][2] > 0
    idle_is_the_keys = sum(month for _, month, _ in connector) == 2
    consumer_pays = glue[0][1:] == (0, 0) and glue[1][2] > 0
    return [
        Check("the connector's account pays for its function", owner_pays, quick),
        Check("an idle connector costs its two keys", idle_is_the_keys, quick),
        Check("the consumer account pays for Glue tables", consumer_pays, quick),
        Check("both guides print the same", administrator in quick, administrator),
    ]


def _no_findings(account: str, report: str) -> Check:
    last_line = (report.strip().splitlines() or [""])[-1]
    claim = f"the doctor reports no findings for the templates in {account}"
    return Check(claim, last_line.startswith("0 problems"), report)


def troubleshooting_checks(pages: Pages, accounts: Accounts) -> list[Check]:
    """Runs the read-only commands of the troubleshooting tables."""
    owners = {
        pages.administrator: accounts.a,
        pages.analyst: accounts.b,
        pages.lake_formation: accounts.b,
        pages.quick: accounts.quick,
    }
    commands = []
    for page, owner in owners.items():
        for line in page.page.read_text().splitlines():
            for match in COMMAND.finditer(line) if line.startswith("|") else ():
                service, action = match["command"].split()[1:3]
                if service == "ram" or not action.startswith(READ_ONLY):
                    continue
                account = accounts.a if match["a"] else accounts.b if match["b"] else owner
                commands.append((page, account, match["command"]))
    # Most of the time of a command is the start of the AWS CLI.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda command: _command_check(*command), commands))


def _command_check(page: PageRunner, account: Account, command: str) -> Check:
    for placeholder, value in PLACEHOLDERS.items():
        command = re.sub(rf"\b{placeholder}\b" if placeholder[0] != "-" else placeholder, value, command)
    result = account.shell(command, ROOT, **page.variables)
    return Check(f"{page.page.name}: {command}", result.returncode == 0, result.stderr[-300:])


def block_checks() -> list[Check]:
    """Checks that every block of every page names its account, and was run.

    Blocks that need real accounts are not run.
    """
    checks = []
    for page in PAGES:
        unused, unnamed = unused_blocks(ROOT / page), unnamed_blocks(ROOT / page)
        checks += [
            Check(f"every block of {page} was run", not unused, str(unused)),
            Check(f"every block of {page} names its account", not unnamed, str(unnamed)),
        ]
    return checks
