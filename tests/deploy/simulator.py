"""The policy simulator, a package of Node.js that `simulate.mjs` runs."""

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# The fewest groups for which a second process is worth its start.
FEWEST_GROUPS = 100
PROGRAM = Path(__file__).parent / "simulate.mjs"

Policy = dict[str, Any]


@dataclass(frozen=True)
class Simulation:
    """A request, and the policies that take part in its decision."""

    id: str  # for error messages
    request: dict[str, Any]
    identity: tuple[Policy, ...] = ()
    session: Policy | None = None
    resource: Policy | None = None
    boundary: Policy | None = None
    expected: str = "deny"
    lenient: bool = False  # condition keys that do not apply to the action are ignored


@dataclass(frozen=True)
class ActionPattern:
    """Actions such as `s3:*` of which requests can have the resource and the condition keys."""

    actions: str
    resource: str
    keys: tuple[str, ...] = ()


class _Documents:
    """The policies of simulations, each of them once, although many simulations refer to it."""

    def __init__(self) -> None:
        self.policies: list[Policy] = []
        self._positions: dict[int, int] = {}

    def position(self, policy: Policy | None) -> int | None:
        if policy is None:
            return None
        # By identity: the list keeps the policy alive, so that no other one can get its id.
        if id(policy) not in self._positions:
            self._positions[id(policy)] = len(self.policies)
            self.policies.append(policy)
        return self._positions[id(policy)]

    def refer(self, simulation: Simulation) -> dict[str, Any]:
        return {
            "id": simulation.id,
            "request": simulation.request,
            "identity": [self.position(policy) for policy in simulation.identity],
            "session": self.position(simulation.session),
            "resource": self.position(simulation.resource),
            "boundary": self.position(simulation.boundary),
            "expected": simulation.expected,
            "lenient": simulation.lenient,
        }


@dataclass(frozen=True)
class Simulator:
    """Runs the package in a folder `node_modules`."""

    node_modules: Path

    def decisions(self, simulations: Iterable[Simulation]) -> list[str]:
        """Returns `allow` or `deny` for each simulation."""
        # One each, so that they are divided among the processes.
        answers = self._evaluate([[simulation] for simulation in simulations], stop=False)
        return [decision for [decision] in answers]

    def first_unexpected(self, groups: Iterable[Sequence[Simulation]]) -> list[str | None]:
        """Returns, for each group, the id of its first simulation with an unexpected decision."""
        kept = [list(group) for group in groups]
        answers = self._evaluate(kept, stop=True)
        found: list[str | None] = []
        for group, decisions in zip(kept, answers, strict=True):
            last = group[len(decisions) - 1] if decisions else None
            found.append(last.id if last and decisions[-1] != last.expected else None)
        return found

    def expand(self, patterns: Sequence[ActionPattern]) -> list[list[str]]:
        """Returns the actions that match each pattern."""
        return self._run({"expand": [asdict(pattern) for pattern in patterns]})

    def _evaluate(self, groups: list[list[Simulation]], stop: bool) -> list[list[str]]:
        """Returns the decisions of each group, evaluated by a process for each processor."""
        count = min(os.cpu_count() or 1, len(groups) // FEWEST_GROUPS + 1)
        parts = [groups[first::count] for first in range(count)]
        with ThreadPoolExecutor(count) as pool:
            answers = list(pool.map(lambda part: self._evaluate_part(part, stop), parts))
        return [answers[at % count][at // count] for at in range(len(groups))]

    def _evaluate_part(self, groups: list[list[Simulation]], stop: bool) -> list[list[str]]:
        documents = _Documents()
        referring = [[documents.refer(simulation) for simulation in group] for group in groups]
        return self._run({"documents": documents.policies, "stop": stop, "groups": referring})

    def _run(self, document: dict[str, Any]) -> Any:
        result = subprocess.run(
            ["node", str(PROGRAM), str(self.node_modules.parent)],
            input=json.dumps(document),
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise SystemExit(f"the policy simulator failed: {result.stderr.strip()[-3000:]}")
        return json.loads(result.stdout)
