"""Requests that AWS refuses: the stand-in for AWS has to refuse them with the same error code.

Each row is a claim, a call and the documented error code. The call is an operation of an API, or
one on a stack of a few resources, where the handler of CloudFormation differs from the API. The
rows run in account C, with names that begin with `strict`, and leave nothing behind.

What remains kinder than AWS is listed in `KINDER`.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.emulator.quicksight_actions import ACTIONS
from tests.deploy.environment import Accounts
from tests.deploy.report import Check

# What the stand-in accepts and AWS may refuse, with the step of deploy/check-real that verifies it.
KINDER = {
    "CloudFormation creates resources other than data sources without the caller's permissions": 8,
    "the service role of a stack (--role-arn) is not its caller": 8,
    "a name that CloudFormation generates may replace an existing resource": 8,
    "roles in a template lose PermissionsBoundary": 8,
    "resource-level conditions of Quick's tagging actions (aws:RequestTag) are not set": 6,
    "the account has no subscription of Quick, and its users and groups need not exist": 6,
    "the actions in Permissions of a data source may be any": 6,
    "Quick does not assume Role A when a data source is created": 6,
    "callers of Lake Formation and Glue need no permissions, and need not be administrators": 7,
    "a grant on a resource of another account does not need its share, nor its acceptance": 7,
    "Lake Formation creates no share in RAM, and a grant does not need permissions of RAM": 7,
    "a registered location need not exist, and its role need not have access to it": 7,
    "the order of a replaced grant on the same object: it is revoked first, then granted": 7,
    "SELECT on a table is listed as a table, not as all of its columns": 7,
    "all tables are an object of their own: grants on them and on a table are independent": 7,
    "CROSS_ACCOUNT_VERSION does not limit what can be granted; only 5 cannot be reverted": 7,
}

ASSUMABLE = {"Effect": "Allow", "Principal": {"AWS": fixtures.C}, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [ASSUMABLE]}
NOTHING = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::strict/*"}
    ],
}
CROSS_ACCOUNT_MANAGER = "arn:aws:iam::aws:policy/AWSLakeFormationCrossAccountManager"
ACCEPTED = "accepted"
SOURCE = "AWS::QuickSight::DataSource"
# Status of a stack whose operation has begun.
STARTED = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
# An account that no other test uses, because its settings cannot be reverted.
IRREVERSIBLE = "101010101010"


class StackError(Exception):
    """An operation on a stack that failed, with the reasons of the resources that failed."""


@dataclass(frozen=True)
class Row:
    """A call, and the error code with which it has to fail; `ACCEPTED` if it has to succeed."""

    claim: str
    code: str
    call: Callable[[], Any]

    def check(self) -> Check:
        try:
            self.call()
            observed = ACCEPTED
        except ClientError as error:
            observed = f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        except StackError as error:
            observed = str(error)
        return Check(f"strictness: {self.claim}: {self.code}", self.code in observed, observed)


def strictness_checks(accounts: Accounts) -> list[Check]:
    """Runs all rows, and compares the actions of the data source with the schema of its type."""
    c = accounts.c
    sections = (_roles, _policies, _storage, _athena, _names, _exports)
    sections += (_glue, _lake, _lake_stacks, _quicksight, _data_source_stacks)
    return [_schema_check(), *(check for section in sections for check in _checks(section, c))]


def _checks(section: Callable[[Account], Iterator[Row]], c: Account) -> Iterator[Check]:
    """Yields the checks of a section; the last one fails if the section could not be completed."""
    try:
        for row in section(c):
            yield row.check()
    except (ClientError, StackError) as error:
        claim = f"strictness: the rows of {section.__name__.removeprefix('_')} are complete"
        yield Check(claim, False, str(error))


def _schema_check() -> Check:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(fixtures.REGION, SOURCE).schema
    documented = {
        name: set(schema["handlers"][name]["permissions"])
        for name in ("create", "update", "delete")
    }
    same = documented == {name: set(actions) for name, actions in ACTIONS.items()}
    return Check(
        "strictness: the actions of a data source are those of its schema", same, str(documented)
    )


# Stacks


def _resource(kind: str, properties: dict, **attributes: Any) -> dict:
    return {"Type": f"AWS::{kind}", "Properties": properties, **attributes}


def _template(resources: dict, outputs: dict | None = None) -> str:
    return json.dumps({"Resources": resources, **({"Outputs": outputs} if outputs else {})})


@dataclass(frozen=True)
class Stack:
    """A stack of an account, whose operations raise `StackError` if they fail."""

    account: Account
    name: str

    def create(self, resources: dict, outputs: dict | None = None) -> None:
        formation = self.account.client("cloudformation")
        stack = formation.create_stack(
            StackName=self.name,
            TemplateBody=_template(resources, outputs),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )["StackId"]
        self._wait(stack, "CREATE_COMPLETE")

    def update(self, resources: dict) -> None:
        formation = self.account.client("cloudformation")
        stack = formation.update_stack(
            StackName=self.name,
            TemplateBody=_template(resources),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )["StackId"]
        self._wait(stack, "UPDATE_COMPLETE")

    def delete(self) -> None:
        formation = self.account.client("cloudformation")
        found = formation.describe_stacks(StackName=self.name)["Stacks"]
        formation.delete_stack(StackName=self.name)
        self._wait(found[0]["StackId"], "DELETE_COMPLETE")

    def _wait(self, stack: str, expected: str) -> None:
        formation = self.account.client("cloudformation")
        status = "IN_PROGRESS"
        while "IN_PROGRESS" in status:
            time.sleep(0.05)
            status = formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        if status == expected:
            return
        events = formation.describe_stack_events(StackName=stack)["StackEvents"]
        reasons: list[str] = []
        for event in events:  # the latest first
            name, event_status = event["LogicalResourceId"], event["ResourceStatus"]
            if name == self.name and event_status in STARTED:
                break
            if event_status.endswith("_FAILED"):
                reasons.insert(0, f"{name}: {event.get('ResourceStatusReason', '')}")
        raise StackError(f"{status}: {'; '.join(reasons)}")

    def refuses(self, resources: dict, outputs: dict | None = None) -> Callable[[], None]:
        """Returns a call that creates the stack, and deletes it whether or not this fails."""

        def create() -> None:
            try:
                self.create(resources, outputs)
            finally:
                with contextlib.suppress(StackError, ClientError):
                    self.delete()

        return create


# Sections: each creates what its rows need, and deletes it at the end.


def _roles(c: Account) -> Iterator[Row]:
    iam, name = c.client("iam"), "strict-role"
    trust = json.dumps(TRUST)
    role = {"RoleName": name, "AssumeRolePolicyDocument": TRUST}
    stack = Stack(c, "strict-role")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    yield Row(
        "create a role that exists",
        "EntityAlreadyExists",
        lambda: iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust),
    )
    yield Row(
        "create a role that exists by a stack",
        "EntityAlreadyExists",
        stack.refuses({"Role": _resource("IAM::Role", role)}),
    )
    yield Row(
        "the role of another remains when that stack is rolled back",
        ACCEPTED,
        lambda: iam.get_role(RoleName=name),
    )
    iam.delete_role(RoleName=name)
    yield Row(
        "create a role with a policy that does not exist by a stack",
        "NoSuchEntity",
        stack.refuses(
            {
                "Role": _resource(
                    "IAM::Role", {**role, "ManagedPolicyArns": [f"arn:aws:iam::{c.id}:policy/none"]}
                )
            }
        ),
    )
    stack.create(
        {"Role": _resource("IAM::Role", {**role, "ManagedPolicyArns": [CROSS_ACCOUNT_MANAGER]})}
    )
    yield Row(
        "delete a role with a policy",
        "DeleteConflict",
        lambda: iam.delete_role(RoleName=name),
    )
    added = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_role_policy(RoleName=name, PolicyArn=added)
    yield Row("delete a stack whose role has a policy of another", "DeleteConflict", stack.delete)
    yield Row("that deletion names the policy", added, stack.delete)
    iam.detach_role_policy(RoleName=name, PolicyArn=added)
    iam.put_role_policy(RoleName=name, PolicyName="by-hand", PolicyDocument=json.dumps(NOTHING))
    yield Row("delete a stack whose role has an inline policy", "DeleteConflict", stack.delete)
    iam.delete_role_policy(RoleName=name, PolicyName="by-hand")
    yield Row("delete a stack whose role has only its own policies", ACCEPTED, stack.delete)
    yield Row("that role is gone", "NoSuchEntity", lambda: iam.get_role(RoleName=name))


def _policies(c: Account) -> Iterator[Row]:
    iam, name = c.client("iam"), "strict-policy"
    arn = f"arn:aws:iam::{c.id}:policy/{name}"
    document = json.dumps(NOTHING)
    policy = {"ManagedPolicyName": name, "PolicyDocument": NOTHING}
    stack = Stack(c, "strict-policy")
    iam.create_role(RoleName="strict-user", AssumeRolePolicyDocument=json.dumps(TRUST))
    yield Row(
        "attach a policy that does not exist",
        "NoSuchEntity",
        lambda: iam.attach_role_policy(RoleName="strict-user", PolicyArn=arn),
    )
    yield Row(
        "create a policy for a role that does not exist by a stack",
        "NoSuchEntity",
        stack.refuses({"Policy": _resource("IAM::ManagedPolicy", {**policy, "Roles": ["none"]})}),
    )
    stack.create({"Policy": _resource("IAM::ManagedPolicy", policy)})
    yield Row(
        "create a policy that exists",
        "EntityAlreadyExists",
        lambda: iam.create_policy(PolicyName=name, PolicyDocument=document),
    )
    yield Row(
        "create a policy that exists by a stack",
        "EntityAlreadyExists",
        Stack(c, "strict-policy-2").refuses({"Policy": _resource("IAM::ManagedPolicy", policy)}),
    )
    iam.attach_role_policy(RoleName="strict-user", PolicyArn=arn)
    yield Row(
        "delete a policy that is attached",
        "DeleteConflict",
        lambda: iam.delete_policy(PolicyArn=arn),
    )
    yield Row("delete a stack whose policy is attached by hand", "DeleteConflict", stack.delete)
    yield Row("that deletion names the policy", arn, stack.delete)
    iam.detach_role_policy(RoleName="strict-user", PolicyArn=arn)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    yield Row(
        "delete a policy with versions",
        "DeleteConflict",
        lambda: iam.delete_policy(PolicyArn=arn),
    )
    yield Row("delete a stack whose policy is not attached", ACCEPTED, stack.delete)
    iam.create_user(UserName="strict-user")
    yield Row(
        "create a user that exists",
        "EntityAlreadyExists",
        lambda: iam.create_user(UserName="strict-user"),
    )
    iam.delete_user(UserName="strict-user")
    iam.attach_role_policy(RoleName="strict-user", PolicyArn=CROSS_ACCOUNT_MANAGER)
    iam.detach_role_policy(RoleName="strict-user", PolicyArn=CROSS_ACCOUNT_MANAGER)
    iam.delete_role(RoleName="strict-user")


def _storage(c: Account) -> Iterator[Row]:
    s3, bucket = c.client("s3"), f"strict-bucket-{c.id}"
    resources = {"Bucket": _resource("S3::Bucket", {"BucketName": bucket})}
    stack = Stack(c, "strict-bucket")
    stack.create(resources)
    other = Account(fixtures.UNRELATED, c.endpoint)
    yield Row(
        "create a bucket whose name another account has",
        "BucketAlreadyExists",
        lambda: other.client("s3").create_bucket(Bucket=bucket),
    )
    yield Row(
        "create a bucket whose name is taken by a stack",
        "ROLLBACK_COMPLETE",
        Stack(other, "strict-bucket").refuses(resources),
    )
    s3.put_object(Bucket=bucket, Key="object", Body=b"")
    yield Row(
        "delete a bucket that is not empty",
        "BucketNotEmpty",
        lambda: s3.delete_bucket(Bucket=bucket),
    )
    yield Row("delete a stack whose bucket is not empty", "BucketNotEmpty", stack.delete)
    yield Row("its objects remain", ACCEPTED, lambda: s3.head_object(Bucket=bucket, Key="object"))
    s3.delete_object(Bucket=bucket, Key="object")
    yield Row("delete a stack whose bucket is empty", ACCEPTED, stack.delete)


def _athena(c: Account) -> Iterator[Row]:
    athena, name = c.client("athena"), "strict"
    catalog = {
        "Name": name,
        "Type": "LAMBDA",
        "Parameters": {"function": fixtures.FUNCTION},
    }
    invalid = "InvalidRequestException"
    stack = Stack(c, "strict-athena")
    athena.create_data_catalog(**catalog)
    athena.create_work_group(Name=name)
    yield Row(
        "create a data catalog that exists",
        invalid,
        lambda: athena.create_data_catalog(**catalog),
    )
    yield Row(
        "create a data catalog that exists by a stack",
        invalid,
        stack.refuses({"Catalog": _resource("Athena::DataCatalog", catalog)}),
    )
    yield Row(
        "create a workgroup that exists",
        invalid,
        lambda: athena.create_work_group(Name=name),
    )
    yield Row(
        "create a workgroup that exists by a stack",
        invalid,
        stack.refuses({"Group": _resource("Athena::WorkGroup", {"Name": name})}),
    )
    athena.create_named_query(Name="q", Database="d", QueryString="SELECT 1", WorkGroup=name)
    yield Row(
        "delete a workgroup with queries",
        invalid,
        lambda: athena.delete_work_group(WorkGroup=name),
    )
    athena.delete_work_group(WorkGroup=name, RecursiveDeleteOption=True)
    athena.delete_data_catalog(Name=name)
    yield Row(
        "delete a workgroup that does not exist",
        invalid,
        lambda: athena.delete_work_group(WorkGroup=name),
    )
    yield Row(
        "delete a data catalog that does not exist",
        invalid,
        lambda: athena.delete_data_catalog(Name=name),
    )


def _names(c: Account) -> Iterator[Row]:
    """Yields rows of a key's alias, a log group, a function and a parameter that exist."""
    kms, logs, ssm, functions = (c.client(name) for name in ("kms", "logs", "ssm", "lambda"))
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    alias, group, name = "alias/strict", "/aws/lambda/strict", "strict"
    stack = Stack(c, "strict-names")
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    logs.create_log_group(logGroupName=group)
    ssm.put_parameter(Name="/strict", Type="String", Value="theirs")
    role = f"arn:aws:iam::{c.id}:role/strict"
    c.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    code = {"ZipFile": "def handler(event, context): pass"}
    function = {
        "FunctionName": name,
        "Role": role,
        "Runtime": "python3.12",
        "Handler": "index.handler",
    }
    kept = Stack(c, "strict-function")
    kept.create({"Function": _resource("Lambda::Function", {**function, "Code": code})})
    archive = b"PK\x05\x06" + bytes(18)
    yield Row(
        "create a key's alias that exists",
        "AlreadyExistsException",
        lambda: kms.create_alias(AliasName=alias, TargetKeyId=key),
    )
    yield Row(
        "create a log group that exists",
        "ResourceAlreadyExistsException",
        lambda: logs.create_log_group(logGroupName=group),
    )
    yield Row(
        "create a function that exists",
        "ResourceConflictException",
        lambda: functions.create_function(**function, Code={"ZipFile": archive}),
    )
    yield Row(
        "create a parameter that exists",
        "ParameterAlreadyExists",
        lambda: ssm.put_parameter(Name="/strict", Type="String", Value="ours"),
    )
    for claim, resource in (
        (
            "a key's alias",
            _resource("KMS::Alias", {"AliasName": alias, "TargetKeyId": key}),
        ),
        ("a log group", _resource("Logs::LogGroup", {"LogGroupName": group})),
        ("a function", _resource("Lambda::Function", {**function, "Code": code})),
        (
            "a parameter",
            _resource("SSM::Parameter", {"Name": "/strict", "Type": "String", "Value": "ours"}),
        ),
    ):
        yield Row(
            f"create {claim} that exists by a stack",
            "AlreadyExists",
            stack.refuses({"Resource": resource}),
        )
    yield from _alerts(c)
    kept.delete()
    ssm.delete_parameter(Name="/strict")
    logs.delete_log_group(logGroupName=group)
    kms.delete_alias(AliasName=alias)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    c.client("iam").delete_role(RoleName=name)


def _alerts(c: Account) -> Iterator[Row]:
    """Yields rows of a topic, a rule and an alarm, which two stacks define."""
    alarm = {
        "AlarmName": "strict",
        "Namespace": "strict",
        "MetricName": "strict",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    resources = {
        "topic": _resource("SNS::Topic", {"TopicName": "strict"}),
        "rule": _resource("Events::Rule", {"Name": "strict", "ScheduleExpression": "rate(1 day)"}),
        "alarm": _resource("CloudWatch::Alarm", alarm),
    }
    first = Stack(c, "strict-alerts")
    first.create({name.title(): resource for name, resource in resources.items()})
    for name, resource in resources.items():
        yield Row(
            f"create the {name} of another stack",
            "AlreadyExists",
            Stack(c, f"strict-{name}").refuses({"Resource": resource}),
        )
    first.delete()


def _exports(c: Account) -> Iterator[Row]:
    resources = {"Handle": _resource("CloudFormation::WaitConditionHandle", {})}
    outputs = {"Value": {"Value": "x", "Export": {"Name": "strict-export"}}}
    first, second = Stack(c, "strict-export-1"), Stack(c, "strict-export-2")
    first.create(resources, outputs)
    yield Row(
        "two stacks export one name",
        "already exported by stack strict-export-1",
        second.refuses(resources, outputs),
    )
    second.create(resources, {"Value": {"Value": {"Fn::ImportValue": "strict-export"}}})
    yield Row("delete a stack whose export another imports", "ValidationError", first.delete)
    second.delete()
    first.delete()


def _glue(c: Account) -> Iterator[Row]:
    glue, database = c.client("glue"), {"Name": "strict"}
    missing, policy = "EntityNotFoundException", json.dumps(NOTHING)
    glue.create_database(DatabaseInput=database)
    yield Row(
        "create a database that exists",
        "AlreadyExistsException",
        lambda: glue.create_database(DatabaseInput=database),
    )
    glue.delete_database(Name="strict")
    yield Row(
        "update a database that does not exist",
        missing,
        lambda: glue.update_database(Name="strict", DatabaseInput=database),
    )
    yield Row(
        "delete a database that does not exist",
        missing,
        lambda: glue.delete_database(Name="strict"),
    )
    yield Row("read a catalog policy that does not exist", missing, glue.get_resource_policy)
    glue.put_resource_policy(PolicyInJson=policy)
    yield Row(
        "replace a catalog policy that has changed meanwhile",
        "ConditionCheckFailureException",
        lambda: glue.put_resource_policy(PolicyInJson=policy, PolicyHashCondition="0" * 32),
    )
    yield Row(
        "create a catalog policy where one exists",
        "ConditionCheckFailureException",
        lambda: glue.put_resource_policy(PolicyInJson=policy, PolicyExistsCondition="NOT_EXIST"),
    )
    glue.delete_resource_policy()


def _principal(name: str) -> dict[str, str]:
    return {"DataLakePrincipalIdentifier": name}


ALLOWED = _principal("IAM_ALLOWED_PRINCIPALS")
READER = _principal(f"arn:aws:iam::{fixtures.C}:role/AthenaAnalyst")
OTHER_ACCOUNT = _principal(fixtures.A)
DATABASE = {"Database": {"Name": "strict"}}
TABLE = {"Table": {"DatabaseName": "strict", "Name": "t"}}
EVERY_TABLE: dict = {"Table": {"DatabaseName": "strict", "TableWildcard": {}}}
COLUMNS = {"TableWithColumns": {"DatabaseName": "strict", "Name": "t", "ColumnNames": ["a"]}}
LOCATION = "arn:aws:s3:::strict-lake"


def _grant(principal: dict, resource: dict, *permissions: str) -> dict:
    return {"Principal": principal, "Resource": resource, "Permissions": list(permissions)}


def _revoke_all(c: Account) -> None:
    lake = c.client("lakeformation")
    for held in lake.list_permissions()["PrincipalResourcePermissions"]:
        lake.revoke_permissions(**held)


def _listed(c: Account, principal: dict, resource: dict) -> list[list[str]]:
    response = c.client("lakeformation").list_permissions(Principal=principal, Resource=resource)
    return [held["Permissions"] for held in response["PrincipalResourcePermissions"]]


def _equal(actual: object, expected: object) -> None:
    """Fails the row of a call whose result differs."""
    if actual != expected:
        raise StackError(f"{actual}, expected {expected}")


def _create_lake(c: Account) -> None:
    glue = c.client("glue")
    location = "s3://strict-lake/strict/"
    glue.create_database(DatabaseInput={"Name": "strict", "LocationUri": location})
    columns = [{"Name": name, "Type": "string"} for name in ("a", "b")]
    table = {"Name": "t", "StorageDescriptor": {"Columns": columns, "Location": f"{location}t/"}}
    glue.create_table(DatabaseName="strict", TableInput=table)


def _lake(c: Account) -> Iterator[Row]:
    lake, invalid = c.client("lakeformation"), "InvalidInputException"
    _create_lake(c)
    _revoke_all(c)
    yield Row(
        "revoke what was never granted",
        "No permissions revoked. Grantee does not have: [SELECT]",
        lambda: lake.revoke_permissions(**_grant(READER, TABLE, "SELECT")),
    )
    yield Row(
        "revoke what was never granted to IAMAllowedPrincipals",
        invalid,
        lambda: lake.revoke_permissions(**_grant(ALLOWED, EVERY_TABLE, "ALL")),
    )
    lake.grant_permissions(**_grant(READER, TABLE, "SELECT"))
    lake.grant_permissions(**_grant(READER, TABLE, "DESCRIBE"))
    yield Row(
        "revoke more than was granted",
        "Grantee does not have: [ALTER]",
        lambda: lake.revoke_permissions(**_grant(READER, TABLE, "SELECT", "ALTER")),
    )
    yield Row(
        "list permissions of a principal on a table",
        ACCEPTED,
        lambda: _equal(_listed(c, READER, TABLE), [["DESCRIBE", "SELECT"]]),
    )
    yield Row(
        "list permissions of a principal on another object",
        ACCEPTED,
        lambda: _equal(_listed(c, READER, DATABASE), []),
    )
    yield Row(
        "list permissions of a principal without an object",
        invalid,
        lambda: lake.list_permissions(Principal=READER),
    )
    lake.revoke_permissions(**_grant(READER, TABLE, "SELECT", "DESCRIBE"))
    yield Row(
        "revoke twice",
        invalid,
        lambda: lake.revoke_permissions(**_grant(READER, TABLE, "SELECT")),
    )
    yield Row(
        "grant on a table that does not exist",
        "EntityNotFoundException",
        lambda: lake.grant_permissions(
            **_grant(READER, {"Table": {"DatabaseName": "strict", "Name": "none"}}, "SELECT")
        ),
    )
    yield from _shares(c, "a database", DATABASE, DATABASE)
    yield from _shares(c, "a table", TABLE, TABLE)
    yield from _shares(c, "all tables", TABLE, EVERY_TABLE)
    yield from _shares(c, "columns", TABLE, COLUMNS)
    yield from _registrations(lake)
    lake.register_resource(
        ResourceArn=LOCATION, UseServiceLinkedRole=True, HybridAccessEnabled=True
    )
    lake.grant_permissions(**_grant(ALLOWED, DATABASE, "ALL"))
    yield Row(
        "share a database in hybrid access mode",
        ACCEPTED,
        lambda: lake.grant_permissions(**_grant(OTHER_ACCOUNT, DATABASE, "DESCRIBE")),
    )
    yield Row(
        "replace the catalog policy without EnableHybrid while resources are shared",
        invalid,
        lambda: c.client("glue").put_resource_policy(PolicyInJson=json.dumps(NOTHING)),
    )
    _revoke_all(c)
    lake.deregister_resource(ResourceArn=LOCATION)
    yield from _settings(c)
    c.client("glue").delete_database(Name="strict")


def _shares(c: Account, claim: str, blocking: dict, resource: dict) -> Iterator[Row]:
    """Yields rows that share an object before and after the default permissions are revoked."""
    lake = c.client("lakeformation")
    permission = "DESCRIBE" if resource == DATABASE else "SELECT"

    def share() -> None:
        lake.grant_permissions(**_grant(OTHER_ACCOUNT, resource, permission))

    lake.grant_permissions(**_grant(ALLOWED, blocking, "ALL"))
    with_default = f"share {claim} on which IAMAllowedPrincipals has permissions"
    yield Row(with_default, "InvalidInputException", share)
    lake.revoke_permissions(**_grant(ALLOWED, blocking, "ALL"))
    yield Row(f"share {claim} after the revocation", ACCEPTED, share)
    _revoke_all(c)


def _registrations(lake: Any) -> Iterator[Row]:
    missing = "EntityNotFoundException"
    location = {"ResourceArn": LOCATION, "UseServiceLinkedRole": True}
    lake.register_resource(**location)
    yield Row(
        "register a location twice",
        "AlreadyExistsException",
        lambda: lake.register_resource(**location),
    )
    role = f"arn:aws:iam::{fixtures.C}:role/AthenaAnalyst"
    yield Row(
        "edit a registration with a service-linked role",
        "InvalidInputException",
        lambda: lake.update_resource(ResourceArn=LOCATION, RoleArn=role, HybridAccessEnabled=True),
    )
    lake.deregister_resource(ResourceArn=LOCATION)
    yield Row(
        "deregister an unknown location",
        missing,
        lambda: lake.deregister_resource(ResourceArn=LOCATION),
    )


def _settings(c: Account) -> Iterator[Row]:
    lake = Account(IRREVERSIBLE, c.endpoint).client("lakeformation")
    invalid = "InvalidInputException"

    def put(**settings: Any) -> None:
        lake.put_data_lake_settings(DataLakeSettings=settings)

    def put_version(version: str) -> None:
        put(Parameters={"CROSS_ACCOUNT_VERSION": version})

    def version() -> str:
        settings = lake.get_data_lake_settings()["DataLakeSettings"]
        return settings["Parameters"]["CROSS_ACCOUNT_VERSION"]

    yield Row(
        "an unknown parameter of the settings",
        invalid,
        lambda: put(Parameters={"CrossAccountVersion": "4"}),
    )
    yield Row("a version that does not exist", invalid, lambda: put_version("6"))
    put_version("5")
    put(DataLakeAdmins=[READER])
    yield Row("settings without a version keep it", ACCEPTED, lambda: _equal(version(), "5"))
    yield Row("lower the version from 5", invalid, lambda: put_version("4"))


def _lake_stacks(c: Account) -> Iterator[Row]:
    lake, glue = c.client("lakeformation"), c.client("glue")
    _create_lake(c)
    _revoke_all(c)
    stack = Stack(c, "strict-lake")

    def grant(resource: dict, *permissions: str) -> dict:
        properties = {**_grant(READER, resource, *permissions), "PermissionsWithGrantOption": []}
        return {"Grant": _resource("LakeFormation::PrincipalPermissions", properties)}

    def held(resource: dict) -> list[list[str]]:
        return _listed(c, READER, resource)

    lake.grant_permissions(**_grant(READER, COLUMNS, "SELECT"))
    yield Row(
        "grant columns that are granted by a stack",
        "AlreadyExistsException",
        stack.refuses(grant(COLUMNS, "SELECT")),
    )
    _revoke_all(c)
    lake.grant_permissions(**_grant(READER, TABLE, "ALTER"))
    stack.create(grant(TABLE, "SELECT"))
    yield Row(
        "a grant of a stack is added to existing ones",
        ACCEPTED,
        lambda: _equal(held(TABLE), [["ALTER", "SELECT"]]),
    )
    stack.update(grant(DATABASE, "DESCRIBE"))
    yield Row(
        "an update with another object replaces the grant",
        ACCEPTED,
        lambda: _equal([held(TABLE), held(DATABASE)], [[], [["DESCRIBE"]]]),
    )
    lake.grant_permissions(**_grant(READER, DATABASE, "ALTER"))
    stack.delete()
    yield Row(
        "the deletion revokes everything that the principal has on the object",
        ACCEPTED,
        lambda: _equal(held(DATABASE), []),
    )
    location = {"ResourceArn": LOCATION, "UseServiceLinkedRole": True, "HybridAccessEnabled": True}
    resources = {"Location": _resource("LakeFormation::Resource", location)}
    stack.create(resources)
    yield Row(
        "a stack registers in hybrid access mode",
        ACCEPTED,
        lambda: _equal(
            lake.describe_resource(ResourceArn=LOCATION)["ResourceInfo"]["HybridAccessEnabled"],
            True,
        ),
    )
    yield Row(
        "register a location twice by a stack",
        "AlreadyExistsException",
        Stack(c, "strict-lake-2").refuses(resources),
    )
    edited = _resource("LakeFormation::Resource", {**location, "HybridAccessEnabled": False})
    yield Row(
        "edit a registration with a service-linked role by a stack",
        "InvalidInputException",
        lambda: stack.update({"Location": edited}),
    )
    stack.delete()
    yield from _settings_stacks(c)
    link = {"CatalogId": c.id, "DatabaseInput": {"Name": "strict"}}
    yield Row(
        "create a database that exists by a stack",
        "AlreadyExistsException",
        stack.refuses({"Link": _resource("Glue::Database", link)}),
    )
    glue.delete_database(Name="strict")
    _revoke_all(c)


def _settings_stacks(c: Account) -> Iterator[Row]:
    lake, stack = c.client("lakeformation"), Stack(c, "strict-settings")
    original = lake.get_data_lake_settings()["DataLakeSettings"]
    owners = {"TrustedResourceOwners": [fixtures.A], "DataLakeAdmins": [READER]}
    lake.put_data_lake_settings(DataLakeSettings={**original, **owners})
    admin = _principal(f"arn:aws:iam::{c.id}:role/Other")
    properties = {
        "MutationType": "APPEND",
        "Admins": [admin],
        "TrustedResourceOwners": [fixtures.B],
    }
    stack.create({"Settings": _resource("LakeFormation::DataLakeSettings", properties)})
    stack.delete()
    settings = lake.get_data_lake_settings()["DataLakeSettings"]
    yield Row(
        "settings of a stack are added, and remain after its deletion",
        ACCEPTED,
        lambda: _equal(
            [settings["DataLakeAdmins"], settings["TrustedResourceOwners"]],
            [[READER, admin], [fixtures.A, fixtures.B]],
        ),
    )
    lake.put_data_lake_settings(DataLakeSettings=original)


SOURCE_ID = "strict"
OWNER = f"arn:aws:quicksight:{fixtures.REGION}:{fixtures.C}:user/default/owner"
READ_ACTIONS = [
    "quicksight:DescribeDataSource",
    "quicksight:DescribeDataSourcePermissions",
    "quicksight:PassDataSource",
]


def _source(role: str) -> dict:
    return {
        "AwsAccountId": fixtures.C,
        "DataSourceId": SOURCE_ID,
        "Name": "strict",
        "Type": "ATHENA",
        "DataSourceParameters": {"AthenaParameters": {"WorkGroup": "primary", "RoleArn": role}},
        "Permissions": [{"Principal": OWNER, "Actions": READ_ACTIONS}],
    }


def _quicksight(c: Account) -> Iterator[Row]:
    quick, missing = c.client("quicksight"), "ResourceNotFoundException"
    names = {"AwsAccountId": c.id, "DataSourceId": SOURCE_ID}
    source = _source(f"arn:aws:iam::{c.id}:role/strict-quick")
    yield Row(
        "describe a data source that does not exist",
        missing,
        lambda: quick.describe_data_source(**names),
    )
    yield Row(
        "describe permissions of a data source that does not exist",
        missing,
        lambda: quick.describe_data_source_permissions(**names),
    )
    yield Row(
        "create a data source with a role of another account",
        "AccessDeniedException",
        lambda: quick.create_data_source(**_source(fixtures.ROLE_A)),
    )
    quick.create_data_source(**source)
    yield Row(
        "create a data source that exists",
        "ResourceExistsException",
        lambda: quick.create_data_source(**source),
    )
    yield Row(
        "a data source is created asynchronously",
        ACCEPTED,
        lambda: _equal(
            quick.describe_data_source(**names)["DataSource"]["Status"], "CREATION_SUCCESSFUL"
        ),
    )
    update = [{"Principal": OWNER, "Actions": ["quicksight:UpdateDataSource"]}]
    quick.update_data_source_permissions(**names, GrantPermissions=update)
    expected = sorted([*READ_ACTIONS, "quicksight:UpdateDataSource"])
    yield Row(
        "the permissions of a data source are updated",
        ACCEPTED,
        lambda: _equal(
            quick.describe_data_source_permissions(**names)["Permissions"][0]["Actions"], expected
        ),
    )
    quick.delete_data_source(**names)
    yield Row(
        "delete a data source that does not exist",
        missing,
        lambda: quick.delete_data_source(**names),
    )


def _data_source_stacks(c: Account) -> Iterator[Row]:
    """Yields rows of a stack that a role creates: without each of the permissions that it needs."""
    iam, quick, author = c.client("iam"), c.client("quicksight"), "strict-author"
    role = f"arn:aws:iam::{c.id}:role/strict-quick"
    source = {"Source": _resource("QuickSight::DataSource", _source(role))}
    trust = json.dumps(TRUST)
    needed = sorted({action for actions in ACTIONS.values() for action in actions})
    pass_role = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role,
        "Condition": {"StringEquals": {"iam:PassedToService": "quicksight.amazonaws.com"}},
    }

    def allow(*actions: str, passes: bool = True) -> None:
        statements = [
            {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
            {"Effect": "Allow", "Action": list(actions), "Resource": "*"},
            *([pass_role] if passes else []),
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=author, PolicyName="author", PolicyDocument=document)

    for name in ("strict-quick", author):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    allow(*needed)
    session = c.role(author)
    stack, as_root = Stack(session, "strict-source"), Stack(c, "strict-source")

    def create() -> None:
        """Creates the stack as the role; the root deletes it."""
        try:
            stack.create(source)
        finally:
            with contextlib.suppress(StackError, ClientError):
                as_root.delete()

    for action in ACTIONS["create"]:
        allow(*(other for other in needed if other != action))
        yield Row(f"a stack of a data source without {action}", f"perform: {action}", create)
    allow(*needed, passes=False)
    yield Row("a stack of a data source without iam:PassRole", "perform: iam:PassRole", create)
    allow(*needed)
    foreign = _resource("QuickSight::DataSource", _source(fixtures.ROLE_A))
    yield Row(
        "a stack of a data source with a role of another account",
        "AccessDenied",
        as_root.refuses({"Source": foreign}),
    )
    absent = _resource("QuickSight::DataSource", _source(f"arn:aws:iam::{c.id}:role/none"))
    yield Row(
        "a stack of a data source with a role that does not exist",
        "InvalidRequest",
        as_root.refuses({"Source": absent}),
    )
    yield Row("a stack of a data source as a role with all permissions", ACCEPTED, create)
    quick.create_data_source(**_source(role))
    yield Row(
        "a stack of a data source that exists",
        "ResourceExistsException",
        as_root.refuses(source),
    )
    quick.delete_data_source(AwsAccountId=c.id, DataSourceId=SOURCE_ID)
    as_root.create(source)
    allow(*(other for other in needed if other != "quicksight:DeleteDataSource"))
    yield Row(
        "delete the stack of a data source without permission",
        "perform: quicksight:DeleteDataSource",
        stack.delete,
    )
    as_root.delete()
    iam.delete_role_policy(RoleName=author, PolicyName="author")
    for name in ("strict-quick", author):
        iam.delete_role(RoleName=name)
