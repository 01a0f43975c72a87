"""The guides of docs/deploy, gone through word by word by those they are for, on the standing set-up."""

import re
from pathlib import Path

from proof import cast, live
from proof.guide import Reader, statements, unread
from proof.live import Check
from proof.setting import Accounts

ADMINISTRATOR, ANALYST, LAKE, QUICK = (
    f"docs/deploy/{name}.md" for name in ("administrator", "analyst", "lake-formation", "quick")
)
PAGES = ("deploy/README.md", ADMINISTRATOR, ANALYST, LAKE, QUICK)
# A command in a row of a table, and whether account A has to run it.
COMMAND = re.compile(r"(?P<a>(?:account )?A: )?`(?P<command>aws [^`]+)`")
LOOKS = ("get-", "list-", "head-", "describe-")
NAMES = {"--bucket NAME": f"--bucket {cast.SPILL}", "NAME": cast.FUNCTION_NAME, "ROLE_ARN": cast.ANALYST, "ROLE": "AthenaAnalyst"}
NATIONS = 25  # rows of tpch's nation, whatever the scale


def administrator(accounts: Accounts, root: Path) -> list[Check]:
    """A query of one's own, and a doctor who finds nothing wrong with what the templates made."""
    reader = Reader(root / ADMINISTRATOR, root, {"A as OwnerAdmin": accounts.a.role("OwnerAdmin")})
    outputs = reader.each("A as OwnerAdmin")
    return [
        Check("the administrator's own query counts the nations", f'"{NATIONS}"' in outputs[0].split(), outputs[0]),
        _healthy("of account A", outputs[1]),
    ]


def analyst(engine: Path, accounts: Accounts, root: Path, folder: Path) -> list[Check]:
    """The doctor of account B, and every statement of the page, as the analyst's role through Athena."""
    (report,) = Reader(root / ANALYST, root, {"B": accounts.b}).each("B")
    checks = [_healthy("of account B", report)]
    who = accounts.b.role("AthenaAnalyst", live.VIA_ATHENA)
    for sql in statements(root / ANALYST):
        answer = live.query(engine, who, folder, sql=sql)
        seen = f"{len(answer.rows)} rows {answer.failure}"
        right = '"sf0_01"' in answer.rows if sql.startswith("SHOW") else len(answer.rows) == NATIONS + 1
        checks.append(Check(f"the analyst's {sql}", right, seen))
    return checks


def tables(accounts: Accounts, root: Path) -> list[Check]:
    """The commands of the troubleshooting tables that only look: each is one that AWS takes, with the names of this set-up."""
    owners = {ADMINISTRATOR: accounts.a, ANALYST: accounts.b, LAKE: accounts.b, QUICK: accounts.quick}
    # The recorder knows an account by a role of it.
    recorded = {cast.A: accounts.recorded_a.role("LakeAdmin"), cast.B: accounts.recorded_b.role("LakeAdmin")}
    checks = []
    for page, owner in owners.items():
        for line in (root / page).read_text().splitlines():
            for match in COMMAND.finditer(line) if line.startswith("|") else ():
                service, action = match["command"].split()[1:3]
                if service == "ram" or not action.startswith(LOOKS):
                    continue
                who = accounts.a if match["a"] else owner
                who = recorded[who.id] if service == "lakeformation" else who
                command = match["command"]
                for name, value in NAMES.items():
                    command = command.replace(name, value)
                done = who.shell(command, root)
                checks.append(Check(f"{page}: {command}", done.returncode == 0, done.stderr[-300:]))
    return checks


def _healthy(whose: str, report: str) -> Check:
    last = (report.strip().splitlines() or [""])[-1]
    return Check(f"the doctor {whose} finds nothing wrong with the templates", last.startswith("0 problems"), report)


def whole(root: Path) -> list[Check]:
    """Every block of every page was run by now, but those that are for AWS alone."""
    left = {page: unread(root / page) for page in PAGES}
    return [Check(f"every block of {page} was run", not blocks, str(blocks)) for page, blocks in left.items()]
