"""The accounts before any template is deployed: roles, users, and databases of Glue."""

import json
import os
from dataclasses import dataclass, fields

from tests.deploy import fixtures
from tests.deploy.account import Account, Endpoint
from tests.servers import ROOT

ROLES = {
    fixtures.A: ("ConnectorAdmin", "OwnerAdmin"),
    fixtures.B: ("AthenaAnalyst", "DataSteward", "LakeAdmin", "Unlisted"),
    fixtures.C: ("AthenaAnalyst",),
    fixtures.QUICK: ("QuickAdmin", "Developer"),
    fixtures.UNRELATED: ("AthenaAnalyst",),
}
ADMINISTRATORS = {
    (fixtures.A, "OwnerAdmin"),
    (fixtures.B, "Unlisted"),
    (fixtures.C, "AthenaAnalyst"),
    (fixtures.QUICK, "Developer"),
    (fixtures.UNRELATED, "AthenaAnalyst"),
}
# Tables of the databases in account A, with the default permissions of `IAMAllowedPrincipals`.
DATABASES = {
    "sales": {
        "orders": ("order_id", "amount", "nation_id", "customer_email"),
        "returns": ("order_id", "reason", "customer_email"),
    },
    "reference": {"countries": ("code", "name")},
    "limits": {"credit": ("customer", "amount")},
}


@dataclass(frozen=True)
class Accounts:
    """The accounts at the emulator, for some services at the mock."""

    a: Account
    b: Account
    c: Account
    investment: Account
    risk: Account
    insurance: Account
    quick: Account
    unrelated: Account

    @classmethod
    def at(cls, endpoint: Endpoint) -> "Accounts":
        ids = {field.name: getattr(fixtures, field.name.upper()) for field in fields(cls)}
        return cls(**{name: Account(id, endpoint) for name, id in ids.items()})

    def all(self) -> list[Account]:
        return [getattr(self, field.name) for field in fields(self)]

    def by_label(self) -> dict[str, Account]:
        """Returns the accounts by the labels of code blocks; RETAIL is the spoke B."""
        labels = {field.name.upper(): getattr(self, field.name) for field in fields(self)}
        return {**labels, "RETAIL": self.b}


def machine_architecture() -> str:
    """Returns the architecture of this machine, by its name in Lambda."""
    return "arm64" if os.uname().machine in ("aarch64", "arm64") else "x86_64"


def prepare(accounts: Accounts) -> None:
    """Creates the roles; administrators have every permission in their own account."""
    # Left by a run that has failed.
    for pattern in ("*-default-permissions.json", "spokes.txt", "lake-settings.json"):
        for file in ROOT.glob(pattern):
            file.unlink()
    policy = json.dumps(fixtures.ADMINISTRATOR_ACCESS)
    for account in accounts.all():
        iam = account.client("iam")
        principal = {"AWS": account.id}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        for name in ROLES.get(account.id, ()):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
            if (account.id, name) in ADMINISTRATORS:
                iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    _create_databases(accounts.a)
    accounts.b.client("glue").create_database(DatabaseInput={"Name": "default"})


def _create_databases(account: Account) -> None:
    """Creates the databases and tables of account A, and the policy of its Glue catalog."""
    glue = account.client("glue")
    for database, tables in DATABASES.items():
        glue.create_database(DatabaseInput={"Name": database, **fixtures.EXISTING_SETTINGS})
        for table, names in tables.items():
            columns = [{"Name": name, "Type": "string"} for name in names]
            definition = {"Name": table, "StorageDescriptor": {"Columns": columns}}
            glue.create_table(DatabaseName=database, TableInput=definition)
    policy = {"Version": "2012-10-17", "Statement": [fixtures.EXISTING_STATEMENT]}
    glue.put_resource_policy(PolicyInJson=json.dumps(policy))
