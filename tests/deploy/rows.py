"""Rows of the access-control matrix, and the condition keys of the requests that they describe."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy import fixtures
from tests.deploy.fixtures import Principal, Resources

CASES = Path(__file__).parent / "cases"

# Words of a context that are no condition keys: they change the policies of the row.
OPENED, WITHOUT = "opened", "without"
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
    "org": "aws:PrincipalOrgID",
    "resacct": "aws:ResourceAccount",
    "srcfn": "lambda:SourceFunctionArn",
    "vpce": "aws:SourceVpce",
}


@dataclass(frozen=True)
class Row:
    """A row of `iam.tsv` or `guardrails.tsv`, or one action of a row of `closed.tsv`."""

    id: str
    principal: str
    action: str
    resource: str
    context: str
    expected: str
    proves: str
    lenient: bool = False  # condition keys that do not apply to the action are ignored

    @property
    def _words(self) -> list[str]:
        return [] if self.context == "-" else [word.strip() for word in self.context.split(";")]

    @property
    def condition_words(self) -> dict[str, str]:
        pairs = [word.split("=", 1) for word in self._words if word != OPENED]
        return {name: value for name, value in pairs if name != WITHOUT}

    @property
    def opened(self) -> bool:
        """Whether a statement that allows everything is added to the resource policy.

        Only a deny statement or the identity policies can deny the request then.
        """
        return OPENED in self._words

    @property
    def without(self) -> set[str]:
        """Returns the statements that are removed from the resource policy.

        Another statement has to decide the same alone then.
        """
        pairs = [word.partition("=") for word in self._words]
        return {value for name, _, value in pairs if name == WITHOUT}


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


def _caller_context(principal: Principal) -> dict[str, Any]:
    """Returns the condition keys of the caller: none in a request that is not signed."""
    if principal.anonymous:
        return {}
    context = {"aws:PrincipalIsAWSService": str(principal.service).lower()}
    if not principal.service:
        context |= {"aws:PrincipalArn": principal.arn, "aws:PrincipalAccount": principal.account}
    if principal.account in fixtures.MEMBERS:
        context["aws:PrincipalOrgID"] = fixtures.ORGANIZATION
    return context


def request_context(
    row: Row, principal: Principal, arn: str, resources: Resources
) -> dict[str, Any]:
    """Returns the condition keys that AWS sets for the request."""
    context: dict[str, Any] = {"aws:SecureTransport": "true", **_caller_context(principal)}
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
