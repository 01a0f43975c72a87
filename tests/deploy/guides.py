"""The guides in docs/deploy, followed by their readers in the deployed environment."""

import re

from tests.deploy import enforcement, fixtures
from tests.deploy.account import Account
from tests.deploy.code_blocks import PageRunner, sql_statements, unused_blocks
from tests.deploy.enforcement import Engine
from tests.deploy.environment import Accounts
from tests.deploy.report import Check
from tests.servers import ROOT

README = "deploy/README.md"
ADMINISTRATOR, ANALYST, LAKE_FORMATION, QUICK = (
    f"docs/deploy/{name}.md" for name in ("administrator", "analyst", "lake-formation", "quick")
)
PAGES = (README, ADMINISTRATOR, ANALYST, LAKE_FORMATION, QUICK)
# A command in a row of a table, prefixed with `A:` or `account A:` if account A has to run it.
COMMAND = re.compile(r"(?P<a>(?:account )?A: )?`(?P<command>aws [^`]+)`")
READ_ONLY = ("get-", "list-", "head-", "describe-")
PLACEHOLDERS = {
    "--bucket NAME": f"--bucket {fixtures.SPILL}",
    "NAME": fixtures.FUNCTION_NAME,
    "ROLE_ARN": fixtures.ANALYST,
    "ROLE": "AthenaAnalyst",
}
NATIONS = 25  # rows of tpch's nation, at every scale


def administrator_checks(accounts: Accounts) -> list[Check]:
    """Runs the query and the doctor of the administrator's guide."""
    owner = accounts.a.role("OwnerAdmin")
    runner = PageRunner(ROOT / ADMINISTRATOR, ROOT, {"A as OwnerAdmin": owner})
    query, doctor = runner.run("A as OwnerAdmin")
    counted = f'"{NATIONS}"' in query.split()
    return [
        Check("the administrator's query counts the nations", counted, query),
        _no_findings("account A", doctor),
    ]


def analyst_checks(engine: Engine, accounts: Accounts) -> list[Check]:
    """Runs the doctor and, as the analyst through Athena, the queries of the analyst's guide."""
    [doctor] = PageRunner(ROOT / ANALYST, ROOT, {"B": accounts.b}).run("B")
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


def _no_findings(account: str, report: str) -> Check:
    last_line = (report.strip().splitlines() or [""])[-1]
    claim = f"the doctor reports no findings for the templates in {account}"
    return Check(claim, last_line.startswith("0 problems"), report)


def troubleshooting_checks(accounts: Accounts) -> list[Check]:
    """Runs the read-only commands of the troubleshooting tables."""
    owners = {
        ADMINISTRATOR: accounts.a,
        ANALYST: accounts.b,
        LAKE_FORMATION: accounts.b,
        QUICK: accounts.quick,
    }
    # The mock knows an account by a role of it.
    lake_admins = {
        fixtures.A: accounts.mock_a.role("LakeAdmin"),
        fixtures.B: accounts.mock_b.role("LakeAdmin"),
    }
    checks = []
    for page, owner in owners.items():
        for line in (ROOT / page).read_text().splitlines():
            for match in COMMAND.finditer(line) if line.startswith("|") else ():
                command = match["command"]
                service, action = command.split()[1:3]
                if service == "ram" or not action.startswith(READ_ONLY):
                    continue
                account = accounts.a if match["a"] else owner
                if service == "lakeformation":
                    account = lake_admins[account.id]
                checks.append(_command_check(page, account, command))
    return checks


def _command_check(page: str, account: Account, command: str) -> Check:
    for placeholder, value in PLACEHOLDERS.items():
        command = command.replace(placeholder, value)
    result = account.shell(command, ROOT)
    return Check(f"{page}: {command}", result.returncode == 0, result.stderr[-300:])


def coverage_checks() -> list[Check]:
    """Checks that every block of every page was run, except those that need real accounts."""
    unused = {page: unused_blocks(ROOT / page) for page in PAGES}
    return [
        Check(f"every block of {page} was run", not blocks, str(blocks))
        for page, blocks in unused.items()
    ]
