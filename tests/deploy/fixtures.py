"""Fixtures: the accounts, and the principals and resources of the access-control matrix.

`cases/iam.tsv` refers to principals and resources by short names. Values that AWS assigns, such as
the execution role and the key id, are known only after deployment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

REGION = "us-east-1"
A = "444455556666"  # owns the connectors and the database `sales`
B = "111122223333"  # queries them; the spoke RETAIL of Quick
C = "222233334444"  # in the same organization, without access
INVESTMENT = "333344445555"  # spokes of Quick without a connector
RISK = "555566667777"
INSURANCE = "666677778888"
QUICK = "777788889999"  # has Amazon Quick
UNRELATED = "999988887777"  # in no organization
MANAGEMENT = "888877776666"  # management account of the organization
ORGANIZATION = "o-example12345"
MEMBERS = (A, B, C, INVESTMENT, RISK, INSURANCE, QUICK)
UNIT = "ou-exam-units001"
UNIT_MEMBERS = (RISK, INSURANCE)

FUNCTION_NAME, FUNCTION_NAME_2 = "rust-connector", "rust-example"
FUNCTION = f"arn:aws:lambda:{REGION}:{A}:function:{FUNCTION_NAME}"
FUNCTION_2 = f"arn:aws:lambda:{REGION}:{A}:function:{FUNCTION_NAME_2}"
SPILL = f"{FUNCTION_NAME}-spill-{A}"
SPILL_2 = f"{FUNCTION_NAME_2}-spill-{A}"
FUNCTION_NAME_3 = "rust-open"  # the variant
FUNCTION_3 = f"arn:aws:lambda:{REGION}:{A}:function:{FUNCTION_NAME_3}"
SPILL_3 = f"{FUNCTION_NAME_3}-spill-{A}"
CONNECTOR_STACKS = ("rust-connector", "rust-example", "rust-open")
# Keys that no policy of the templates names, whose own policies leave the decision to IAM.
PAYROLL_KEYS = tuple(f"arn:aws:kms:{REGION}:{account}:key/payroll" for account in (A, B, QUICK))
# Secret of its source, and the key that encrypts it.
SECRET = f"arn:aws:secretsmanager:{REGION}:{A}:secret:source-AbCdEf"
SECRET_KEY = f"arn:aws:kms:{REGION}:{A}:key/00000000-0000-0000-0000-000000000001"
SOURCE_2 = f"example-data-{A}"
RESULTS = f"athena-results-{B}"
# A bucket of an unrelated account that everyone can write to, with a name like a results bucket.
TRAP = f"aws-athena-query-results-{UNRELATED}"
# Roles that trust everybody: in no organization but named as a Role B, and the other way round.
TRUSTING_ROLES = (
    f"arn:aws:iam::{UNRELATED}:role/quick-athena-x",
    f"arn:aws:iam::{C}:role/Administrator",
)
ROLE_A = f"arn:aws:iam::{QUICK}:role/qs-athena-cross-account-role-a"
SHARE_ROLE = f"arn:aws:iam::{B}:role/AthenaCrossAccountCreate-{A}"
ANALYST = f"arn:aws:iam::{B}:role/AthenaAnalyst"


@dataclass(frozen=True)
class Spoke:
    """A data source of Quick with its Role B, named as the templates name them."""

    account: str
    data_source_id: str

    @property
    def data_source(self) -> str:
        return f"arn:aws:quicksight:{REGION}:{QUICK}:datasource/{self.data_source_id}"

    @property
    def role(self) -> str:
        return f"arn:aws:iam::{self.account}:role/quick-{self.data_source_id}"

    @property
    def workgroup(self) -> str:
        return f"arn:aws:athena:{REGION}:{self.account}:workgroup/quick-{self.data_source_id}"

    @property
    def results(self) -> str:
        return f"quick-{self.data_source_id}-{self.account}"


# By the short names of the matrix; the first has the connector, and is the one of Role B alone.
SPOKES = {
    "": Spoke(B, "athena-retail"),
    "2": Spoke(B, "athena-retail-restricted"),
    "D": Spoke(INVESTMENT, "athena-investment"),
    "E": Spoke(RISK, "athena-risk"),
    "F": Spoke(INSURANCE, "athena-insurance"),
}
ROLE_B = SPOKES[""].role
DATA_SOURCE = SPOKES[""].data_source
# Identity of the analyst in a request of Athena.
IDENTITY = {
    "id": "x",
    "principal": "x",
    "account": B,
    "arn": ANALYST,
    "tags": {},
    "groups": [],
}
ROLE_B_IN_C = f"arn:aws:iam::{C}:role/quick-athena-retail"

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
# Principal of requests that are not signed.
ANONYMOUS = "anonymous"
# Statement that allows everything, added to the resource policy of a case with `opened`.
ALLOW_ALL = {"Sid": "Opened", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def account_of(arn: str) -> str:
    """Returns the account of an ARN, for S3 the account with which the bucket's name ends."""
    if arn.startswith("arn:aws:s3:::"):
        bucket = arn.removeprefix("arn:aws:s3:::").split("/")[0]
        return bucket.rsplit("-", 1)[-1]
    return arn.split(":")[4]


def role_of_session(arn: str) -> str:
    """Returns the ARN of a session's role; other principals stay unchanged."""
    head, separator, rest = arn.partition(":assumed-role/")
    if not separator:
        return arn
    return head.replace(":sts:", ":iam:") + ":role/" + rest.split("/")[0]


@dataclass(frozen=True)
class Principal:
    """A role, an AWS service if `service` is set, or nobody; and the names of its policies."""

    arn: str
    policies: tuple[str, ...] = ()
    session_policy: str | None = None
    service: bool = False

    @property
    def anonymous(self) -> bool:
        """Whether the request is not signed."""
        return self.arn == ANONYMOUS

    @property
    def account(self) -> str:
        return "" if self.service or self.anonymous else account_of(self.arn)


ADMINISTRATOR = ("everything",)


def principals(execution_roles: Sequence[str]) -> dict[str, Principal]:
    """Returns the principals by short name.

    Administrators without access have every identity permission, so a denial of theirs tests the
    resource policy.
    """
    spokes = {}
    for suffix, spoke in SPOKES.items():
        # Quick narrows each session of Role A to the Role B of the data source.
        spokes[f"RoleA{suffix}"] = Principal(ROLE_A, ("Q2",), session_policy=f"Q4{suffix}")
        spokes[f"RoleB{suffix}"] = Principal(spoke.role, (f"B6{suffix}",))
    return {
        **spokes,
        "Exec": Principal(execution_roles[0], ("A4",)),
        "Exec2": Principal(execution_roles[1], ("A42",)),
        "Exec3": Principal(execution_roles[2], ("A43",)),
        "Admin": Principal(f"arn:aws:iam::{A}:role/ConnectorAdmin", ("A5",)),
        "Analyst": Principal(ANALYST, ("B3", "B7", "B72", "L2", "L5")),
        "RoleB": Principal(ROLE_B, ("B6", "B7", "L22", "L52")),
        "Share": Principal(SHARE_ROLE, ("B2",)),
        "RoleAOrg": Principal(f"arn:aws:iam::{QUICK}:role/role-a-organization", ("Q5",)),
        "QuickAdmin": Principal(f"arn:aws:iam::{QUICK}:role/QuickAdmin", ("Q3",)),
        "LakeAdminB": Principal(f"arn:aws:iam::{B}:role/LakeAdmin", ("L3",)),
        "Steward": Principal(f"arn:aws:iam::{B}:role/DataSteward", ("L4", "L53")),
        ANONYMOUS: Principal(ANONYMOUS),
        "OwnerAdmin": Principal(f"arn:aws:iam::{A}:role/OwnerAdmin", ADMINISTRATOR),
        "OtherB": Principal(f"arn:aws:iam::{B}:role/Unlisted", ADMINISTRATOR),
        "RoleC": Principal(f"arn:aws:iam::{C}:role/AthenaAnalyst", ADMINISTRATOR),
        "RoleX": Principal(f"arn:aws:iam::{UNRELATED}:role/AthenaAnalyst", ADMINISTRATOR),
        "OtherQ": Principal(f"arn:aws:iam::{QUICK}:role/Developer", ADMINISTRATOR),
        # With one of their policies, which has to be sufficient, and must not allow more.
        "ConnectorUser": Principal(ANALYST, ("B7",)),
        "Member": Principal(ANALYST, ("B3",)),
        "Spoke": Principal(ROLE_B, ("B6",)),
        "Hub": Principal(ROLE_A, ("Q2",)),
        "Reader": Principal(ANALYST, ("L2",)),
        "DefaultReader": Principal(ANALYST, ("L5",)),
        # With access, and administrators of their account: only a deny statement denies them.
        "AnalystWide": Principal(ANALYST, ("B3", "B7", "B72", *ADMINISTRATOR)),
        "RoleAWide": Principal(ROLE_A, ADMINISTRATOR),
        "AdminWide": Principal(f"arn:aws:iam::{A}:role/ConnectorAdmin", ADMINISTRATOR),
        "RoleBEWide": Principal(SPOKES["E"].role, ("B6E", *ADMINISTRATOR)),
        "RoleBWide": Principal(ROLE_B, ("B6", "B7", *ADMINISTRATOR)),
    }


@dataclass(frozen=True)
class Resources:
    """Short names of resources, and their resource policies."""

    key: str  # ARN of the spill key
    seal_key: str  # ARN of the key of the seals
    execution_role: str  # its ARN
    topic: str  # ARN of the topic of the alarm in account B
    alarm: str  # its ARN
    names: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names = {
            "F": FUNCTION,
            "F2": FUNCTION_2,
            "F3": f"arn:aws:lambda:{REGION}:{A}:function:rust-third",
            "FV": FUNCTION_3,
            "SV": f"arn:aws:s3:::{SPILL_3}",
            "X": self.execution_role,
            "TOPIC": self.topic,
            "ALARM": self.alarm,
            "S": f"arn:aws:s3:::{SPILL}",
            "S2": f"arn:aws:s3:::{SPILL_2}",
            "R": f"arn:aws:s3:::{RESULTS}",
            "K": self.key,
            "KS": self.seal_key,
            "WG": f"arn:aws:athena:{REGION}:{B}:workgroup/federated",
            "CAT": f"arn:aws:athena:{REGION}:{B}:datacatalog/rustconn",
            "CAT2": f"arn:aws:athena:{REGION}:{B}:datacatalog/example",
            "LAKE": f"arn:aws:glue:{REGION}:{A}:table/sales/orders",
            "GLUE": f"arn:aws:athena:{REGION}:{B}:datacatalog/AwsDataCatalog",
            "RoleA": ROLE_A,
            "Share": SHARE_ROLE,
        }
        for suffix, spoke in SPOKES.items():
            names |= {
                f"DS{suffix}": spoke.data_source,
                f"RoleB{suffix}": spoke.role,
                f"WGQ{suffix}": spoke.workgroup,
                f"RQ{suffix}": f"arn:aws:s3:::{spoke.results}",
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
            FUNCTION_2: "A12",
            FUNCTION_3: "A13",
            self.execution_role: "A6",
            self.topic: "U1",
            self.key: "A3",
            self.seal_key: "A7",
            ROLE_A: "Q1",
            ROLE_B_IN_C: "B5",
            SHARE_ROLE: "B1",
            SECRET_KEY: "delegating",
            **dict.fromkeys(PAYROLL_KEYS, "delegating"),
            **dict.fromkeys(TRUSTING_ROLES, "trusting"),
            **{spoke.role: f"B5{suffix}" for suffix, spoke in SPOKES.items()},
        }
        bucket = (
            arn.removeprefix("arn:aws:s3:::").split("/")[0]
            if arn.startswith("arn:aws:s3:::")
            else None
        )
        by_bucket = {SPILL: "A2", SPILL_2: "A22", SPILL_3: "A23", RESULTS: "B4", TRAP: "trap"}
        by_bucket |= {spoke.results: f"B8{suffix}" for suffix, spoke in SPOKES.items()}
        if bucket is not None:
            return by_bucket.get(bucket)
        if arn.startswith(f"arn:aws:glue:{REGION}:{A}:"):
            return "L1"
        return exact.get(arn)
