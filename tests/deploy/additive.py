"""Additive mutations: each policy is widened in every way of `widening`, and some row notices.

The rows are those of the matrix, of `guardrails.tsv` and of `closed.tsv`. A mutation that no row
notices has to be listed in `explained-mutations.tsv` with the reason why it lets no principal do
more; at most `MOST_EXPLAINED` may be.
"""

import csv
from dataclasses import dataclass, replace

from tests.deploy.guardrails import POLICIES
from tests.deploy.matrix import Deployment, RowIndex
from tests.deploy.rows import CASES
from tests.deploy.simulator import Simulator
from tests.deploy.widening import Subject, Widening

FILE = "explained-mutations.tsv"
MOST_EXPLAINED = 6
SAMPLE = 100  # rows of a mutation that are evaluated first


@dataclass(frozen=True)
class Outcome:
    """The number of mutations, of those that a row notices and of explained ones; and errors."""

    total: int
    noticed: int
    explained: int
    errors: list[str]


def explanations() -> dict[str, str]:
    """Returns the reason of each mutation that no row notices."""
    with (CASES / FILE).open(newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return {row["mutation"]: row["because"] for row in rows}


def widenings(deployment: Deployment, simulator: Simulator) -> list[Widening]:
    """Returns every mutation of every policy; of the statements of a template only one each."""
    resources = deployment.resources
    owners = {resources.policy(arn): arn for arn in resources.names.values()}
    seen: dict[str, set[str]] = {}  # statements by the first two letters, the kind of policy
    subjects = []
    for name in POLICIES:
        document = deployment.policies[name]
        known = seen.setdefault(name[:2], set())
        subjects.append(Subject(name, document, owners.get(name), frozenset(known)))
        known |= {statement["Sid"] for statement in document["Statement"]}
    patterns = [pattern for subject in subjects for pattern in subject.patterns()]
    actions = dict(zip(patterns, simulator.expand(patterns), strict=True))
    return [widening for subject in subjects for widening in subject.widenings(actions)]


def _noticed(
    mutations: list[Widening], deployment: Deployment, simulator: Simulator, rows: RowIndex
) -> set[str]:
    """Returns the mutations that a row notices.

    An edit usually changes many decisions, so some rows of each are evaluated first, and all of
    them only for the rest.
    """
    noticed: set[str] = set()
    for most in (SAMPLE, None):
        rest = [mutation for mutation in mutations if str(mutation) not in noticed]
        groups = []
        for mutation in rest:
            changed = {**deployment.policies, mutation.policy: mutation.document}
            widened = replace(deployment, policies=changed)
            affected = rows.affected(mutation.policy, mutation.actions)
            step = len(affected) // most + 1 if most else 1
            groups.append([widened.simulation(row) for row in affected[::step]])
        found = simulator.first_unexpected(groups)
        noticed |= {str(mutation) for mutation, row in zip(rest, found, strict=True) if row}
    return noticed


def a_row_notices_each_widening(
    deployment: Deployment, simulator: Simulator, rows: RowIndex
) -> Outcome:
    """Evaluates, for each mutation, rows until one has another decision."""
    mutations = widenings(deployment, simulator)
    noticed = _noticed(mutations, deployment, simulator, rows)
    unnoticed = {str(mutation) for mutation in mutations} - noticed
    explained = set(explanations())
    errors = [f"no row notices {mutation}" for mutation in sorted(unnoticed - explained)]
    errors += [
        f"{FILE} lists {name!r}, which a row notices or which does not exist"
        for name in sorted(explained - unnoticed)
    ]
    if len(explained) > MOST_EXPLAINED:
        errors.append(f"{FILE} has {len(explained)} mutations, at most {MOST_EXPLAINED} may be")
    total = len(mutations)
    return Outcome(total, total - len(unnoticed), len(explained & unnoticed), errors)
