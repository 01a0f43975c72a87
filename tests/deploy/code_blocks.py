"""Fenced code blocks of a page, run as written, section by section.

The fence of a shell block names the account that runs it, such as `A` or `QUICK`, and optionally a
role of it (`A as ConnectorAdmin`); so does its first line, for readers. Variables that a block
assigns at the start of a line, in capitals, keep their values in the next blocks, as in one
terminal. Blocks marked `in AWS` need real accounts; every other block must be run by some test,
which `unused_blocks` verifies.
"""

import re
import shlex
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.account import Account

FENCE = re.compile(
    r"^## (?P<section>[^\n]+)$"
    r"|^ *```(?P<language>sh|bash|shell|sql)(?P<label>[\w ]*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
IN_AWS = "in AWS"
STACK = re.compile(r"--stack-name (\S+)")
ASSIGNMENT = re.compile(r"^([A-Z_]+)=", re.MULTILINE)
VARIABLES_MARK = "== variables =="


@dataclass(frozen=True)
class CodeBlock:
    """A block, and the heading of its section."""

    section: str
    label: str
    text: str
    language: str

    @property
    def in_aws(self) -> bool:
        return self.label.endswith(IN_AWS)


_used: set[tuple[Path, CodeBlock]] = set()


def code_blocks(page: Path) -> list[CodeBlock]:
    section, blocks = "", []
    for match in FENCE.finditer(page.read_text()):
        if match["section"]:
            section = match["section"]
            continue
        text = textwrap.dedent(match["text"])
        blocks.append(CodeBlock(section, match["label"].strip(), text, match["language"]))
    return blocks


def sql_statements(page: Path) -> list[str]:
    """Returns the SQL statements of a page, except those that need real accounts."""
    statements = []
    for block in code_blocks(page):
        if block.language == "sql" and not block.in_aws:
            _used.add((page, block))
            statements += [part.strip() for part in block.text.split(";") if part.strip()]
    return statements


def used_sections() -> set[str]:
    """Returns the sections of which a block has been run, such as `quick: Hub`."""
    return {f"{page.stem}: {block.section}" for page, block in _used}


def unnamed_blocks(page: Path) -> list[str]:
    """Returns the shell blocks whose first line does not name the account and role of the fence."""
    wrong = []
    for block in code_blocks(page):
        if block.language != "sh":
            continue
        account, _, role = block.label.removesuffix(IN_AWS).strip().partition(" as ")
        expected = f"# account {account}" + (f", as {role}" if role else "")
        expected += " (needs real accounts)" if block.in_aws else ""
        first = block.text.splitlines()[0]
        if first != expected:
            wrong.append(f"{block.section}: {first!r}, expected {expected!r}")
    return wrong


def unused_blocks(page: Path) -> list[str]:
    """Returns the first lines of blocks that no test has run and that do not need real accounts."""
    return [
        f"{block.language} {block.label}: {block.text.splitlines()[0]}"
        for block in code_blocks(page)
        if (page, block) not in _used and not block.in_aws
    ]


@dataclass(eq=False)
class PageRunner:
    """Runs the shell blocks of a page, with the credentials of each block's account."""

    page: Path
    root: Path
    accounts: dict[str, Account]
    variables: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    _changed: dict[tuple[str, str], float] = field(default_factory=dict)

    def run(self, *sections: str) -> list[str]:
        """Runs the blocks of the sections, in page order, and returns their outputs."""
        outputs = []
        for section in sections:
            selected = [
                block
                for block in code_blocks(self.page)
                if block.language == "sh" and block.section == section and not block.in_aws
            ]
            if not selected:
                raise SystemExit(f"{self.page} has no shell block in the section {section!r}")
            for block in selected:
                outputs.append(self._run(block))
                _used.add((self.page, block))
        return outputs

    def _account(self, label: str) -> Account:
        name, _, role = label.partition(" as ")
        account = self.accounts[name]
        return account.role(role) if role else account

    def _run(self, block: CodeBlock) -> str:
        # The AWS CLI names change sets by the second, and the emulator is faster than that.
        stacks = [(block.label, stack) for stack in STACK.findall(block.text)]
        ended = max((self._changed.get(stack, 0) for stack in stacks), default=0)
        time.sleep(max(0, ended + 1 - time.monotonic()))
        names = sorted({*self.variables, *ASSIGNMENT.findall(block.text)})
        print_variables = f"\necho {shlex.quote(VARIABLES_MARK)}\n"
        print_variables += "".join(f'echo "{name}=${{{name}-}}"\n' for name in names)
        started = time.monotonic()
        account = self._account(block.label)
        result = account.shell(block.text + print_variables, self.root, **self.variables)
        ended = time.monotonic()
        self._changed |= dict.fromkeys(stacks, ended)
        self.seconds += ended - started
        if result.returncode:
            output = result.stdout[-3000:] + result.stderr[-3000:]
            raise SystemExit(
                f"{self.page}, {block.section}: {block.label} failed:\n{block.text}\n{output}"
            )
        output, _, assignments = result.stdout.partition(VARIABLES_MARK)
        for line in assignments.strip().splitlines():
            name, _, value = line.partition("=")
            self.variables[name] = value
        return output
