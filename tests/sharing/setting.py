"""The good set-up: a function of account A that analysts of account B query, made through the API of AWS."""

import contextlib
import io
import json
import os
import uuid
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

A, B, C = "444455556666", "111122223333", "222233334444"
REGION, ELSEWHERE = "us-east-1", "eu-west-1"
ORGANIZATION = "o-example12345"
TAG = uuid.uuid4().hex[:8]
NAME, ALIAS = f"connector-{TAG}", "live"
FUNCTION = f"arn:aws:lambda:{REGION}:{A}:function:{NAME}"
SPILL, PREFIX, FAR_SPILL, FOREIGN = f"spill-{TAG}", "athena-spill", f"spill-far-{TAG}", f"foreign-{TAG}"
RESULTS, FAR_RESULTS = f"results-{TAG}", f"results-far-{TAG}"
ANALYST, EXECUTION = f"arn:aws:iam::{B}:role/analyst-{TAG}", f"arn:aws:iam::{A}:role/execution-{TAG}"
BOUNDARY = f"arn:aws:iam::{B}:policy/boundary-{TAG}"
CATALOG, WORKGROUP = f"shop_{TAG}", f"federated-{TAG}"
THROUGH_ATHENA = {"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}


def client(service, account, region=REGION, **more):
    keys = more or {"aws_access_key_id": account, "aws_secret_access_key": "test"}
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2})
    return boto3.client(service, region_name=region, endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=config, **keys)


def allow(sid, action, resource, principal=None, condition=None, effect="Allow"):
    statement = {"Sid": sid, "Effect": effect, "Action": action, "Resource": resource}
    if principal:
        statement["Principal"] = principal if principal == "*" else {"AWS": principal}
    if condition:
        statement["Condition"] = condition
    return statement


def document(statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def bucket(name):
    return f"arn:aws:s3:::{name}"


def good(keys):
    """The set-up in which everything is right: what `build` makes."""
    root, via = f"arn:aws:iam::{B}:root", THROUGH_ATHENA
    analyst = {"ArnLike": {"aws:PrincipalArn": ANALYST}}
    spilled = f"{bucket(SPILL)}/{PREFIX}/*"
    s3 = f"s3.{REGION}.amazonaws.com"
    results = {"StringEquals": {"aws:ResourceAccount": B}}
    # Every statement has to have conditions of its own, or a fault in one would be in others too.
    return json.loads(json.dumps({
        "own_key": keys["own"],
        "environment": {"spill_bucket": SPILL, "spill_prefix": PREFIX},
        "deployed": True,
        "permissions": [{"StatementId": "Analyst", "Principal": ANALYST}],
        "bucket_policy": [
            allow("DenyInsecureTransport", "s3:*", [bucket(SPILL), f"{bucket(SPILL)}/*"], "*",
                  {"Bool": {"aws:SecureTransport": "false"}}, "Deny"),
            allow("Read", "s3:GetObject", spilled, root, analyst | via),
            allow("List", "s3:ListBucket", bucket(SPILL), root, analyst | via),
            allow("Locate", "s3:GetBucketLocation", bucket(SPILL), root, analyst | via),
            allow("DenyWritesExceptConnector", "s3:PutObject", f"{bucket(SPILL)}/*", "*",
                  {"ArnNotEquals": {"aws:PrincipalArn": EXECUTION}}, "Deny"),
            allow("DenyForeignEncryption", "s3:PutObject", f"{bucket(SPILL)}/*", "*",
                  {"Null": {"s3:x-amz-server-side-encryption": "false"},
                   "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, "Deny"),
        ],
        "encryption": keys["own"],
        "key_enabled": True,
        "key_policy": [
            allow("AccountAdministration", "kms:*", "*", f"arn:aws:iam::{A}:root"),
            allow("Decrypt", "kms:Decrypt", "*", root, analyst | {
                "StringEquals": {"kms:ViaService": s3, "aws:PrincipalOrgID": ORGANIZATION},
                "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket(SPILL), spilled]}}),
        ],
        "execution": [
            allow("WriteSpill", "s3:PutObject", spilled),
            allow("ProbeSpillBucket", ["s3:ListBucket", "s3:GetBucketLocation"], bucket(SPILL)),
            allow("DataKeys", "kms:GenerateDataKey", keys["own"]),
        ],
        "analyst": [
            allow("RunInWorkgroup", ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"],
                  f"arn:aws:athena:{REGION}:{B}:workgroup/{WORKGROUP}"),
            allow("UseCatalog", ["athena:GetDataCatalog", "athena:ListDatabases"],
                  f"arn:aws:athena:{REGION}:{B}:datacatalog/{CATALOG}"),
            allow("Invoke", "lambda:InvokeFunction", [FUNCTION, f"{FUNCTION}:*"], None, via),
            {"Sid": "DenyOthers", "Effect": "Deny", "Action": "lambda:InvokeFunction",
             "NotResource": [FUNCTION, f"{FUNCTION}:*"], "Condition": via},
            allow("ResultObjects", ["s3:GetObject", "s3:PutObject"], f"{bucket(RESULTS)}/*", None, results),
            allow("ResultBucket", ["s3:GetBucketLocation", "s3:ListBucket"], bucket(RESULTS), None, results),
            allow("ReadSpill", "s3:GetObject", spilled, None, via),
            allow("LocateSpill", ["s3:ListBucket", "s3:GetBucketLocation"], bucket(SPILL), None, via),
            allow("Decrypt", "kms:Decrypt", keys["own"], None, {"StringEquals": {"kms:ViaService": s3}}),
        ],
        "execution_boundary": None,
        "analyst_exists": True,
        "boundary": None,
        "catalog": FUNCTION,
        "workgroup": {"state": "ENABLED", "output": f"s3://{RESULTS}/q/"},
        "told": {},
    }))


def quiet(call, **arguments):
    """Calls it, content if what it is to remove is not there."""
    with contextlib.suppress(ClientError):
        return call(**arguments)


def make_once():
    """What no fault changes: buckets, keys, roles."""
    for account, region, names in [(A, REGION, [SPILL]), (A, ELSEWHERE, [FAR_SPILL]), (B, REGION, [RESULTS, FOREIGN]),
                                   (B, ELSEWHERE, [FAR_RESULTS])]:
        for name in names:
            where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            client("s3", account, region).create_bucket(Bucket=name, **where)
    keys = {
        "own": client("kms", A).create_key()["KeyMetadata"]["Arn"],
        "far": client("kms", A, ELSEWHERE).create_key()["KeyMetadata"]["Arn"],
    }
    trust = lambda who: document([{"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}])  # noqa: E731
    client("iam", A).create_role(RoleName=EXECUTION.rsplit("/")[-1],
                                 AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}))
    keys["boundary"] = client("iam", A).create_policy(PolicyName=f"execution-{TAG}", PolicyDocument=document(
        [allow("OnlyKeysAndLogs", ["kms:*", "logs:*"], "*")]))["Policy"]["Arn"]
    client("iam", B).create_policy(PolicyName=BOUNDARY.rsplit("/")[-1], PolicyDocument=document(
        [allow("OnlyAthenaAndS3", ["athena:*", "s3:*", "kms:*"], "*")]))
    return keys


def build(state):
    """Makes everything as `state` says, whatever it was before."""
    build_function(state)
    s3, kms = client("s3", A), client("kms", A)
    if state["bucket_policy"]:
        s3.put_bucket_policy(Bucket=SPILL, Policy=document(state["bucket_policy"]))
    else:
        s3.delete_bucket_policy(Bucket=SPILL)
    encryption = {"SSEAlgorithm": "aws:kms"} | ({"KMSMasterKeyID": state["encryption"]} if state["encryption"] else {})
    s3.put_bucket_encryption(Bucket=SPILL, ServerSideEncryptionConfiguration={
        "Rules": [{"ApplyServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}]})
    own = state["own_key"]
    kms.enable_key(KeyId=own)
    kms.put_key_policy(KeyId=own, PolicyName="default", Policy=document(state["key_policy"]))
    if not state["key_enabled"]:
        kms.disable_key(KeyId=own)
    client("iam", A).put_role_policy(RoleName=EXECUTION.rsplit("/")[-1], PolicyName="spill",
                                     PolicyDocument=document(state["execution"]))
    if state["execution_boundary"]:
        client("iam", A).put_role_permissions_boundary(
            RoleName=EXECUTION.rsplit("/")[-1], PermissionsBoundary=state["execution_boundary"])
    else:
        quiet(client("iam", A).delete_role_permissions_boundary, RoleName=EXECUTION.rsplit("/")[-1])
    build_consumer(state)


def build_function(state):
    functions = client("lambda", A)
    quiet(functions.delete_function, FunctionName=NAME)
    if not state["deployed"]:
        return
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("bootstrap", "#!/bin/sh\n")
    functions.create_function(FunctionName=NAME, Runtime="provided.al2023", Role=EXECUTION, Handler="bootstrap",
                              Code={"ZipFile": archive.getvalue()}, Environment={"Variables": state["environment"]})
    functions.get_waiter("function_active_v2").wait(FunctionName=NAME, WaiterConfig={"Delay": 0.2, "MaxAttempts": 100})
    version = functions.publish_version(FunctionName=NAME)["Version"]
    functions.create_alias(FunctionName=NAME, Name=ALIAS, FunctionVersion=version)
    for permission in state["permissions"]:
        functions.add_permission(FunctionName=NAME, Action="lambda:InvokeFunction", **permission)


def build_consumer(state):
    iam, athena, name = client("iam", B), client("athena", B), ANALYST.rsplit("/")[-1]
    for policy in ["query", "stand-in"]:
        quiet(iam.delete_role_policy, RoleName=name, PolicyName=policy)
    quiet(iam.delete_role, RoleName=name)
    if state["analyst_exists"]:
        trust = document([{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{B}:root"}, "Action": "sts:AssumeRole"}])
        bound = {"PermissionsBoundary": state["boundary"]} if state["boundary"] else {}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **bound)
        iam.put_role_policy(RoleName=name, PolicyName="query", PolicyDocument=document(state["analyst"]))
    quiet(athena.delete_data_catalog, Name=CATALOG)
    if state["catalog"]:
        athena.create_data_catalog(Name=CATALOG, Type="LAMBDA", Parameters={"function": state["catalog"]})
    quiet(athena.delete_work_group, WorkGroup=WORKGROUP, RecursiveDeleteOption=True)
    if workgroup := state["workgroup"]:
        output = {"ResultConfiguration": {"OutputLocation": workgroup["output"]}, "EnforceWorkGroupConfiguration": True}
        athena.create_work_group(Name=WORKGROUP, Configuration=output)
        athena.update_work_group(WorkGroup=WORKGROUP, State=workgroup["state"])
