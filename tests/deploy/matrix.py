"""The access-control matrix: its rows as requests, evaluated by a policy simulator.

The policies are those deployed. The simulator evaluates a request with the condition keys that the
caller provides; `rows.request_context` provides those that AWS would set.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.deploy import fixtures
from tests.deploy.fixtures import ANONYMOUS, Principal, Resources
from tests.deploy.rows import Row, load_rows, request_context
from tests.deploy.simulator import Policy, Simulation, Simulator

Policies = dict[str, Policy]


@dataclass(frozen=True)
class Deployment:
    """The deployed policies, and the principals and resources of the rows."""

    policies: Policies
    principals: dict[str, Principal]
    resources: Resources

    def principal(self, name: str) -> Principal:
        """Returns the principal of a row: one by its short name, or a service as `svc:NAME`."""
        known = self.principals.get(name)
        return known or Principal(name.removeprefix("svc:"), service=True)

    def simulation(self, row: Row) -> Simulation:
        """Returns the request of a row with every policy that applies to it."""
        principal = self.principal(row.principal)
        arn = self.resources.arn(row.resource)
        owner = principal.account if arn == "*" else fixtures.account_of(arn)
        # RAM evaluates only identity policies, whoever owns the invitation.
        if row.action.startswith("ram:"):
            owner = principal.account
        session = principal.session_policy
        return Simulation(
            id=row.id,
            request={
                "principal": ANONYMOUS if principal.anonymous else principal.arn,
                "action": row.action,
                "resource": {"resource": arn, "accountId": owner},
                "contextVariables": request_context(row, principal, arn, self.resources),
            },
            identity=tuple(self.policies[name] for name in principal.policies),
            session=self.policies[session] if session else None,
            resource=self._resource_policy(row, arn),
            expected=row.expected,
            lenient=row.lenient,
        )

    def _resource_policy(self, row: Row, arn: str) -> Policy | None:
        name = self.resources.policy(arn)
        if not name:
            return None
        policy = self.policies[name]
        if not (row.opened or row.without):
            return policy
        kept = [item for item in policy["Statement"] if item.get("Sid") not in row.without]
        added = [fixtures.ALLOW_ALL] if row.opened else []
        return {**policy, "Statement": [*kept, *added]}

    def policies_of(self, row: Row) -> set[str]:
        """Returns the policies that take part in the decision of a row."""
        principal = self.principal(row.principal)
        of_resource = self.resources.policy(self.resources.arn(row.resource))
        names = {*principal.policies, principal.session_policy, of_resource}
        return {name for name in names if name}


class RowIndex:
    """Rows by the policies that take part in their decisions, and by action."""

    def __init__(self, deployment: Deployment, rows: Iterable[Row]) -> None:
        self._rows: dict[str, dict[str, list[Row]]] = {}
        for row in rows:
            for policy in deployment.policies_of(row):
                by_action = self._rows.setdefault(policy, {})
                by_action.setdefault(row.action.lower(), []).append(row)

    def affected(self, policy: str, actions: Iterable[str]) -> list[Row]:
        """Returns the rows that a statement of a policy, with these actions, can decide."""
        patterns = [action.lower() for action in actions]
        return [
            row
            for action, rows in self._rows.get(policy, {}).items()
            if any(fnmatchcase(action, pattern) for pattern in patterns)
            for row in rows
        ]


@dataclass(frozen=True)
class Outcome:
    """The number of rows, how many of them are allowed, and those with an unexpected decision."""

    total: int
    allowed: int
    errors: list[str]

    @property
    def passed(self) -> int:
        return self.total - len(self.errors)


def run_rows(deployment: Deployment, simulator: Simulator, rows: list[Row]) -> Outcome:
    """Evaluates rows."""
    decisions = simulator.decisions([deployment.simulation(row) for row in rows])
    errors = [
        f"{row.id}: {row.principal} {row.action} {row.resource} [{row.context}]: {decision}, "
        f"expected {row.expected} ({row.proves})"
        for row, decision in zip(rows, decisions, strict=True)
        if decision != row.expected
    ]
    return Outcome(len(rows), decisions.count("allow"), errors)


def run(deployment: Deployment, simulator: Simulator, file_name: str = "iam.tsv") -> Outcome:
    """Evaluates every row of a file."""
    return run_rows(deployment, simulator, load_rows(file_name))
