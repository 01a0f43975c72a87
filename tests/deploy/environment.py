"""The accounts before any template is deployed: roles, and a database of Glue."""

import json
from dataclasses import dataclass

from tests.deploy import fixtures
from tests.deploy.account import Account, Endpoint

ROLES = {
    fixtures.A: ("ConnectorAdmin", "OwnerAdmin"),
    fixtures.B: ("AthenaAnalyst", "LakeAdmin", "Unlisted"),
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


@dataclass(frozen=True)
class Accounts:
    """The accounts at the emulator, and A and B at the mock, for services the emulator lacks."""

    a: Account
    b: Account
    c: Account
    quick: Account
    unrelated: Account
    mock_a: Account
    mock_b: Account

    @classmethod
    def at(cls, emulator: Endpoint, mock: Endpoint) -> "Accounts":
        ids = (fixtures.A, fixtures.B, fixtures.C, fixtures.QUICK, fixtures.UNRELATED)
        emulated = [Account(id, emulator) for id in ids]
        return cls(*emulated, *(Account(id, mock) for id in (fixtures.A, fixtures.B)))


def prepare(accounts: Accounts) -> None:
    """Creates the roles; administrators have every permission in their own account."""
    policy = json.dumps(fixtures.ADMINISTRATOR_ACCESS)
    for account in (accounts.a, accounts.b, accounts.c, accounts.quick, accounts.unrelated):
        iam = account.client("iam")
        principal = {"AWS": account.id}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        for name in ROLES[account.id]:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
            if (account.id, name) in ADMINISTRATORS:
                iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    _create_sales(accounts.mock_a)


def _create_sales(account: Account) -> None:
    """Creates the database `sales` with its table `orders`, and the policy of the Glue catalog."""
    glue = account.client("glue")
    glue.create_database(DatabaseInput={"Name": "sales", **fixtures.EXISTING_SETTINGS})
    policy = {"Version": "2012-10-17", "Statement": [fixtures.EXISTING_STATEMENT]}
    glue.put_resource_policy(PolicyInJson=json.dumps(policy))
    names = ("order_id", "amount", "customer_email")
    columns = [{"Name": name, "Type": "string"} for name in names]
    table = {"Name": "orders", "StorageDescriptor": {"Columns": columns}}
    glue.create_table(DatabaseName="sales", TableInput=table)
