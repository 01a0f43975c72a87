"""Fenced code blocks of a page, run as written.

The fence of a shell block names the account that runs it: `A`, `B` or `QUICK`, followed by words if
the block belongs to a later step (`A later`) or to another principal (`A as ConnectorAdmin`).
Variables that a block assigns at the start of a line, in capitals, keep their values in the next
blocks, as in one terminal. Blocks marked `in AWS` need real accounts; every other block must be run
by some test, which `unused_blocks` verifies.
"""

import os
import re
import shlex
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.account import Account

FENCE = re.compile(
    r"^ *```(?P<language>sh|bash|shell|sql)(?P<label>[\w ]*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
IN_AWS = "in AWS"
ASSIGNMENT = re.compile(r"^([A-Z_]+)=", re.MULTILINE)
VARIABLES_MARK = "== variables =="


@dataclass(frozen=True)
class CodeBlock:
    label: str
    text: str
    language: str = "sh"


_used: set[tuple[Path, CodeBlock]] = set()


def code_blocks(page: Path) -> list[CodeBlock]:
    return [
        CodeBlock(match["label"].strip(), textwrap.dedent(match["text"]), match["language"])
        for match in FENCE.finditer(page.read_text())
    ]


def sql_statements(page: Path) -> list[str]:
    """Returns the SQL statements of a page, except those that need real accounts."""
    statements = []
    for block in code_blocks(page):
        if block.language == "sql" and not block.label.endswith(IN_AWS):
            _used.add((page, block))
            statements += [part.strip() for part in block.text.split(";") if part.strip()]
    return statements


def unused_blocks(page: Path) -> list[str]:
    """Returns the first lines of blocks that no test has run and that do not need real accounts."""
    return [
        f"{block.language} {block.label}: {block.text.splitlines()[0]}"
        for block in code_blocks(page)
        if (page, block) not in _used and not block.label.endswith(IN_AWS)
    ]


@dataclass
class PageRunner:
    """Runs the shell blocks of a page, with the credentials of each block's account."""

    page: Path
    root: Path
    accounts: dict[str, Account]
    variables: dict[str, str] = field(default_factory=dict)
    seconds: float = 0

    def run_names(self) -> None:
        """Runs the block `names`, with the architecture of this machine."""
        [block] = [block for block in code_blocks(self.page) if block.label == "names"]
        _used.add((self.page, block))
        arm = os.uname().machine in ("aarch64", "arm64")
        assignment = f"ARCHITECTURE={'arm64' if arm else 'x86_64'}"
        text = re.sub(r"^ARCHITECTURE=\w+", assignment, block.text, flags=re.MULTILINE)
        self._run(CodeBlock("A", text))

    def run(self, *labels: str) -> list[str]:
        """Runs the blocks with one of the labels, in page order, and returns their outputs."""
        selected = [
            block
            for block in code_blocks(self.page)
            if block.language == "sh" and block.label in labels
        ]
        if not selected:
            raise SystemExit(f"{self.page} has no block with the label {' or '.join(labels)}")
        outputs = []
        for block in selected:
            outputs.append(self._run(block))
            _used.add((self.page, block))
        return outputs

    def _run(self, block: CodeBlock) -> str:
        account = self.accounts.get(block.label) or self.accounts[block.label.split()[0]]
        names = sorted({*self.variables, *ASSIGNMENT.findall(block.text)})
        print_variables = f"\necho {shlex.quote(VARIABLES_MARK)}\n"
        print_variables += "".join(f'echo "{name}=${{{name}-}}"\n' for name in names)
        started = time.monotonic()
        result = account.shell(block.text + print_variables, self.root, **self.variables)
        self.seconds += time.monotonic() - started
        if result.returncode:
            output = result.stdout[-3000:] + result.stderr[-3000:]
            raise SystemExit(f"{self.page}: {block.label} failed:\n{block.text}\n{output}")
        output, _, assignments = result.stdout.partition(VARIABLES_MARK)
        for line in assignments.strip().splitlines():
            name, _, value = line.partition("=")
            self.variables[name] = value
        return output
