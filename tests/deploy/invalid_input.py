"""Invalid parameters and requests, which are rejected, and failed stacks, which leave nothing."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.environment import Accounts
from tests.deploy.report import Check
from tests.servers import ROOT

CONSUMER = {
    "ConnectorAccountId": fixtures.A,
    "ConnectorFunctionName": "rust-connector",
    "SpillBucket": fixtures.SPILL,
}
ANALYST = {"ConsumerAccountIds": fixtures.B, "ConsumerRoleArns": fixtures.ANALYST}


@dataclass(frozen=True)
class InvalidParameters:
    """Parameters of which one is invalid, and a text of the error message."""

    claim: str
    template: str
    parameters: dict[str, str]
    mentions: str


def _connector(claim: str, mentions: str, **parameters: str) -> InvalidParameters:
    return InvalidParameters(claim, "connector", parameters, mentions)


def _consumer(claim: str, mentions: str, **parameters: str) -> InvalidParameters:
    return InvalidParameters(claim, "consumer", {**CONSUMER, **parameters}, mentions)


INVALID = (
    _connector(
        "an account id of 11 digits",
        "ConsumerAccountIds",
        **{**ANALYST, "ConsumerAccountIds": "11112222333"},
    ),
    _connector(
        "the ARN of a session",
        "ConsumerRoleArns",
        ConsumerAccountIds=fixtures.B,
        ConsumerRoleArns=f"arn:aws:sts::{fixtures.B}:assumed-role/AthenaAnalyst/me",
    ),
    _connector(
        "a role without its account", "ConsumerAccountIds", ConsumerRoleArns=fixtures.ANALYST
    ),
    _connector("an account without roles", "ConsumerRoleArns", ConsumerAccountIds=fixtures.B),
    _connector("a function name of 45 letters", "FunctionName", FunctionName="f" * 45),
    _connector("a prefix that begins with a slash", "SpillPrefix", SpillPrefix="/spill"),
    _connector(
        "KMS data keys without a KMS key", "BlockKeys", BlockKeys="kms", SpillEncryption="AES256"
    ),
    _connector("an account id as the organization id", "OrganizationId", OrganizationId=fixtures.A),
    _consumer(
        "a function with an alias",
        "ConnectorFunctionName",
        ConnectorFunctionName="rust-connector:live",
    ),
    _consumer(
        "a function ARN of another Region",
        "ConnectorFunctionName",
        ConnectorFunctionName=fixtures.FUNCTION.replace("us-east-1", "eu-west-1"),
    ),
    _consumer("the alias of a key", "SpillKeyId", SpillKeyId="alias/spill"),
    _consumer("a share role without a trusted role", "ConnectorAdminArn", CreateShareRole="true"),
    _consumer("a role name of 65 letters", "AnalystRoleNames", AnalystRoleNames="r" * 65),
    InvalidParameters(
        "a role of any account",
        "quick",
        {"ConsumerRoleArns": "arn:aws:iam::*:role/qs-athena-consumer-role"},
        "ConsumerRoleArns",
    ),
    InvalidParameters(
        "columns without a table",
        "lake-producer",
        {
            "DatabaseName": "sales",
            "SharePrincipal": fixtures.B,
            "AdminArn": fixtures.ANALYST,
            "ColumnNames": "a",
        },
        "TableName",
    ),
)


def _template(name: str) -> str:
    """Returns a template with the location of an uploaded program."""
    text = (ROOT / f"deploy/{name}.yaml").read_text()
    return re.sub(r"CodeUri: .*", "CodeUri: s3://bucket/key", text)


def parameter_checks(account: Account) -> list[Check]:
    """Checks that each invalid parameter is named in the error and that no stack is created."""
    formation = account.client("cloudformation")
    checks = []
    for number, invalid in enumerate(INVALID):
        stack = f"wrong-{number}"
        try:
            formation.create_stack(
                StackName=stack,
                TemplateBody=_template(invalid.template),
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in invalid.parameters.items()
                ],
                Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
            message = "accepted"
        except ClientError as error:
            message = error.response["Error"]["Message"]
        stacks = [found["StackName"] for found in formation.list_stacks()["StackSummaries"]]
        rejected = invalid.mentions in message and stack not in stacks
        checks.append(Check(f"rejected: {invalid.claim}", rejected, message))
    return checks


def remaining_resources(account: Account, name: str) -> list[str]:
    """Returns the resources of an account with `name` in their names, or a key's description.

    A key that is scheduled for deletion does not count.
    """
    iam, kms, logs = account.client("iam"), account.client("kms"), account.client("logs")
    functions = account.client("lambda").list_functions()["Functions"]
    buckets = account.client("s3").list_buckets()["Buckets"]
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    keys = [key for key in keys if key["KeyState"] != "PendingDeletion"]
    found = {
        "function": [item["FunctionName"] for item in functions],
        "role": [item["RoleName"] for item in iam.list_roles()["Roles"]],
        "policy": [item["PolicyName"] for item in iam.list_policies(Scope="Local")["Policies"]],
        "bucket": [item["Name"] for item in buckets],
        "log group": [item["logGroupName"] for item in logs.describe_log_groups()["logGroups"]],
        "alias": [item["AliasName"] for item in kms.list_aliases()["Aliases"]],
        "key": [f"{key['KeyId']} {key['Description']}" for key in keys],
    }
    return [f"{kind} {item}" for kind, items in found.items() for item in items if name in item]


def rollback_checks(accounts: Accounts, built_template: Path) -> list[Check]:
    """Checks that stacks that fail halfway leave no resources."""
    return [
        *_existing_bucket_checks(accounts, built_template),
        *_missing_role_checks(accounts.b),
    ]


def _existing_bucket_checks(accounts: Accounts, built_template: Path) -> list[Check]:
    bucket = "taken-by-somebody-else"
    accounts.c.client("s3").create_bucket(Bucket=bucket)
    result = accounts.a.shell(
        f"sam deploy --template {built_template} --stack-name half-made --resolve-s3"
        " --capabilities CAPABILITY_IAM --no-confirm-changeset"
        f" --parameter-overrides FunctionName=half-made SpillBucketName={bucket}",
        ROOT,
    )
    remaining = remaining_resources(accounts.a, "half-made")
    failed, status = result.returncode != 0, f"status {result.returncode}"
    return [
        Check("the connector stack fails if the bucket exists in another account", failed, status),
        Check("the failed connector stack leaves nothing", not remaining, str(remaining)),
    ]


def _missing_role_checks(b: Account) -> list[Check]:
    parameters = {
        "AnalystRoleNames": "Nobody",
        "CatalogName": "half_made",
        "WorkGroupName": "half-made",
        "ResultsBucketName": "half-made-results",
        **CONSUMER,
    }
    result = b.shell(
        "aws cloudformation deploy --template-file deploy/consumer.yaml"
        " --stack-name half-consumer --capabilities CAPABILITY_NAMED_IAM --parameter-overrides "
        + " ".join(f"{key}={value}" for key, value in parameters.items()),
        ROOT,
    )
    athena = b.client("athena")
    catalogs = athena.list_data_catalogs()["DataCatalogsSummary"]
    groups = athena.list_work_groups()["WorkGroups"]
    names = [item["CatalogName"] for item in catalogs] + [item["Name"] for item in groups]
    remaining = [name for name in names if "half" in name] + remaining_resources(b, "half")
    failed, status = result.returncode != 0, f"status {result.returncode}"
    return [
        Check("the consumer stack fails if a role does not exist", failed, status),
        Check("the failed consumer stack leaves nothing", not remaining, str(remaining)),
    ]


def request_checks(who: Account) -> list[Check]:
    """Checks that the deployed function rejects invalid requests of a principal with access."""
    common = {"identity": fixtures.IDENTITY, "queryId": "q", "catalogName": "rustconn"}
    list_tables = {"@type": "ListTablesRequest", "schemaName": "sf0_01"}

    def invoke(request: dict) -> tuple[bool, str]:
        payload = json.dumps({**request, **common})
        response = who.client("lambda").invoke(FunctionName=fixtures.FUNCTION, Payload=payload)
        return "FunctionError" in response, response["Payload"].read().decode()[:300]

    failed, body = invoke({**list_tables, "nextToken": None, "pageSize": -1})
    checks = [Check("the function accepts a valid request", not failed, body)]
    for claim, request in {
        "a foreign pagination token": {**list_tables, "nextToken": "foreign", "pageSize": 2},
        "a request of an unknown type": {"@type": "DropTableRequest", "schemaName": "sf0_01"},
    }.items():
        failed, body = invoke(request)
        rejected = failed and "InvalidInput" in body
        checks.append(Check(f"the function rejects {claim}", rejected, body))
    return checks
