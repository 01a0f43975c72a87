"""The access-control matrix: its rows as requests, evaluated by a policy simulator.

The policies are those deployed. The simulator evaluates a request with the condition keys that the
caller provides; `request_context` provides those that AWS would set.
"""

import csv
import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy import fixtures
from tests.deploy.fixtures import Principal, Resources

HERE = Path(__file__).parent
CASES = HERE / "cases"

Policies = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A row of `iam.tsv` or `guardrails.tsv`."""

    id: str
    principal: str
    action: str
    resource: str
    context: str
    expected: str
    proves: str

    @property
    def condition_words(self) -> dict[str, str]:
        words = [] if self.context == "-" else [word.strip() for word in self.context.split(";")]
        return dict(word.split("=", 1) for word in words if word != "opened")

    @property
    def opened(self) -> bool:
        """Whether a statement that allows everything is added to the resource policy.

        Only a deny statement or the identity policies can deny the request then.
        """
        return "opened" in self.context


def load_rows(file_name: str = "iam.tsv") -> list[Row]:
    with (CASES / file_name).open(newline="") as file:
        return [
            Row(**line) for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


# The documents that the rows are about, by the first letter of their ids.
DOCUMENTS = {"T": "connector", "Q": "Quick", "L": "Lake Formation", "F": "Lake Formation"}


def counts_by_document() -> str:
    """Returns the number of rows of the matrix by document, as text."""
    counts: dict[str, int] = {}
    for name in ("iam.tsv", "grants.tsv"):
        with (CASES / name).open(newline="") as file:
            for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                document = DOCUMENTS[line["id"][0]]
                counts[document] = counts.get(document, 0) + 1
    return ", ".join(f"{document} {count}" for document, count in counts.items())


# Condition keys by their short names in the rows.
CONDITION_KEYS = {
    "via": "aws:CalledVia",
    "kmsvia": "kms:ViaService",
    "ec": "kms:EncryptionContext:aws:s3:arn",
    "ext": "sts:ExternalId",
    "srcacct": "aws:SourceAccount",
    "srcarn": "aws:SourceArn",
    "passed": "iam:PassedToService",
    "tls": "aws:SecureTransport",
    "sse": "s3:x-amz-server-side-encryption",
    "ssekey": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "owner": "ram:ShareOwnerAccountId",
    "prefix": "s3:prefix",
}


def request_context(
    row: Row, principal: Principal, arn: str, resources: Resources
) -> dict[str, Any]:
    """Returns the condition keys that AWS sets for the request."""
    context: dict[str, Any] = {
        "aws:PrincipalIsAWSService": str(principal.service).lower(),
        "aws:SecureTransport": "true",
    }
    if not principal.service:
        context |= {"aws:PrincipalArn": principal.arn, "aws:PrincipalAccount": principal.account}
    if principal.account in fixtures.MEMBERS:
        context["aws:PrincipalOrgID"] = fixtures.ORGANIZATION
    if arn != "*":
        owner = context["aws:ResourceAccount"] = fixtures.account_of(arn)
        if owner in fixtures.MEMBERS:
            context["aws:ResourceOrgID"] = fixtures.ORGANIZATION
    for word, value in row.condition_words.items():
        if word == "via":
            context[CONDITION_KEYS[word]] = [f"{value}.amazonaws.com"]
        else:
            arn_or_text = resources.arn(value) if value in resources.names else value
            context[CONDITION_KEYS[word]] = arn_or_text
    return context


@dataclass(frozen=True)
class Deployment:
    """The deployed policies, and the principals and resources of the rows."""

    policies: Policies
    principals: dict[str, Principal]
    resources: Resources

    def simulation(self, row: Row) -> dict[str, Any]:
        """Returns the request of a row with every policy that applies to it."""
        service = row.principal.removeprefix("svc:")
        known = self.principals.get(row.principal)
        principal = known or Principal(service, service=True)
        arn = self.resources.arn(row.resource)
        owner = principal.account if arn == "*" else fixtures.account_of(arn)
        # RAM evaluates only identity policies, whoever owns the invitation.
        if row.action.startswith("ram:"):
            owner = principal.account
        resource_policy = self.resources.policy(arn)
        simulation: dict[str, Any] = {
            "request": {
                "principal": principal.arn,
                "action": row.action,
                "resource": {"resource": arn, "accountId": owner},
                "contextVariables": request_context(row, principal, arn, self.resources),
            },
            "identityPolicies": [
                {"name": name, "policy": self.policies[name]} for name in principal.policies
            ],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }
        if resource_policy:
            policy = self.policies[resource_policy]
            opened = {**policy, "Statement": [*policy["Statement"], fixtures.ALLOW_ALL]}
            simulation["resourcePolicy"] = opened if row.opened else policy
        if principal.session_policy:
            simulation["sessionPolicy"] = self.policies[principal.session_policy]
        return simulation


@dataclass(frozen=True)
class Simulator:
    """The policy simulator, a package of Node.js."""

    node_modules: Path

    def decisions(self, simulations: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
        """Returns `allow` or `deny` for each simulation; its id is used in error messages."""
        document = json.dumps(
            [{"id": name, "simulation": simulation} for name, simulation in simulations]
        )
        result = subprocess.run(
            ["node", str(HERE / "simulate.mjs"), str(self.node_modules.parent)],
            input=document,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise SystemExit(f"the policy simulator failed: {result.stderr.strip()}")
        return json.loads(result.stdout)


@dataclass(frozen=True)
class Outcome:
    """The number of rows, how many of them are allowed, and those with an unexpected decision."""

    total: int
    allowed: int
    errors: list[str]

    @property
    def passed(self) -> int:
        return self.total - len(self.errors)


def run(deployment: Deployment, simulator: Simulator, file_name: str = "iam.tsv") -> Outcome:
    """Evaluates every row of a file."""
    rows = load_rows(file_name)
    decisions = simulator.decisions([(row.id, deployment.simulation(row)) for row in rows])
    errors = [
        f"{row.id}: {row.principal} {row.action} {row.resource} [{row.context}]: {decision}, "
        f"expected {row.expected} ({row.proves})"
        for row, decision in zip(rows, decisions, strict=True)
        if decision != row.expected
    ]
    return Outcome(len(rows), decisions.count("allow"), errors)
