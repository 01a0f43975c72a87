"""The policies as the accounts have them after the deploy, by the names that the matrix uses.

| A1 A2 A3 | function, spill bucket, key | A4 A5 | execution role, policy to register from A |
| B1 B2 | trust and policy of the share role | B3 B4 | analyst, results bucket |
| B5 B6 B7 | Role B: trust, Athena, connector | Q1 Q2 Q3 | Role A: trust and policy, data source administrator |
| L1 L2 L3 | Glue catalog, reader, administrator of the lake | Q4 | Quick's own narrowing of Role A's session: a model |
"""

import json
from typing import Any

from proof import cast
from proof.account import Account


def _document(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) else text


def _attached(account: Account, arn: str) -> Any:
    iam = account.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return _document(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def _trust(account: Account, role: str) -> Any:
    return _document(account.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])


def _inline(account: Account, role: str, policy: str) -> Any:
    return _document(account.client("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])


def _bucket(account: Account, bucket: str) -> Any:
    return _document(account.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])


def _name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def of_connector_policy(a: Account) -> Any:
    """A1 alone."""
    return _document(a.client("lambda").get_policy(FunctionName=cast.FUNCTION)["Policy"])


def of_connector(a: Account, stack: str) -> dict[str, Any]:
    """What account A has: A1 to A5."""
    outputs = a.outputs(stack)
    return {
        "A1": of_connector_policy(a),
        "A2": _bucket(a, outputs["SpillBucket"]),
        "A3": _document(a.client("kms").get_key_policy(KeyId=outputs["SpillKeyArn"], PolicyName="default")["Policy"]),
        "A4": _inline(a, _name(outputs["ExecutionRoleArn"]), "connector"),
        "A5": _attached(a, outputs["PushPolicyArn"]),
    }


def of_consumer(b: Account, stack: str) -> dict[str, Any]:
    """What account B has for analysts: B1 to B4."""
    outputs = b.outputs(stack)
    return {
        "B1": _trust(b, _name(outputs["ShareRoleArn"])),
        "B2": _inline(b, _name(outputs["ShareRoleArn"]), "register"),
        "B3": _attached(b, outputs["AnalystPolicyArn"]),
        "B4": _bucket(b, outputs["ResultsBucketName"]),
    }


def of_quick(quick: Account, b: Account) -> dict[str, Any]:
    """The chain of roles: Q1 to Q3, B5 to B7, and Q4, which nobody can read."""
    role_a, role_b = _name(cast.ROLE_A), _name(cast.ROLE_B)
    narrowed = {"Sid": "OneConsumerOnly", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": cast.ROLE_B}
    return {
        "Q1": _trust(quick, role_a),
        "Q2": _inline(quick, role_a, "chain"),
        "Q3": _attached(quick, quick.outputs("quick")["DataSourceAdminPolicyArn"]),
        "Q4": {"Version": "2012-10-17", "Statement": [narrowed]},
        "B5": _trust(b, role_b),
        "B6": _inline(b, role_b, "athena"),
        "B7": _inline(b, role_b, "connector"),
    }


def of_lake(recorded_a: Account, b: Account, stack: str) -> dict[str, Any]:
    """Lake Formation's IAM side: L1 to L3. What else is in the catalog's policy is not ours to judge."""
    outputs = b.outputs(stack)
    catalog = _document(recorded_a.client("glue").get_resource_policy()["PolicyInJson"])
    ours = [statement for statement in catalog["Statement"] if statement != cast.THEIRS]
    return {
        "L1": {**catalog, "Statement": ours},
        "L2": _attached(b, outputs["ReaderPolicyArn"]),
        "L3": _attached(b, outputs["AdminPolicyArn"]),
    }


def uninvited() -> dict[str, Any]:
    """Policies that are no part of ours: a principal that may do everything, and a bucket that everybody may write to."""
    trap = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{cast.TRAP}/*"}
    return {"everything": cast.EVERYTHING, "trap": {"Version": "2012-10-17", "Statement": [trap]}}
