"""The templates with other parameters than in the guides.

- `connector.yaml` without its optional guardrails, which leaves the list of principals, one of them
  an IAM user; and in a VPC, with secrets of its source, a permissions boundary, alarms and a
  dashboard;
- `quick.yaml` with an organization in place of a list of roles;
- `lake-location.yaml` with hybrid access;
- `workgroup.yaml` and `consumer.yaml` for an IAM user.
"""

import json
from pathlib import Path
from typing import Any

from tests.deploy import fixtures, monitoring
from tests.deploy.account import Account
from tests.deploy.enforcement import invoke, outcome
from tests.deploy.environment import Accounts
from tests.deploy.report import Check
from tests.servers import ROOT

NAME = fixtures.FUNCTION_NAME_3
FUNCTION = fixtures.FUNCTION_3
USER = "reporting"
ENDPOINT = "vpce-0123456789abcdef0"
SUBNET, SECURITY_GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
PARAMETERS = (
    f"FunctionName={NAME} SpillEncryption=AES256 RequireCalledVia=false"
    f" ConsumerAccountIds={fixtures.B} ConsumerArns=arn:aws:iam::{fixtures.B}:role/Unlisted"
    f",arn:aws:iam::{fixtures.B}:user/{USER} SubnetIds={SUBNET} SecurityGroupIds={SECURITY_GROUP}"
    f" SpillEndpointIds={ENDPOINT} PermissionsBoundaryArn={BOUNDARY} ReservedConcurrency=5"
    f" SourceSecretArns={fixtures.SECRET} SourceSecretKeyArns={fixtures.SECRET_KEY} Seal=function"
    f" AlarmTopicArn=arn:aws:sns:{fixtures.REGION}:{fixtures.A}:alarms Dashboard=true"
)
ORGANIZATION_STACK, ORGANIZATION_ROLE = "quick-organization", "role-a-organization"


def checks(accounts: Accounts, built_template: Path) -> list[Check]:
    return [
        *_unguarded_checks(accounts, built_template),
        *_organization_checks(accounts.quick),
        *_hybrid_checks(accounts.c),
        *_user_checks(accounts.b),
    ]


def _user_checks(b: Account) -> list[Check]:
    """Deploys the templates of account B for an IAM user; then removes them."""
    user = _user(b)
    deploy = "aws cloudformation deploy --capabilities CAPABILITY_NAMED_IAM --template-file deploy"
    result = b.shell(
        f"{deploy}/workgroup.yaml --stack-name workgroup-users --parameter-overrides"
        f" WorkGroupName=users ResultsBucketName=users-{b.id} AnalystUserNames={USER}\n"
        f"{deploy}/consumer.yaml --stack-name connector-users --parameter-overrides"
        f" ConnectorAccountId={fixtures.A} ConnectorFunctionName=rust-connector CatalogName=users"
        f" SpillBucket={fixtures.SPILL} AnalystUserNames={USER}",
        ROOT,
    )
    attached = b.client("iam").list_attached_user_policies(UserName=USER)["AttachedPolicies"]
    for stack in ("connector-users", "workgroup-users"):
        b.delete_stack(stack)
    b.client("s3").delete_bucket(Bucket=f"users-{b.id}")
    _delete_user(b, user)
    claim = "an IAM user of account B gets both policies"
    return [Check(claim, len(attached) == 2, f"{attached} {result}")]


def _hybrid_checks(c: Account) -> list[Check]:
    arn = f"arn:aws:s3:::lake-{c.id}/hybrid"
    result = c.shell(
        "aws cloudformation deploy --template-file deploy/lake-location.yaml --stack-name hybrid"
        f" --parameter-overrides LocationArn={arn} HybridAccess=true",
        ROOT,
    )
    lake = c.client("lakeformation")
    found = [
        item for item in lake.list_resources()["ResourceInfoList"] if item["ResourceArn"] == arn
    ]
    hybrid = bool(found) and found[0].get("HybridAccessEnabled") is True
    c.delete_stack("hybrid")
    claim = "the location is registered for hybrid access"
    return [Check(claim, hybrid, f"{found} {result.stderr}")]


def _organization_checks(quick: Account) -> list[Check]:
    """Deploys Role A for an organization, and leaves it for the matrix."""
    result = quick.shell(
        "aws cloudformation deploy --template-file deploy/quick.yaml --capabilities CAPABILITY_NAMED_IAM"
        f" --stack-name {ORGANIZATION_STACK} --parameter-overrides RoleAName={ORGANIZATION_ROLE}"
        f" ConsumerOrganizationId={fixtures.ORGANIZATION}",
        ROOT,
    )
    return [Check("Role A for an organization is deployed", result.returncode == 0, result.stderr)]


def organization_policy(quick: Account) -> Any:
    """Returns the permissions of Role A for an organization."""
    iam = quick.client("iam")
    return iam.get_role_policy(RoleName=ORGANIZATION_ROLE, PolicyName="chain")["PolicyDocument"]


def remove(accounts: Accounts) -> list[Check]:
    """Removes what the variants have left."""
    accounts.quick.delete_stack(ORGANIZATION_STACK)
    removed = accounts.a.shell(
        f"aws cloudformation delete-stack --stack-name {NAME}"
        f" && aws cloudformation wait stack-delete-complete --stack-name {NAME}"
        f" && aws logs delete-log-group --log-group-name /aws/lambda/{NAME}",
        ROOT,
    )
    claim = "the variant of the connector is removed"
    return [Check(claim, not removed.returncode, removed.stderr)]


def _user(b: Account) -> Account:
    """Creates an IAM user of account B that may do everything there, and returns its keys."""
    iam = b.client("iam")
    iam.create_user(UserName=USER)
    policy = json.dumps(fixtures.ADMINISTRATOR_ACCESS)
    iam.put_user_policy(UserName=USER, PolicyName="all", PolicyDocument=policy)
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    keys = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    return Account(b.id, b.endpoint, keys)


def _delete_user(b: Account, user: Account) -> None:
    iam = b.client("iam")
    iam.delete_access_key(UserName=USER, AccessKeyId=user.keys["AWS_ACCESS_KEY_ID"])
    iam.delete_user_policy(UserName=USER, PolicyName="all")
    iam.delete_user(UserName=USER)


def _unguarded_checks(accounts: Accounts, built_template: Path) -> list[Check]:
    """Deploys a function without condition on Athena, organization or KMS key, for the matrix.

    The listed role and user may invoke the function directly, and no other principal may.
    """
    deployed = accounts.a.shell(
        f"sam deploy --template {built_template} --stack-name {NAME} --resolve-s3"
        f" --capabilities CAPABILITY_IAM --no-confirm-changeset --parameter-overrides {PARAMETERS}",
        ROOT,
    )
    if deployed.returncode:
        output = (deployed.stdout + deployed.stderr)[-1500:]
        return [Check("a stack without guardrails deploys", False, output)]
    function = json.loads(accounts.a.client("lambda").get_policy(FunctionName=NAME)["Policy"])
    s3 = accounts.a.client("s3")
    bucket = s3.get_bucket_policy(Bucket=f"{NAME}-spill-{fixtures.A}")["Policy"]
    text = json.dumps(function) + bucket
    guarded = [word for word in ("CalledVia", "PrincipalOrgID", "kms") if word in text]
    sids = [statement["Sid"] for statement in function["Statement"]]
    listed = outcome(invoke(accounts.b.role("Unlisted", "direct"), FUNCTION))
    user = _user(accounts.b)
    listed_user = outcome(invoke(user, FUNCTION))
    _delete_user(accounts.b, user)
    other = outcome(invoke(accounts.c.role("AthenaAnalyst", "direct"), FUNCTION))
    one_statement = sids == ["AllowNamedConsumersThroughAthena"]
    no_key = not {"SpillKeyArn", "SealKeyArn"} & set(deployed.stdout.split())
    return [
        Check("the function's policy has one statement", one_statement, str(sids)),
        Check("the policies have no guardrail", not guarded, f"{guarded} in {text}"),
        Check("uploads with another encryption are still denied", "AES256" in bucket, bucket),
        Check("the stack has no key output", no_key, deployed.stdout[-500:]),
        *monitoring.checks(accounts.a, NAME),
        Check("the listed role invokes directly", listed == "allowed", listed),
        Check("the listed user invokes directly", listed_user == "allowed", listed_user),
        Check("a role of another account is denied", other == "denied", other),
        *_placement_checks(accounts.a),
    ]


def _placement_checks(a: Account) -> list[Check]:
    """Checks the settings of the function that no policy contains."""
    function = a.client("lambda").get_function_configuration(FunctionName=NAME)
    concurrency = a.client("lambda").get_function_concurrency(FunctionName=NAME)
    role = a.client("iam").get_role(RoleName=function["Role"].rsplit("/", 1)[-1])["Role"]
    network = function.get("VpcConfig", {})
    placed = network.get("SubnetIds") == [SUBNET] and network.get("SecurityGroupIds") == [
        SECURITY_GROUP
    ]
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    variables = function["Environment"]["Variables"]
    reserved = concurrency.get("ReservedConcurrentExecutions")
    return [
        Check("the function is in the subnets", placed, str(network)),
        Check("its role has the permissions boundary", boundary == BOUNDARY, str(role)),
        Check("its concurrency is reserved", reserved == 5, str(concurrency)),
        Check(
            "the function gets the ARNs of its secrets",
            variables.get("source_secret_arns") == fixtures.SECRET,
            str(variables),
        ),
    ]
