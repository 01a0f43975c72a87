"""The policies as deployed, read from the accounts, by the names that the matrix uses.

| Names | Account A | Names | Other accounts |
|---|---|---|---|
| A1 A2 A3 | function, spill bucket, key | B1 B2 | share role: trust policy, permissions |
| A4 A5 | execution role, registration from A | B3 B4 | analysts, their results bucket |
| A12 A22 A42 | function, spill bucket and execution role of the second connector | B7 B72 | users of the connectors |
| A13 A23 A43 | the same of a variant: no guardrails, in a VPC, with secrets | | |
| A6 A7 U1 | trust policy of the execution role, key of the seals, topic of the alarms | | |
| L1 | Glue catalog | B5 B6 B8 | Role B: trust policy, permissions, its results bucket |
| | | Q1 Q2 Q3 | Role A: trust policy, permissions; data source administrator |
| | | Q4 | session policy that Quick applies to Role A: a model |
| | | Q5 | permissions of Role A with an organization in place of a list |
| | | L2 L22 L4 | lake: readers of a database, the last a steward |
| | | L3 L5 L52 L53 | lake: administrator, each reader's access to the catalog |

B5, B6, B8 and Q4 exist for each spoke, with its suffix in `fixtures.SPOKES`.
"""

import json
from collections.abc import Iterable
from typing import Any

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.environment import Accounts


def _document(policy: Any) -> Any:
    return json.loads(policy) if isinstance(policy, str) else policy


def _managed_policy(account: Account, arn: str) -> Any:
    iam = account.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    response = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return _document(response["PolicyVersion"]["Document"])


def _trust_policy(account: Account, role: str) -> Any:
    response = account.client("iam").get_role(RoleName=role)
    return _document(response["Role"]["AssumeRolePolicyDocument"])


def _inline_policy(account: Account, role: str, policy: str) -> Any:
    response = account.client("iam").get_role_policy(RoleName=role, PolicyName=policy)
    return _document(response["PolicyDocument"])


def _bucket_policy(account: Account, bucket: str) -> Any:
    return _document(account.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])


def _role_name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def function_policy(a: Account, function: str = fixtures.FUNCTION) -> Any:
    """Returns the resource policy of a function."""
    return _document(a.client("lambda").get_policy(FunctionName=function)["Policy"])


def _stack_policy(account: Account, stack: str, output: str) -> Any:
    """Returns the managed policy whose ARN is an output of a stack."""
    return _managed_policy(account, account.outputs(stack)[output])


def connector_policies(a: Account) -> dict[str, Any]:
    """Returns the policies of account A's connectors."""
    first, second, variant = (a.outputs(stack) for stack in fixtures.CONNECTOR_STACKS)
    kms = a.client("kms")

    def key_policy(key: str) -> Any:
        return _document(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])

    return {
        "A1": function_policy(a),
        "A2": _bucket_policy(a, first["SpillBucket"]),
        "A3": key_policy(first["SpillKeyArn"]),
        "A7": key_policy(first["SealKeyArn"]),
        "A4": _inline_policy(a, _role_name(first["ExecutionRoleArn"]), "connector"),
        "A5": _managed_policy(a, first["PushPolicyArn"]),
        "A12": function_policy(a, fixtures.FUNCTION_2),
        "A22": _bucket_policy(a, second["SpillBucket"]),
        "A42": _inline_policy(a, _role_name(second["ExecutionRoleArn"]), "connector"),
        "A13": function_policy(a, variant["FunctionArn"]),
        "A23": _bucket_policy(a, variant["SpillBucket"]),
        "A43": _inline_policy(a, _role_name(variant["ExecutionRoleArn"]), "connector"),
        "A6": _trust_policy(a, _role_name(first["ExecutionRoleArn"])),
    }


def consumer_policies(b: Account) -> dict[str, Any]:
    """Returns the policies of account B for analysts: B1 to B4, U1, and B7 of each connector."""
    outputs, workgroup = b.outputs("rustconn"), b.outputs("workgroup")
    topic = b.outputs("registration-audit")["TopicArn"]
    attributes = b.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    share_role = _role_name(outputs["ShareRoleArn"])
    return {
        "B1": _trust_policy(b, share_role),
        "B2": _inline_policy(b, share_role, "register"),
        "B3": _managed_policy(b, workgroup["AnalystPolicyArn"]),
        "B4": _bucket_policy(b, workgroup["ResultsBucketName"]),
        "B7": _managed_policy(b, outputs["ConnectorPolicyArn"]),
        "B72": _stack_policy(b, "example", "ConnectorPolicyArn"),
        "U1": _document(attributes["Policy"]),
    }


def quick_policies(
    accounts: Accounts, suffixes: Iterable[str] = tuple(fixtures.SPOKES)
) -> dict[str, Any]:
    """Returns the policies of the role chain: Q1 to Q4, and B5, B6 and B8 of the spokes."""
    quick, role_a = accounts.quick, _role_name(fixtures.ROLE_A)
    policies = {
        "Q1": _trust_policy(quick, role_a),
        "Q2": _inline_policy(quick, role_a, "chain"),
        "Q3": _stack_policy(quick, "quick", "DataSourceAdminPolicyArn"),
    }
    by_id = {account.id: account for account in accounts.all()}
    for suffix in suffixes:
        spoke = fixtures.SPOKES[suffix]
        account, role = by_id[spoke.account], _role_name(spoke.role)
        one_consumer = {
            "Sid": "OneConsumerOnly",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": spoke.role,
        }
        policies |= {
            f"Q4{suffix}": {"Version": "2012-10-17", "Statement": [one_consumer]},
            f"B5{suffix}": _trust_policy(account, role),
            f"B6{suffix}": _inline_policy(account, role, "athena"),
            f"B8{suffix}": _bucket_policy(account, spoke.results),
        }
    return policies


def lake_policies(accounts: Accounts) -> dict[str, Any]:
    """Returns the IAM policies of Lake Formation: L1, without statements of others, to L5."""
    b = accounts.b
    catalog = _document(accounts.a.client("glue").get_resource_policy()["PolicyInJson"])
    statements = [item for item in catalog["Statement"] if item != fixtures.EXISTING_STATEMENT]
    return {
        "L1": {**catalog, "Statement": statements},
        "L2": _stack_policy(b, "lake-sales-analyst", "ReaderPolicyArn"),
        "L22": _stack_policy(b, "lake-sales-quick", "ReaderPolicyArn"),
        "L3": _stack_policy(b, "lake-settings", "AdminPolicyArn"),
        "L4": _stack_policy(b, "lake-sales-steward", "ReaderPolicyArn"),
        "L5": _stack_policy(b, "lake-default-analyst", "DefaultPolicyArn"),
        "L52": _stack_policy(b, "lake-default-quick", "DefaultPolicyArn"),
        "L53": _stack_policy(b, "lake-default-steward", "DefaultPolicyArn"),
    }


def external_policies() -> dict[str, Any]:
    """Returns policies that no template creates: an administrator's, a public bucket's, the trust
    policy of a role that trusts everybody, and the policy of a key that leaves it to IAM."""
    public = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{fixtures.TRAP}/*",
    }
    keys = fixtures.PAYROLL_KEYS
    delegating = {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{key.split(':')[4]}:root" for key in keys]},
        "Action": "kms:*",
        "Resource": "*",
    }
    trusting = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    return {
        "everything": fixtures.ADMINISTRATOR_ACCESS,
        "trap": {"Version": "2012-10-17", "Statement": [public]},
        "delegating": {"Version": "2012-10-17", "Statement": [delegating]},
        "trusting": {"Version": "2012-10-17", "Statement": [trusting]},
    }
