"""The matrix of who may do what: its rows as requests, decided by the simulator on policies that were read back.

The simulator takes a request only with the context that the caller says AWS would fill in; `context_of` is that claim, in one place.
"""

import csv
import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proof import cast
from proof.cast import Principal, Resources

HERE = Path(__file__).parent
MATRIX = HERE.parent / "matrix"

Policies = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One line of `iam.tsv`."""

    id: str
    principal: str
    action: str
    resource: str
    context: str
    expected: str
    proves: str

    @property
    def extra(self) -> dict[str, str]:
        words = [] if self.context == "-" else [word.strip() for word in self.context.split(";")]
        return dict(word.split("=", 1) for word in words if word != "opened")

    @property
    def opened(self) -> bool:
        """Whether the resource's policy is given a statement that allows everything: what is denied then, a Deny or the caller's side denies."""
        return "opened" in self.context


def rows(file_name: str = "iam.tsv") -> list[Row]:
    with (MATRIX / file_name).open(newline="") as file:
        return [Row(**line) for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


# What a word of a row's context sets; the value "athena" and ARNs by short name are spelled out below.
KEYS = {
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
}


def context_of(row: Row, principal: Principal, arn: str, resources: Resources) -> dict[str, Any]:
    """The condition keys that AWS fills in for the request."""
    context: dict[str, Any] = {
        "aws:PrincipalIsAWSService": str(principal.service).lower(),
        "aws:SecureTransport": "true",
    }
    if not principal.service:
        context |= {"aws:PrincipalArn": principal.arn, "aws:PrincipalAccount": principal.account}
    if principal.account in cast.MEMBERS:
        context["aws:PrincipalOrgID"] = cast.ORGANIZATION
    if arn != "*":
        context["aws:ResourceAccount"] = cast.account_of(arn)
    for word, value in row.extra.items():
        if word == "via":
            context[KEYS[word]] = [f"{value}.amazonaws.com"]
        else:
            context[KEYS[word]] = resources.arn(value) if value in resources.names else value
    return context


@dataclass(frozen=True)
class World:
    """The policies as they were read back, and what the short names of the rows mean there."""

    policies: Policies
    principals: dict[str, Principal]
    resources: Resources

    def simulation(self, row: Row) -> dict[str, Any]:
        """The request of a row with every policy that has a say in it."""
        service = row.principal.removeprefix("svc:")
        known = self.principals.get(row.principal)
        principal = known or Principal(service, service=True)
        arn = self.resources.arn(row.resource)
        owner = principal.account if arn == "*" else cast.account_of(arn)
        # Accepting an invitation asks the identity's policies alone, whoever sent it.
        if row.action.startswith("ram:"):
            owner = principal.account
        carried = self.resources.policy(arn)
        simulation: dict[str, Any] = {
            "request": {
                "principal": principal.arn,
                "action": row.action,
                "resource": {"resource": arn, "accountId": owner},
                "contextVariables": context_of(row, principal, arn, self.resources),
            },
            "identityPolicies": [{"name": name, "policy": self.policies[name]} for name in principal.policies],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }
        if carried:
            policy = self.policies[carried]
            opened = {**policy, "Statement": [*policy["Statement"], cast.OPENED]}
            simulation["resourcePolicy"] = opened if row.opened else policy
        if principal.session:
            simulation["sessionPolicy"] = self.policies[principal.session]
        return simulation


def decide(requests: Iterable[tuple[str, dict[str, Any]]], node_modules: Path) -> list[str]:
    """allow or deny for each of the simulations, which carry an id for the message if they fail."""
    document = json.dumps([{"id": name, "simulation": simulation} for name, simulation in requests])
    done = subprocess.run(
        ["node", str(HERE / "simulate.mjs"), str(node_modules.parent)],
        input=document,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the simulator failed: {done.stderr.strip()}")
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Outcome:
    """How many rows gave what they must, and which did not."""

    right: int
    total: int
    wrong: list[str]
    allowed: int
    denied: int


def run(world: World, node_modules: Path, file_name: str = "iam.tsv") -> Outcome:
    all_rows = rows(file_name)
    answers = decide([(row.id, world.simulation(row)) for row in all_rows], node_modules)
    wrong = [
        f"{row.id}: {row.principal} {row.action} {row.resource} [{row.context}]: {answer}, must be {row.expected} ({row.proves})"
        for row, answer in zip(all_rows, answers, strict=True)
        if answer != row.expected
    ]
    allowed = answers.count("allow")
    return Outcome(len(all_rows) - len(wrong), len(all_rows), wrong, allowed, len(answers) - allowed)
