"""The commands of a page, run as they stand: `deploy/README.md`, and the guides where they have some of their own.

A block of the page is fenced with ```sh and the account that runs it: `A`, `B`, `QUICK`, and more words if it is not for now (`A later`)
or for somebody else (`A as ConnectorAdmin`). What a block assigns at the beginning of a line in capitals is kept for the next ones,
as it would be in somebody's shell. SQL is fenced with ```sql. A block `in AWS` is for real accounts alone; every other one has to be
run by somebody, which `unread` tells.
"""

import os
import re
import shlex
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

from proof.account import Account

FENCE = re.compile(
    r"^ *```(?P<language>sh|bash|shell|sql)(?P<who>[\w ]*)\n(?P<script>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
IN_AWS = "in AWS"
ASSIGNED = re.compile(r"^([A-Z_]+)=", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    who: str
    script: str
    language: str = "sh"


_READ: set[tuple[Path, Block]] = set()


def blocks(page: Path) -> list[Block]:
    return [
        Block(match["who"].strip(), textwrap.dedent(match["script"]), match["language"])
        for match in FENCE.finditer(page.read_text())
    ]


def statements(page: Path) -> list[str]:
    """The SQL of a page, one statement each, but for what is for AWS alone."""
    found = []
    for block in blocks(page):
        if block.language == "sql" and not block.who.endswith(IN_AWS):
            _READ.add((page, block))
            found += [part.strip() for part in block.script.split(";") if part.strip()]
    return found


def unread(page: Path) -> list[str]:
    """The first lines of the blocks of a page that nobody has run and that are not for AWS alone."""
    left = [block for block in blocks(page) if (page, block) not in _READ and not block.who.endswith(IN_AWS)]
    return [f"{block.language} {block.who}: {block.script.splitlines()[0]}" for block in left]


@dataclass
class Reader:
    """Somebody who goes through the page, with a shell of their own in each account."""

    page: Path
    root: Path
    accounts: dict[str, Account]
    variables: dict[str, str] = field(default_factory=dict)
    seconds: float = 0

    def names(self) -> None:
        """Reads the block of names, with the architecture of this machine."""
        (block,) = [block for block in blocks(self.page) if block.who == "names"]
        _READ.add((self.page, block))
        script = block.script
        arm = os.uname().machine in ("aarch64", "arm64")
        script = re.sub(
            r"^ARCHITECTURE=\w+", f"ARCHITECTURE={'arm64' if arm else 'x86_64'}", script, flags=re.MULTILINE
        )
        self._run(Block("A", script))

    def follow(self, *who: str) -> int:
        """Runs the blocks whose fence says one of `who`, in the order of the page, and says how many there were."""
        return len(self.each(*who))

    def each(self, *who: str) -> list[str]:
        """As `follow`, with what each block printed."""
        chosen = [block for block in blocks(self.page) if block.language == "sh" and block.who in who]
        if not chosen:
            raise SystemExit(f"{self.page} has no block for {who}")
        outputs = []
        for block in chosen:
            outputs.append(self._run(block))
            _READ.add((self.page, block))
        return outputs

    def _run(self, block: Block) -> str:
        account = self.accounts.get(block.who) or self.accounts[block.who.split()[0]]
        kept = sorted({*self.variables, *ASSIGNED.findall(block.script)})
        mark = "== variables =="
        tail = f"\necho {shlex.quote(mark)}\n" + "".join(f'echo "{name}=${{{name}-}}"\n' for name in kept)
        began = time.monotonic()
        done = account.shell(block.script + tail, self.root, **self.variables)
        self.seconds += time.monotonic() - began
        if done.returncode:
            raise SystemExit(f"{block.who} cannot run\n{block.script}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        output, _, assigned = done.stdout.partition(mark)
        for line in assigned.strip().splitlines():
            name, _, value = line.partition("=")
            self.variables[name] = value
        return output
