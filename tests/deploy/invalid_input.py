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
ANALYST = {"ConsumerAccountIds": fixtures.B, "ConsumerArns": fixtures.ANALYST}


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


def _workgroup(claim: str, mentions: str, **parameters: str) -> InvalidParameters:
    return InvalidParameters(claim, "workgroup", parameters, mentions)


def _quick(claim: str, mentions: str, **parameters: str) -> InvalidParameters:
    return InvalidParameters(claim, "quick", parameters, mentions)


def _spoke(claim: str, mentions: str, **parameters: str) -> InvalidParameters:
    valid = {"QuickAccountId": fixtures.QUICK, "DataSourceId": "athena-wrong"}
    return InvalidParameters(claim, "quick-consumer", {**valid, **parameters}, mentions)


def _table(claim: str, mentions: str, **parameters: str) -> InvalidParameters:
    table = {"OwnerAccountId": fixtures.A, "DatabaseName": "sales", "TableName": "orders"}
    return InvalidParameters(claim, "lake-table", {**table, **parameters}, mentions)


INVALID = (
    _connector(
        "an account id of 11 digits",
        "ConsumerAccountIds",
        **{**ANALYST, "ConsumerAccountIds": "11112222333"},
    ),
    _connector(
        "the ARN of a session",
        "ConsumerArns",
        ConsumerAccountIds=fixtures.B,
        ConsumerArns=f"arn:aws:sts::{fixtures.B}:assumed-role/AthenaAnalyst/me",
    ),
    _connector(
        "a role without its account", "ConsumerAccountIds", ConsumerArns=fixtures.ANALYST
    ),
    _connector("an account without roles", "ConsumerArns", ConsumerAccountIds=fixtures.B),
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
    _workgroup(
        "the alias of a function",
        "ConnectorFunctionArns",
        ConnectorFunctionArns=f"{fixtures.FUNCTION_2}:live",
    ),
    _spoke(
        "connectors without their functions",
        "ConnectorFunctionArns",
        ConnectorPolicyArns=f"arn:aws:iam::{fixtures.B}:policy/x",
    ),
    _connector("subnets without security groups", "SecurityGroupIds", SubnetIds="subnet-0123abcd"),
    _connector("an endpoint without subnets", "SubnetIds", SpillEndpointIds="vpce-0123abcd"),
    _connector(
        "all secrets of the account",
        "SourceSecretArns",
        SourceSecretArns=f"arn:aws:secretsmanager:us-east-1:{fixtures.A}:secret:*",
    ),
    _connector(
        "a role that registers the connector nowhere",
        "PushToAccountId",
        PushRoleNames="ConnectorAdmin",
    ),
    _quick(
        "a role of any account",
        "ConsumerRoleArns",
        ConsumerRoleArns="arn:aws:iam::*:role/quick-athena-retail",
    ),
    _quick("neither roles nor an organization", "ConsumerRoleArns"),
    _spoke("a spoke that is its own hub", "QuickAccountId", QuickAccountId=fixtures.B),
    _spoke("an id with capital letters", "DataSourceId", DataSourceId="Athena"),
    _spoke("a bucket without a database", "GlueDatabase", DataBucket="lake"),
    InvalidParameters(
        "a data source of the hub itself",
        "quick-source",
        {
            "DataSourceId": "athena-own",
            "DataSourceName": "own",
            "ConsumerAccountId": fixtures.B,
            "OwnerArn": f"arn:aws:quicksight:{fixtures.REGION}:{fixtures.B}:user/default/owner",
        },
        "ConsumerAccountId",
    ),
    InvalidParameters("a missing administrator", "lake-settings", {}, "AdminRoleName"),
    InvalidParameters(
        "an unknown version",
        "lake-settings",
        {"AdminRoleName": "LakeAdmin", "CrossAccountVersion": "6"},
        "CrossAccountVersion",
    ),
    InvalidParameters(
        "a share with the own account",
        "lake-share",
        {"DatabaseName": "sales", "SharePrincipal": fixtures.B},
        "SharePrincipal",
    ),
    InvalidParameters(
        "a share with a role",
        "lake-share",
        {"DatabaseName": "sales", "SharePrincipal": f"arn:aws:iam::{fixtures.C}:role/AthenaAnalyst"},
        "SharePrincipal",
    ),
    _table("a table for nobody", "ReaderRoleName"),
    _table(
        "a table for an account and a role",
        "SharePrincipal",
        SharePrincipal=fixtures.C,
        ReaderRoleName="AthenaAnalyst",
    ),
    _table("a table of another account, shared on", "OwnerAccountId", SharePrincipal=fixtures.C),
    InvalidParameters(
        "a link to the own account",
        "lake-link",
        {"ProducerAccountId": fixtures.B, "DatabaseName": "sales"},
        "ProducerAccountId",
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
        *_repeated_spoke_checks(accounts.b),
        *_repeated_share_checks(accounts.a),
        *_missing_administrator_checks(accounts.c),
        *_lower_version_checks(accounts.c),
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
    accounts.a.delete_stack("half-made")
    accounts.c.client("s3").delete_bucket(Bucket=bucket)
    failed, status = result.returncode != 0, f"status {result.returncode}"
    return [
        Check("the connector stack fails if the bucket exists in another account", failed, status),
        Check("the failed connector stack leaves nothing", not remaining, str(remaining)),
    ]


def _missing_role_checks(b: Account) -> list[Check]:
    parameters = {
        "AnalystRoleNames": "Nobody",
        "WorkGroupName": "half-made",
        "ResultsBucketName": "half-made-results",
    }
    result = b.shell(
        "aws cloudformation deploy --template-file deploy/workgroup.yaml"
        " --stack-name half-workgroup --capabilities CAPABILITY_NAMED_IAM --parameter-overrides "
        + " ".join(f"{key}={value}" for key, value in parameters.items()),
        ROOT,
    )
    athena = b.client("athena")
    groups = athena.list_work_groups()["WorkGroups"]
    b.delete_stack("half-workgroup")
    names = [item["Name"] for item in groups]
    remaining = [name for name in names if "half" in name] + remaining_resources(b, "half")
    failed, status = result.returncode != 0, f"status {result.returncode}"
    return [
        Check("the workgroup stack fails if a role does not exist", failed, status),
        Check("the failed workgroup stack leaves nothing", not remaining, str(remaining)),
    ]


def _deploy(account: Account, template: str, stack: str, **parameters: str) -> str:
    """Deploys a stack; returns the error, or nothing if it succeeds. Removes a failed stack."""
    words = " ".join(f"{key}={value}" for key, value in parameters.items())
    result = account.shell(
        f"aws cloudformation deploy --template-file deploy/{template}.yaml --stack-name {stack}"
        f" --capabilities CAPABILITY_NAMED_IAM --parameter-overrides {words}",
        ROOT,
    )
    if not result.returncode:
        return ""
    formation = account.client("cloudformation")
    events = formation.describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    # CloudFormation validates names before it creates anything, and reports them as operations.
    validations = formation.describe_events(StackName=stack)["OperationEvents"]
    reasons += [str(event) for event in validations]
    account.delete_stack(stack)
    return " ".join(reasons) + result.stderr


def _repeated_spoke_checks(b: Account) -> list[Check]:
    """A second spoke with the id of the first must not touch its Role B."""
    iam, role = b.client("iam"), fixtures.ROLE_B.rsplit("/", 1)[-1]
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    error = _deploy(
        b,
        "quick-consumer",
        "quick-again",
        QuickAccountId=fixtures.UNRELATED,
        DataSourceId=fixtures.SPOKES[""].data_source_id,
    )
    after = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    named = role in error or fixtures.SPOKES[""].results in error
    return [
        Check("a second spoke with the same id fails, by name", named, error),
        Check("it does not change the first", before == after, str(after)),
    ]


def _repeated_share_checks(a: Account) -> list[Check]:
    """A table that is shared twice must stay shared when the second stack is rolled back."""

    def shares() -> list[str]:
        lake = a.client("lakeformation")
        found = lake.list_permissions()["PrincipalResourcePermissions"]
        return sorted(json.dumps(item, default=str, sort_keys=True) for item in found)

    before = shares()
    table = {"OwnerAccountId": fixtures.A, "DatabaseName": "sales", "TableName": "orders"}
    again = _deploy(a, "lake-table", "lake-again", SharePrincipal=fixtures.B, **table)
    database = _deploy(
        a, "lake-share", "lake-again", SharePrincipal=fixtures.B, DatabaseName="sales"
    )
    after = shares()
    return [
        Check("a table that is shared twice is refused, by name", "sales/orders" in again, again),
        Check("a database that is shared twice is refused", "/sales/" in database, database),
        Check("the first shares remain", before == after, f"{before}, then {after}"),
    ]


def _lake_settings(account: Account) -> dict:
    return account.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]


def _missing_administrator_checks(c: Account) -> list[Check]:
    before = _lake_settings(c)
    error = _deploy(c, "lake-settings", "half-lake", AdminRoleName="Nobody")
    remaining = remaining_resources(c, "half-lake")
    unchanged = _lake_settings(c) == before
    return [
        Check("an administrator who does not exist is refused, by name", "Nobody" in error, error),
        Check("the failed stack changes no settings", unchanged, str(_lake_settings(c))),
        Check("the failed stack leaves nothing", not remaining, str(remaining)),
    ]


def _lower_version_checks(c: Account) -> list[Check]:
    """An account with version 5 must keep it."""
    lake = c.client("lakeformation")
    before = _lake_settings(c)
    five = {**before, "Parameters": {**before.get("Parameters", {}), "CROSS_ACCOUNT_VERSION": "5"}}
    lake.put_data_lake_settings(DataLakeSettings=five)
    error = _deploy(
        c, "lake-settings", "half-lake", AdminRoleName="AthenaAnalyst", CrossAccountVersion="4"
    )
    version = _lake_settings(c)["Parameters"]["CROSS_ACCOUNT_VERSION"]
    same = _deploy(c, "lake-settings", "lake-settings", AdminRoleName="AthenaAnalyst")
    kept = _lake_settings(c)["Parameters"]["CROSS_ACCOUNT_VERSION"]
    c.delete_stack("lake-settings")
    lake.put_data_lake_settings(DataLakeSettings=five)
    return [
        Check("a lower cross-account version is refused, by name", "VERSION" in error, error),
        Check("the version stays", version == "5", version),
        Check("a stack without a version leaves it", not same and kept == "5", f"{kept} {same}"),
    ]


def script_checks(accounts: Accounts) -> list[Check]:
    """Checks that the scripts of deploy/ reject invalid input, by name, and change nothing."""
    quick, a = accounts.quick, accounts.a
    retail = f"{fixtures.B} athena-retail"
    many = "\n".join(f"{number:012} athena-{number}" for number in range(1, 90))
    lists = {
        "a spoke that is the hub": (f"{fixtures.QUICK} athena-own", fixtures.QUICK),
        "a data source that is listed twice": (f"{retail}\n{fixtures.C} athena-retail", "line 1"),
        "an account id of 11 digits": ("11112222333 athena-retail", "11112222333"),
        "an id without the prefix": (f"{fixtures.B} retail", "retail"),
        "an empty list": ("# nobody", "no spokes"),
        "more roles than a parameter takes": (many, "ConsumerOrganizationId"),
    }
    checks = []
    for claim, (text, mentions) in lists.items():
        result = quick.shell(
            f'printf "%s\n" "$LIST" > target/wrong-spokes.txt\n'
            f"deploy/spokes target/wrong-spokes.txt quick --hub {fixtures.QUICK}",
            ROOT,
            LIST=text,
        )
        rejected = result.returncode == 1 and mentions in result.stderr and not result.stdout
        checks.append(Check(f"spokes rejects {claim}", rejected, str(result)))
    commands = {
        "catalog-policy without a database": ("deploy/catalog-policy add", 2),
        "default-permissions of an unknown database": (
            "deploy/default-permissions revoke unknown",
            1,
        ),
        "default-permissions restored without a file": (
            "deploy/default-permissions restore limits --file target/none.json",
            1,
        ),
        "a negative price": ("deploy/cost --athena-tb -1", 2),
        "a number of queries that is none": ("deploy/cost --queries nan", 2),
        "a hub of 11 digits": ("deploy/spokes target/wrong-spokes.txt quick --hub 1111", 2),
        "an unlisted spoke to remove": ("deploy/spokes target/wrong-spokes.txt remove athena-x", 1),
    }
    for claim, (command, status) in commands.items():
        result = a.shell(command, ROOT)
        rejected = result.returncode == status and not result.stdout
        checks.append(Check(f"rejected: {claim}", rejected, str(result)))
    return checks


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
