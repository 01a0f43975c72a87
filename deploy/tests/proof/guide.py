"""The commands of a page, run as they stand: `deploy/README.md`, and the guides where they have some of their own.

A block of the page is fenced with ```sh and the account that runs it: `A`, `B`, `QUICK`, and more words if it is not for now (`A later`)
or for somebody else (`A as ConnectorAdmin`). What a block assigns at the beginning of a line in capitals is kept for the next ones,
as it would be in somebody's shell. A block `in AWS` is for real accounts alone.
"""

import os
import re
import shlex
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

from proof.account import Account

FENCE = re.compile(r"^ *```sh (?P<who>[\w ]+)\n(?P<script>.*?)^ *```$", re.MULTILINE | re.DOTALL)
ASSIGNED = re.compile(r"^([A-Z_]+)=", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    who: str
    script: str


def blocks(page: Path) -> list[Block]:
    return [Block(match["who"], textwrap.dedent(match["script"])) for match in FENCE.finditer(page.read_text())]


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
        (script,) = [block.script for block in blocks(self.page) if block.who == "names"]
        arm = os.uname().machine in ("aarch64", "arm64")
        script = re.sub(
            r"^ARCHITECTURE=\w+", f"ARCHITECTURE={'arm64' if arm else 'x86_64'}", script, flags=re.MULTILINE
        )
        self._run(Block("A", script))

    def follow(self, *who: str) -> int:
        """Runs the blocks whose fence says one of `who`, in the order of the page."""
        chosen = [block for block in blocks(self.page) if block.who in who]
        if not chosen:
            raise SystemExit(f"{self.page} has no block for {who}")
        for block in chosen:
            self._run(block)
        return len(chosen)

    def _run(self, block: Block) -> None:
        account = self.accounts.get(block.who) or self.accounts[block.who.split()[0]]
        kept = sorted({*self.variables, *ASSIGNED.findall(block.script)})
        mark = "== variables =="
        tail = f"\necho {shlex.quote(mark)}\n" + "".join(f'echo "{name}=${{{name}-}}"\n' for name in kept)
        began = time.monotonic()
        done = account.shell(block.script + tail, self.root, **self.variables)
        self.seconds += time.monotonic() - began
        if done.returncode:
            raise SystemExit(f"{block.who} cannot run\n{block.script}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        for line in done.stdout.split(mark)[1].strip().splitlines():
            name, _, value = line.partition("=")
            self.variables[name] = value
