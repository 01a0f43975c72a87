"""The policies as deployed, read from the accounts, by the names that the matrix uses.

| Names | Account A | Names | Other accounts |
|---|---|---|---|
| A1 A2 A3 | function, spill bucket, key | B1 B2 | share role: trust policy, permissions |
| A4 A5 | execution role, registration from A | B3 B4 | analysts, results bucket |
| L1 | Glue catalog | B5 B6 B7 | Role B: trust policy, Athena, connector |
| | | Q1 Q2 Q3 | Role A: trust policy, permissions; data source administrator |
| | | Q4 | session policy that Quick applies to Role A: a model |
| | | L2 L3 | lake: reader, administrator |
"""

import json
from typing import Any

from tests.deploy import fixtures
from tests.deploy.account import Account


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


def function_policy(a: Account) -> Any:
    """Returns A1."""
    return _document(a.client("lambda").get_policy(FunctionName=fixtures.FUNCTION)["Policy"])


def connector_policies(a: Account, stack: str) -> dict[str, Any]:
    """Returns the policies of account A: A1 to A5."""
    outputs = a.outputs(stack)
    kms = a.client("kms")
    key_policy = kms.get_key_policy(KeyId=outputs["SpillKeyArn"], PolicyName="default")
    return {
        "A1": function_policy(a),
        "A2": _bucket_policy(a, outputs["SpillBucket"]),
        "A3": _document(key_policy["Policy"]),
        "A4": _inline_policy(a, _role_name(outputs["ExecutionRoleArn"]), "connector"),
        "A5": _managed_policy(a, outputs["PushPolicyArn"]),
    }


def consumer_policies(b: Account, stack: str) -> dict[str, Any]:
    """Returns the policies of account B for analysts: B1 to B4."""
    outputs = b.outputs(stack)
    share_role = _role_name(outputs["ShareRoleArn"])
    return {
        "B1": _trust_policy(b, share_role),
        "B2": _inline_policy(b, share_role, "register"),
        "B3": _managed_policy(b, outputs["AnalystPolicyArn"]),
        "B4": _bucket_policy(b, outputs["ResultsBucketName"]),
    }


def quick_policies(quick: Account, b: Account) -> dict[str, Any]:
    """Returns the policies of the role chain: Q1 to Q3, B5 to B7, and a model of Q4."""
    role_a, role_b = _role_name(fixtures.ROLE_A), _role_name(fixtures.ROLE_B)
    one_consumer = {
        "Sid": "OneConsumerOnly",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": fixtures.ROLE_B,
    }
    return {
        "Q1": _trust_policy(quick, role_a),
        "Q2": _inline_policy(quick, role_a, "chain"),
        "Q3": _managed_policy(quick, quick.outputs("quick")["DataSourceAdminPolicyArn"]),
        "Q4": {"Version": "2012-10-17", "Statement": [one_consumer]},
        "B5": _trust_policy(b, role_b),
        "B6": _inline_policy(b, role_b, "athena"),
        "B7": _inline_policy(b, role_b, "connector"),
    }


def lake_policies(mock_a: Account, b: Account, stack: str) -> dict[str, Any]:
    """Returns the IAM policies of Lake Formation: L1, without statements of others, to L3."""
    outputs = b.outputs(stack)
    catalog = _document(mock_a.client("glue").get_resource_policy()["PolicyInJson"])
    statements = [item for item in catalog["Statement"] if item != fixtures.EXISTING_STATEMENT]
    return {
        "L1": {**catalog, "Statement": statements},
        "L2": _managed_policy(b, outputs["ReaderPolicyArn"]),
        "L3": _managed_policy(b, outputs["AdminPolicyArn"]),
    }


def external_policies() -> dict[str, Any]:
    """Returns policies that no template creates: an administrator's, and a public bucket's."""
    public = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{fixtures.TRAP}/*",
    }
    return {
        "everything": fixtures.ADMINISTRATOR_ACCESS,
        "trap": {"Version": "2012-10-17", "Statement": [public]},
    }
