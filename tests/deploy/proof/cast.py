"""Who plays in the proof: accounts, names, and the principals and resources that rows of the matrix speak of.

`matrix/iam.tsv` names principals and resources by these short names; what they are in the stand-in (the role that a stack made, the
key's id) is filled in after the deploy.
"""

from dataclasses import dataclass, field

REGION = "us-east-1"
A = "444455556666"  # owns the connector
B = "111122223333"  # queries
C = "222233334444"  # of the same organization, not invited
QUICK = "777788889999"
STRANGER = "999988887777"  # of no organization
ORGANIZATION = "o-example12345"
MEMBERS = (A, B, C, QUICK)

FUNCTION_NAME = "rust-connector"
FUNCTION = f"arn:aws:lambda:{REGION}:{A}:function:{FUNCTION_NAME}"
SPILL = f"rust-connector-spill-{A}"
RESULTS = f"athena-results-{B}"
TRAP = f"aws-athena-query-results-{STRANGER}"  # somebody else's bucket that everybody may write to
DATA_SOURCE = f"arn:aws:quicksight:{REGION}:{QUICK}:datasource/athena-cross-account"
ROLE_A = f"arn:aws:iam::{QUICK}:role/qs-athena-cross-account-role-a"
ROLE_B = f"arn:aws:iam::{B}:role/qs-athena-consumer-role"
SHARE = f"arn:aws:iam::{B}:role/AthenaCrossAccountCreate-{A}"
ANALYST = f"arn:aws:iam::{B}:role/AthenaAnalyst"
FOREIGN_SPOKE = f"arn:aws:iam::{C}:role/qs-athena-consumer-role"

# What the Glue catalog's policy and the database of A have before anything is shared.
THEIRS = {
    "Sid": "Theirs",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{C}:root"},
    "Action": "glue:GetTable",
    "Resource": "*",
}
SETTINGS_OF_SALES = {"Description": "what was sold", "LocationUri": "s3://lake/sales/", "Parameters": {"kept": "yes"}}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def account_of(arn: str) -> str:
    """The account in an ARN; buckets name none, so theirs is looked up by name."""
    if arn.startswith("arn:aws:s3:::"):
        bucket = arn.removeprefix("arn:aws:s3:::").split("/")[0]
        return bucket.rsplit("-", 1)[-1]
    return arn.split(":")[4]


@dataclass(frozen=True)
class Principal:
    """A role, or a service if `service` is set, and the names of the policies that it has."""

    arn: str
    policies: tuple[str, ...] = ()
    session: str | None = None
    service: bool = False

    @property
    def account(self) -> str:
        return "" if self.service else account_of(self.arn)


POWERFUL = ("everything",)
OPENED = {"Sid": "Opened", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def principals(execution_role: str) -> dict[str, Principal]:
    """By short name. Those with every permission are not invited: that they are denied proves the resource's side."""
    return {
        "Exec": Principal(execution_role, ("A4",)),
        "Admin": Principal(f"arn:aws:iam::{A}:role/ConnectorAdmin", ("A5",)),
        "Analyst": Principal(ANALYST, ("B3", "L2")),
        "RoleB": Principal(ROLE_B, ("B6", "B7")),
        "Share": Principal(SHARE, ("B2",)),
        "RoleA": Principal(ROLE_A, ("Q2",), session="Q4"),
        "QuickAdmin": Principal(f"arn:aws:iam::{QUICK}:role/QuickAdmin", ("Q3",)),
        "LakeAdminB": Principal(f"arn:aws:iam::{B}:role/LakeAdmin", ("L3",)),
        "OwnerAdmin": Principal(f"arn:aws:iam::{A}:role/OwnerAdmin", POWERFUL),
        "OtherB": Principal(f"arn:aws:iam::{B}:role/Unlisted", POWERFUL),
        "RoleC": Principal(f"arn:aws:iam::{C}:role/AthenaAnalyst", POWERFUL),
        "RoleX": Principal(f"arn:aws:iam::{STRANGER}:role/AthenaAnalyst", POWERFUL),
        "OtherQ": Principal(f"arn:aws:iam::{QUICK}:role/Developer", POWERFUL),
        # Invited, and in an account that gave them everything: what they are denied, our own policies deny.
        "AnalystWide": Principal(ANALYST, ("B3", *POWERFUL)),
        "RoleBWide": Principal(ROLE_B, ("B6", "B7", *POWERFUL)),
    }


@dataclass(frozen=True)
class Resources:
    """Short names of resources, and the policy that each of them carries."""

    key: str
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
            "Share": SHARE,
        }
        object.__setattr__(self, "names", names)

    def arn(self, text: str) -> str:
        """`S`, `S/key` or an ARN as an ARN."""
        name, slash, rest = text.partition("/")
        if text.startswith("arn:") or text == "*":
            return text
        return self.names[name] + slash + rest

    def policy(self, arn: str) -> str | None:
        """Name of the policy that the resource carries."""
        exact = {
            FUNCTION: "A1",
            self.key: "A3",
            ROLE_A: "Q1",
            ROLE_B: "B5",
            FOREIGN_SPOKE: "B5",
            SHARE: "B1",
        }
        bucket = arn.removeprefix("arn:aws:s3:::").split("/")[0] if arn.startswith("arn:aws:s3:::") else None
        by_bucket = {SPILL: "A2", RESULTS: "B4", TRAP: "trap"}
        if bucket is not None:
            return by_bucket.get(bucket)
        if arn.startswith(f"arn:aws:glue:{REGION}:{A}:"):
            return "L1"
        return exact.get(arn)
