"""What the accounts have before any template of ours: people's roles, tables in a lake, and a stranger's bucket."""

import json
from dataclasses import dataclass

from proof import cast
from proof.account import Account, Endpoint

PEOPLE = {
    cast.A: ("ConnectorAdmin", "OwnerAdmin"),
    cast.B: ("AthenaAnalyst", "LakeAdmin", "Unlisted"),
    cast.C: ("AthenaAnalyst",),
    cast.QUICK: ("QuickAdmin", "Developer"),
    cast.STRANGER: ("AthenaAnalyst",),
}
POWERFUL = {(cast.A, "OwnerAdmin"), (cast.B, "Unlisted"), (cast.C, "AthenaAnalyst"), (cast.QUICK, "Developer")}
POWERFUL |= {(cast.STRANGER, "AthenaAnalyst")}


@dataclass(frozen=True)
class Accounts:
    """The accounts at the stand-in, and the first two at the recorder, which has what the stand-in has not."""

    a: Account
    b: Account
    c: Account
    quick: Account
    stranger: Account
    recorded_a: Account
    recorded_b: Account
    recorded_quick: Account

    @classmethod
    def at(cls, standin: Endpoint, recorder: Endpoint) -> "Accounts":
        stands = [Account(name, standin) for name in (cast.A, cast.B, cast.C, cast.QUICK, cast.STRANGER)]
        return cls(*stands, *(Account(name, recorder) for name in (cast.A, cast.B, cast.QUICK)))


def prepare(accounts: Accounts) -> None:
    """Makes the roles of people; whoever is powerful may do everything in their own account."""
    for account in (accounts.a, accounts.b, accounts.c, accounts.quick, accounts.stranger):
        iam = account.client("iam")
        trusted = {"Effect": "Allow", "Principal": {"AWS": account.id}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        for name in PEOPLE[account.id]:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
            if (account.id, name) in POWERFUL:
                iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(cast.EVERYTHING))
    _lake(accounts.recorded_a)


def _lake(recorded: Account) -> None:
    """A database `sales` with settings of its own and a table `orders`, and a policy of the Glue catalog: nobody wants to lose them."""
    glue = recorded.client("glue")
    glue.create_database(DatabaseInput={"Name": "sales", **cast.SETTINGS_OF_SALES})
    policy = {"Version": "2012-10-17", "Statement": [cast.THEIRS]}
    glue.put_resource_policy(PolicyInJson=json.dumps(policy))
    columns = [{"Name": name, "Type": "string"} for name in ("order_id", "amount", "customer_email")]
    glue.create_table(DatabaseName="sales", TableInput={"Name": "orders", "StorageDescriptor": {"Columns": columns}})
