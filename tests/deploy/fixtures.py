"""Fixtures: the accounts, and the principals and resources of the access-control matrix.

`cases/iam.tsv` refers to principals and resources by short names. Values that AWS assigns, such as
the execution role and the key id, are known only after deployment.
"""

from dataclasses import dataclass, field

REGION = "us-east-1"
A = "444455556666"  # owns the connector
B = "111122223333"  # queries it
C = "222233334444"  # in the same organization, without access
QUICK = "777788889999"  # has Amazon Quick
UNRELATED = "999988887777"  # in no organization
ORGANIZATION = "o-example12345"
MEMBERS = (A, B, C, QUICK)

FUNCTION_NAME = "rust-connector"
FUNCTION = f"arn:aws:lambda:{REGION}:{A}:function:{FUNCTION_NAME}"
SPILL = f"rust-connector-spill-{A}"
RESULTS = f"athena-results-{B}"
# A bucket of an unrelated account that everyone can write to, with a name like a results bucket.
TRAP = f"aws-athena-query-results-{UNRELATED}"
DATA_SOURCE = f"arn:aws:quicksight:{REGION}:{QUICK}:datasource/athena-cross-account"
ROLE_A = f"arn:aws:iam::{QUICK}:role/qs-athena-cross-account-role-a"
ROLE_B = f"arn:aws:iam::{B}:role/qs-athena-consumer-role"
SHARE_ROLE = f"arn:aws:iam::{B}:role/AthenaCrossAccountCreate-{A}"
ANALYST = f"arn:aws:iam::{B}:role/AthenaAnalyst"
# Identity of the analyst in a request of Athena.
IDENTITY = {
    "id": "x",
    "principal": "x",
    "account": B,
    "arn": ANALYST,
    "tags": {},
    "groups": [],
}
ROLE_B_IN_C = f"arn:aws:iam::{C}:role/qs-athena-consumer-role"

# Policy statement of the Glue catalog and settings of the database `sales` in account A. They exist
# before anything is shared, and have to survive it.
EXISTING_STATEMENT = {
    "Sid": "Theirs",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{C}:root"},
    "Action": "glue:GetTable",
    "Resource": "*",
}
EXISTING_SETTINGS = {
    "Description": "what was sold",
    "LocationUri": "s3://lake/sales/",
    "Parameters": {"kept": "yes"},
}
ADMINISTRATOR_ACCESS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
# Statement that allows everything, added to the resource policy of a case with `opened`.
ALLOW_ALL = {"Sid": "Opened", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def account_of(arn: str) -> str:
    """Returns the account of an ARN, for S3 the account with which the bucket's name ends."""
    if arn.startswith("arn:aws:s3:::"):
        bucket = arn.removeprefix("arn:aws:s3:::").split("/")[0]
        return bucket.rsplit("-", 1)[-1]
    return arn.split(":")[4]


@dataclass(frozen=True)
class Principal:
    """A role, or an AWS service if `service` is set, and the names of its identity policies."""

    arn: str
    policies: tuple[str, ...] = ()
    session_policy: str | None = None
    service: bool = False

    @property
    def account(self) -> str:
        return "" if self.service else account_of(self.arn)


ADMINISTRATOR = ("everything",)


def principals(execution_role: str) -> dict[str, Principal]:
    """Returns the principals by short name.

    Administrators without access have every identity permission, so a denial of theirs tests the
    resource policy.
    """
    return {
        "Exec": Principal(execution_role, ("A4",)),
        "Admin": Principal(f"arn:aws:iam::{A}:role/ConnectorAdmin", ("A5",)),
        "Analyst": Principal(ANALYST, ("B3", "L2")),
        "RoleB": Principal(ROLE_B, ("B6", "B7")),
        "Share": Principal(SHARE_ROLE, ("B2",)),
        "RoleA": Principal(ROLE_A, ("Q2",), session_policy="Q4"),
        "QuickAdmin": Principal(f"arn:aws:iam::{QUICK}:role/QuickAdmin", ("Q3",)),
        "LakeAdminB": Principal(f"arn:aws:iam::{B}:role/LakeAdmin", ("L3",)),
        "OwnerAdmin": Principal(f"arn:aws:iam::{A}:role/OwnerAdmin", ADMINISTRATOR),
        "OtherB": Principal(f"arn:aws:iam::{B}:role/Unlisted", ADMINISTRATOR),
        "RoleC": Principal(f"arn:aws:iam::{C}:role/AthenaAnalyst", ADMINISTRATOR),
        "RoleX": Principal(f"arn:aws:iam::{UNRELATED}:role/AthenaAnalyst", ADMINISTRATOR),
        "OtherQ": Principal(f"arn:aws:iam::{QUICK}:role/Developer", ADMINISTRATOR),
        # With access, and administrators of their account: only a deny statement denies them.
        "AnalystWide": Principal(ANALYST, ("B3", *ADMINISTRATOR)),
        "RoleBWide": Principal(ROLE_B, ("B6", "B7", *ADMINISTRATOR)),
    }


@dataclass(frozen=True)
class Resources:
    """Short names of resources, and their resource policies."""

    key: str  # ARN of the spill key
    names: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names = {
            "F": FUNCTION,
            "S": f"arn:aws:s3:::{SPILL}",
            "R": f"arn:aws:s3:::{RESULTS}",
            "K": self.key,
            "WG": f"arn:aws:athena:{REGION}:{B}:workgroup/federated",
            "CAT": f"arn:aws:athena:{REGION}:{B}:datacatalog/rustconn",
            "DS": DATA_SOURCE,
            "RoleA": ROLE_A,
            "RoleB": ROLE_B,
            "Share": SHARE_ROLE,
        }
        object.__setattr__(self, "names", names)

    def arn(self, text: str) -> str:
        """Returns the ARN of a short name, of a short name with a key (`S/key`), or of an ARN."""
        name, slash, rest = text.partition("/")
        if text.startswith("arn:") or text == "*":
            return text
        return self.names[name] + slash + rest

    def policy(self, arn: str) -> str | None:
        """Returns the name of the resource policy."""
        exact = {
            FUNCTION: "A1",
            self.key: "A3",
            ROLE_A: "Q1",
            ROLE_B: "B5",
            ROLE_B_IN_C: "B5",
            SHARE_ROLE: "B1",
        }
        bucket = (
            arn.removeprefix("arn:aws:s3:::").split("/")[0]
            if arn.startswith("arn:aws:s3:::")
            else None
        )
        by_bucket = {SPILL: "A2", RESULTS: "B4", TRAP: "trap"}
        if bucket is not None:
            return by_bucket.get(bucket)
        if arn.startswith(f"arn:aws:glue:{REGION}:{A}:"):
            return "L1"
        return exact.get(arn)
