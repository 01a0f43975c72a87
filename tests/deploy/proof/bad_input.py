"""What is refused before anything changes, and a stack that fails half way and leaves nothing."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from proof import cast
from proof.account import Account
from proof.live import Check
from proof.setting import Accounts

GOOD_CONSUMER = {
    "ConnectorAccountId": cast.A,
    "ConnectorFunctionName": "rust-connector",
    "SpillBucket": cast.SPILL,
}
ANALYST = {"ConsumerAccountIds": cast.B, "ConsumerRoleArns": cast.ANALYST}


@dataclass(frozen=True)
class Wrong:
    """Parameters of which one is wrong, and a word of the refusal."""

    what: str
    template: str
    parameters: dict[str, str]
    says: str


WRONG = (
    Wrong(
        "an account id of 11 digits",
        "connector",
        {**ANALYST, "ConsumerAccountIds": "11112222333"},
        "ConsumerAccountIds",
    ),
    Wrong(
        "the ARN of a session",
        "connector",
        {**ANALYST, "ConsumerRoleArns": f"arn:aws:sts::{cast.B}:assumed-role/AthenaAnalyst/me"},
        "ConsumerRoleArns",
    ),
    Wrong("a role without its account", "connector", {"ConsumerRoleArns": cast.ANALYST}, "ConsumerAccountIds"),
    Wrong("an account without its roles", "connector", {"ConsumerAccountIds": cast.B}, "ConsumerRoleArns"),
    Wrong("a function's name of 45 letters", "connector", {"FunctionName": "f" * 45}, "FunctionName"),
    Wrong("a prefix that begins with a slash", "connector", {"SpillPrefix": "/spill"}, "SpillPrefix"),
    Wrong(
        "data keys of a key that there is not",
        "connector",
        {"BlockKeys": "kms", "SpillEncryption": "AES256"},
        "BlockKeys",
    ),
    Wrong("no organization", "connector", {"OrganizationId": cast.A}, "OrganizationId"),
    Wrong(
        "a function with its alias",
        "consumer",
        {**GOOD_CONSUMER, "ConnectorFunctionName": "rust-connector:live"},
        "ConnectorFunctionName",
    ),
    Wrong(
        "a function by an ARN of another Region",
        "consumer",
        {**GOOD_CONSUMER, "ConnectorFunctionName": cast.FUNCTION.replace("us-east-1", "eu-west-1")},
        "ConnectorFunctionName",
    ),
    Wrong("a key by its alias", "consumer", {**GOOD_CONSUMER, "SpillKeyId": "alias/spill"}, "SpillKeyId"),
    Wrong(
        "a share role without who may take it",
        "consumer",
        {**GOOD_CONSUMER, "CreateShareRole": "true"},
        "ConnectorAdminArn",
    ),
    Wrong(
        "a role's name of 65 letters", "consumer", {**GOOD_CONSUMER, "AnalystRoleNames": "r" * 65}, "AnalystRoleNames"
    ),
    Wrong(
        "a role of any account",
        "quick",
        {"ConsumerRoleArns": "arn:aws:iam::*:role/qs-athena-consumer-role"},
        "ConsumerRoleArns",
    ),
    Wrong(
        "columns of no table",
        "lake-producer",
        {"DatabaseName": "sales", "SharePrincipal": cast.B, "AdminArn": cast.ANALYST, "ColumnNames": "a"},
        "TableName",
    ),
)


def _template(deploy: Path, name: str) -> str:
    """A template as it is sent; its program would have been uploaded by now."""
    return re.sub(r"CodeUri: .*", "CodeUri: s3://bucket/key", (deploy / f"{name}.yaml").read_text())


def _list(parameters: dict[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]


def refused(account: Account, deploy: Path) -> list[Check]:
    """Every wrong parameter is named, and no stack is left by it."""
    formation = account.client("cloudformation")
    checks = []
    for number, wrong in enumerate(WRONG):
        stack = f"wrong-{number}"
        try:
            formation.create_stack(
                StackName=stack,
                TemplateBody=_template(deploy, wrong.template),
                Parameters=_list(wrong.parameters),
                Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
            said = "it was taken"
        except ClientError as error:
            said = error.response["Error"]["Message"]
        stacks = [found["StackName"] for found in formation.list_stacks()["StackSummaries"]]
        checks.append(Check(f"refused: {wrong.what}", wrong.says in said and stack not in stacks, said))
    return checks


def left_of(account: Account, name: str) -> list[str]:
    """What an account still has of a connector of that name. A key says it in its description; one that waits for its deletion is gone."""
    functions = account.client("lambda").list_functions()["Functions"]
    iam, kms = account.client("iam"), account.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    found = {
        "function": [item["FunctionName"] for item in functions],
        "role": [item["RoleName"] for item in iam.list_roles()["Roles"]],
        "policy": [item["PolicyName"] for item in iam.list_policies(Scope="Local")["Policies"]],
        "bucket": [item["Name"] for item in account.client("s3").list_buckets()["Buckets"]],
        "log group": [item["logGroupName"] for item in account.client("logs").describe_log_groups()["logGroups"]],
        "alias": [item["AliasName"] for item in kms.list_aliases()["Aliases"]],
        "key": [f"{key['KeyId']} {key['Description']}" for key in keys if key["KeyState"] != "PendingDeletion"],
    }
    return [f"{kind} {item}" for kind, items in found.items() for item in items if name in item]


def rolled_back(accounts: Accounts, root: Path, built: Path) -> list[Check]:
    """A stack whose bucket exists already, in another account, fails; nothing that it made before is left."""
    taken = "taken-by-somebody-else"
    accounts.c.client("s3").create_bucket(Bucket=taken)
    done = accounts.a.shell(
        f"sam deploy --template {built} --stack-name half-made --resolve-s3 --capabilities CAPABILITY_IAM --no-confirm-changeset"
        f" --parameter-overrides FunctionName=half-made SpillBucketName={taken}",
        root,
    )
    left = left_of(accounts.a, "half-made")
    return [
        Check("a bucket that exists elsewhere fails the stack", done.returncode != 0, f"status {done.returncode}"),
        Check("and the stack leaves nothing", not left, f"left: {left}"),
        *_nobody(accounts.b, root),
    ]


def _nobody(b: Account, root: Path) -> list[Check]:
    """A role that does not exist fails the consumer's stack, and its catalog, workgroup, bucket and policy are not left."""
    done = b.shell(
        "aws cloudformation deploy --template-file deploy/consumer.yaml --stack-name half-consumer"
        " --capabilities CAPABILITY_NAMED_IAM --parameter-overrides AnalystRoleNames=Nobody CatalogName=half_made"
        " WorkGroupName=half-made ResultsBucketName=half-made-results "
        + " ".join(f"{key}={value}" for key, value in GOOD_CONSUMER.items()),
        root,
    )
    athena = b.client("athena")
    catalogs = [item["CatalogName"] for item in athena.list_data_catalogs()["DataCatalogsSummary"]]
    groups = [item["Name"] for item in athena.list_work_groups()["WorkGroups"]]
    left = [name for name in [*catalogs, *groups] if "half" in name] + left_of(b, "half")
    return [
        Check("a role that does not exist fails the consumer's stack", done.returncode != 0, f"status {done.returncode}"),
        Check("and that leaves nothing either", not left, f"left: {left}"),
    ]


def requests(who: Account) -> list[Check]:
    """What the deployed function itself refuses of a caller who may invoke it: tokens that it never made, and other functions' words."""
    identity = {"id": "x", "principal": "x", "account": cast.B, "arn": cast.ANALYST, "tags": {}, "groups": []}
    common = {"identity": identity, "queryId": "q", "catalogName": "rustconn"}
    cases = {
        "a token that it never made": {"@type": "ListTablesRequest", "schemaName": "sf0_01", "nextToken": "foreign", "pageSize": 2},
        "a request of an unknown type": {"@type": "DropTableRequest", "schemaName": "sf0_01"},
    }
    good = {"@type": "ListTablesRequest", "schemaName": "sf0_01", "nextToken": None, "pageSize": -1}

    def answer(request: dict) -> tuple[bool, str]:
        said = who.client("lambda").invoke(FunctionName=cast.FUNCTION, Payload=json.dumps({**request, **common}))
        return "FunctionError" in said, said["Payload"].read().decode()[:300]

    failed, words = answer(good)
    checks = [Check("the function answers what is in order", not failed, words)]
    for what, request in cases.items():
        failed, words = answer(request)
        checks.append(Check(f"the function refuses {what}", failed and "InvalidInput" in words, words))
    return checks
