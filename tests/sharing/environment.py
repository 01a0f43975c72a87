"""The environment under test, created through AWS APIs: a function of account A, shared with B.

`baseline` returns the state without faults, and `apply` makes the accounts equal to a state.
Account A owns the function, and an analyst of account B queries it.
"""

import contextlib
import copy
import io
import json
import os
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

State = dict[str, Any]
Statement = dict[str, Any]

A, B, C = "444455556666", "111122223333", "222233334444"
REGION, OTHER_REGION = "us-east-1", "eu-west-1"
ORGANIZATION = "o-example12345"
# Makes names unique, so that several runs can use one emulator.
TAG = uuid.uuid4().hex[:8]
NAME, ALIAS = f"connector-{TAG}", "live"
FUNCTION = f"arn:aws:lambda:{REGION}:{A}:function:{NAME}"
SPILL, PREFIX = f"spill-{TAG}", "athena-spill"
SPILL_OTHER_REGION = f"spill-far-{TAG}"
FOREIGN_BUCKET = f"foreign-{TAG}"  # of account B
RESULTS, RESULTS_OTHER_REGION = f"results-{TAG}", f"results-far-{TAG}"
ANALYST = f"arn:aws:iam::{B}:role/analyst-{TAG}"
EXECUTION = f"arn:aws:iam::{A}:role/execution-{TAG}"
ANALYST_BOUNDARY = f"arn:aws:iam::{B}:policy/boundary-{TAG}"
CATALOG, WORKGROUP = f"shop_{TAG}", f"federated-{TAG}"
# Actions of the policies that workgroup.yaml and consumer.yaml give to analysts.
WORKGROUP_ACTIONS = [
    f"athena:{name}"
    for name in (
        *("StartQueryExecution", "StopQueryExecution", "GetQueryExecution"),
        *("BatchGetQueryExecution", "GetQueryResults", "GetQueryResultsStream"),
        *("ListQueryExecutions", "GetWorkGroup"),
    )
]
LIST_ACTIONS = ["athena:ListWorkGroups", "athena:ListDataCatalogs", "athena:ListEngineVersions"]
CATALOG_ACTIONS = [
    f"athena:{name}"
    for name in (
        *("GetDataCatalog", "GetDatabase", "ListDatabases", "GetTableMetadata"),
        "ListTableMetadata",
    )
]
RESULT_ACTIONS = [
    *("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
]
THROUGH_ATHENA = {"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}


@dataclass(frozen=True)
class Keys:
    """ARNs that AWS assigns."""

    own: str  # KMS key of the spill bucket
    other_region: str  # KMS key of account A in another Region
    execution_boundary: str  # policy that denies the execution role access to S3


def client(service: str, account: str, region: str = REGION, **credentials: str) -> Any:
    """Returns a client that acts as the root of `account` unless `credentials` are given."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
        **(credentials or {"aws_access_key_id": account, "aws_secret_access_key": "test"}),
    )


def ignore_errors(call: Callable[..., Any], **arguments: Any) -> Any:
    """Returns the result of `call`, or None if AWS returns an error."""
    with contextlib.suppress(ClientError):
        return call(**arguments)


def role_name(arn: str) -> str:
    return arn.rsplit("/")[-1]


def bucket_arn(name: str) -> str:
    return f"arn:aws:s3:::{name}"


def document(statements: list[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(
    sid: str, action: str | list[str], resource: str | list[str], condition: Any = None
) -> Statement:
    """Returns a statement of an identity policy."""
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = condition
    return statement


def allow_principal(principal: str, *arguments: Any) -> Statement:
    """Returns a statement of a resource policy; the other arguments are those of `allow`."""
    return allow(*arguments) | {"Principal": principal if principal == "*" else {"AWS": principal}}


def deny_everyone(*arguments: Any) -> Statement:
    """Returns a deny statement of a resource policy; the arguments are those of `allow`."""
    return allow_principal("*", *arguments) | {"Effect": "Deny"}


def baseline(keys: Keys) -> State:
    """Returns the state without faults."""
    state = {
        "own_key": keys.own,
        "environment": {"spill_bucket": SPILL, "spill_prefix": PREFIX},
        "deployed": True,
        "permissions": [{"StatementId": "Analyst", "Principal": ANALYST}],
        "bucket_policy": _bucket_policy(),
        "encryption": keys.own,
        "key_enabled": True,
        "key_policy": _key_policy(),
        "execution": [
            allow("WriteSpill", "s3:PutObject", _spilled()),
            allow("ProbeSpillBucket", ["s3:ListBucket", "s3:GetBucketLocation"], bucket_arn(SPILL)),
            allow("DataKeys", "kms:GenerateDataKey", keys.own),
            allow(
                "Logs",
                ["logs:CreateLogStream", "logs:PutLogEvents"],
                f"arn:aws:logs:{REGION}:{A}:log-group:/aws/lambda/{NAME}:*",
            ),
        ],
        "analyst": _analyst_policy(keys),
        "execution_boundary": None,
        "analyst_exists": True,
        "analyst_boundary": None,
        "catalog": FUNCTION,
        "workgroup": {"state": "ENABLED", "output": f"s3://{RESULTS}/q/"},
        "options": {},  # additional options of `athena-local doctor`
    }
    # Statements must not share conditions, or a fault in one would change the others.
    return json.loads(json.dumps(state))


def _spilled() -> str:
    return f"{bucket_arn(SPILL)}/{PREFIX}/*"


def _s3_service() -> str:
    return f"s3.{REGION}.amazonaws.com"


def _bucket_policy() -> list[Statement]:
    bucket, objects, root = bucket_arn(SPILL), f"{bucket_arn(SPILL)}/*", f"arn:aws:iam::{B}:root"
    analyst = {"ArnLike": {"aws:PrincipalArn": ANALYST}} | THROUGH_ATHENA
    encryption = "s3:x-amz-server-side-encryption"
    other_encryption = {
        "Null": {encryption: "false"},
        "StringNotEquals": {encryption: "aws:kms"},
    }
    return [
        deny_everyone(
            "DenyInsecureTransport",
            "s3:*",
            [bucket, objects],
            {"Bool": {"aws:SecureTransport": "false"}},
        ),
        allow_principal(root, "Read", "s3:GetObject", _spilled(), analyst),
        allow_principal(root, "List", "s3:ListBucket", bucket, analyst),
        allow_principal(root, "Locate", "s3:GetBucketLocation", bucket, analyst),
        deny_everyone(
            "DenyWritesExceptConnector",
            "s3:PutObject",
            objects,
            {"ArnNotEquals": {"aws:PrincipalArn": EXECUTION}},
        ),
        deny_everyone("DenyForeignEncryption", "s3:PutObject", objects, other_encryption),
    ]


def _key_policy() -> list[Statement]:
    condition = {
        "ArnLike": {"aws:PrincipalArn": ANALYST},
        "StringEquals": {"kms:ViaService": _s3_service(), "aws:PrincipalOrgID": ORGANIZATION},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket_arn(SPILL), _spilled()]},
    }
    return [
        allow_principal(f"arn:aws:iam::{A}:root", "AccountAdministration", "kms:*", "*"),
        allow_principal(f"arn:aws:iam::{B}:root", "Decrypt", "kms:Decrypt", "*", condition),
    ]


def _analyst_policy(keys: Keys) -> list[Statement]:
    spill, results = bucket_arn(SPILL), bucket_arn(RESULTS)
    own_account = {"StringEquals": {"aws:ResourceAccount": B}}
    through_s3 = {"StringEquals": {"kms:ViaService": _s3_service()}}
    locate = ["s3:GetBucketLocation", "s3:ListBucket"]
    athena = f"arn:aws:athena:{REGION}:{B}"
    function = [FUNCTION, f"{FUNCTION}:*"]
    return [
        allow("RunInWorkgroup", WORKGROUP_ACTIONS, f"{athena}:workgroup/{WORKGROUP}"),
        allow("ListAll", LIST_ACTIONS, "*"),
        allow("UseCatalog", CATALOG_ACTIONS, f"{athena}:datacatalog/{CATALOG}"),
        allow("Invoke", "lambda:InvokeFunction", function, THROUGH_ATHENA),
        {
            "Sid": "DenyOthers",
            "Effect": "Deny",
            "Action": "lambda:InvokeFunction",
            "NotResource": function,
            "Condition": THROUGH_ATHENA,
        },
        allow("ResultObjects", RESULT_ACTIONS, f"{results}/*", own_account),
        allow(
            "ResultBucket", [*locate, "s3:ListBucketMultipartUploads"], results, own_account
        ),
        allow("ReadSpill", "s3:GetObject", _spilled(), THROUGH_ATHENA),
        allow("LocateSpill", locate, spill, THROUGH_ATHENA),
        allow("Decrypt", "kms:Decrypt", keys.own, through_s3),
    ]


def create_unchanging() -> Keys:
    """Creates the resources that no fault changes: buckets, keys, roles and boundaries."""
    for account, region, bucket in [
        (A, REGION, SPILL),
        (A, OTHER_REGION, SPILL_OTHER_REGION),
        (B, REGION, RESULTS),
        (B, REGION, FOREIGN_BUCKET),
        (B, OTHER_REGION, RESULTS_OTHER_REGION),
    ]:
        location = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        # us-east-1 is the default, and S3 rejects it as a constraint.
        options = {} if region == "us-east-1" else location
        client("s3", account, region).create_bucket(Bucket=bucket, **options)
    iam = client("iam", A)
    lambda_service = {"Service": "lambda.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": lambda_service, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=role_name(EXECUTION), AssumeRolePolicyDocument=document([trust]))
    execution_boundary = iam.create_policy(
        PolicyName=f"execution-{TAG}",
        PolicyDocument=document([allow("OnlyKeysAndLogs", ["kms:*", "logs:*"], "*")]),
    )
    client("iam", B).create_policy(
        PolicyName=role_name(ANALYST_BOUNDARY),
        PolicyDocument=document([allow("OnlyAthenaAndS3", ["athena:*", "s3:*", "kms:*"], "*")]),
    )
    return Keys(
        own=client("kms", A).create_key()["KeyMetadata"]["Arn"],
        other_region=client("kms", A, OTHER_REGION).create_key()["KeyMetadata"]["Arn"],
        execution_boundary=execution_boundary["Policy"]["Arn"],
    )


def apply(state: State, previous: State | None = None) -> None:
    """Makes the accounts equal to `state`, whatever their previous state, unless it is given."""
    for apply_part, members in (
        (_apply_function, ("deployed", "environment", "permissions")),
        (
            _apply_spill,
            ("own_key", "bucket_policy", "encryption", "key_enabled", "key_policy"),
        ),
        (_apply_execution_role, ("execution", "execution_boundary")),
        (
            _apply_consumer,
            ("analyst", "analyst_exists", "analyst_boundary", "catalog", "workgroup"),
        ),
    ):
        if previous is None or any(state[name] != previous[name] for name in members):
            apply_part(state)


def changed(state: State, change: Callable[[State], None]) -> State:
    """Returns a copy of `state` with the change made."""
    copied = copy.deepcopy(state)
    change(copied)
    return copied


def create_function(name: str, role: str, variables: dict[str, str]) -> None:
    """Creates a function in account A, and waits until it can be invoked."""
    functions, archive = client("lambda", A), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("bootstrap", "#!/bin/sh\n")
    functions.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Role=role,
        Handler="bootstrap",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": variables},
    )
    waiter = functions.get_waiter("function_active_v2")
    waiter.wait(FunctionName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 100})


def _apply_function(state: State) -> None:
    functions = client("lambda", A)
    ignore_errors(functions.delete_function, FunctionName=NAME)
    if not state["deployed"]:
        return
    create_function(NAME, EXECUTION, state["environment"])
    version = functions.publish_version(FunctionName=NAME)["Version"]
    functions.create_alias(FunctionName=NAME, Name=ALIAS, FunctionVersion=version)
    for permission in state["permissions"]:
        functions.add_permission(FunctionName=NAME, Action="lambda:InvokeFunction", **permission)


def _apply_spill(state: State) -> None:
    s3, kms, key = client("s3", A), client("kms", A), state["own_key"]
    if state["bucket_policy"]:
        s3.put_bucket_policy(Bucket=SPILL, Policy=document(state["bucket_policy"]))
    else:
        s3.delete_bucket_policy(Bucket=SPILL)
    encryption = {"SSEAlgorithm": "aws:kms"}
    if state["encryption"]:
        encryption["KMSMasterKeyID"] = state["encryption"]
    rule = {"ApplyServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=SPILL, ServerSideEncryptionConfiguration={"Rules": [rule]})
    kms.enable_key(KeyId=key)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(state["key_policy"]))
    if not state["key_enabled"]:
        kms.disable_key(KeyId=key)


def _apply_execution_role(state: State) -> None:
    iam, name = client("iam", A), role_name(EXECUTION)
    policy = document(state["execution"])
    iam.put_role_policy(RoleName=name, PolicyName="spill", PolicyDocument=policy)
    if boundary := state["execution_boundary"]:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    else:
        ignore_errors(iam.delete_role_permissions_boundary, RoleName=name)


def _apply_consumer(state: State) -> None:
    iam, athena, name = client("iam", B), client("athena", B), role_name(ANALYST)
    for policy in ["query", "emulator"]:
        ignore_errors(iam.delete_role_policy, RoleName=name, PolicyName=policy)
    ignore_errors(iam.delete_role, RoleName=name)
    if state["analyst_exists"]:
        root = {"AWS": f"arn:aws:iam::{B}:root"}
        trust = document([{"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}])
        boundary = state["analyst_boundary"]
        options = {"PermissionsBoundary": boundary} if boundary else {}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **options)
        policy = document(state["analyst"])
        iam.put_role_policy(RoleName=name, PolicyName="query", PolicyDocument=policy)
    ignore_errors(athena.delete_data_catalog, Name=CATALOG)
    if function := state["catalog"]:
        parameters = {"function": function}
        athena.create_data_catalog(Name=CATALOG, Type="LAMBDA", Parameters=parameters)
    ignore_errors(athena.delete_work_group, WorkGroup=WORKGROUP, RecursiveDeleteOption=True)
    if workgroup := state["workgroup"]:
        configuration = {
            "ResultConfiguration": {"OutputLocation": workgroup["output"]},
            "EnforceWorkGroupConfiguration": True,
        }
        athena.create_work_group(Name=WORKGROUP, Configuration=configuration)
        athena.update_work_group(WorkGroup=WORKGROUP, State=workgroup["state"])
