"""Faults to plant in the good set-up, each with the findings that it must lead to: those, and no others."""

import copy

from setting import (
    A, ALIAS, ANALYST, B, BOUNDARY, C, CATALOG, ELSEWHERE, FAR_RESULTS, FAR_SPILL, FOREIGN, FUNCTION, NAME, PREFIX, REGION, RESULTS,
    SPILL, TAG, WORKGROUP, allow, bucket,
)

INVOKE, READ, LIST, LOCATE = "lambda:InvokeFunction", "s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"
DECRYPT, PUT, DATA_KEY = "kms:Decrypt", "s3:PutObject", "kms:GenerateDataKey"
PER_SPILL = [("bucket-policy", READ), ("bucket-policy", LIST), ("bucket-policy", LOCATE)]


def without(policy, sid):
    """A change that takes a statement away."""
    return lambda state: state.update({policy: [s for s in state[policy] if s["Sid"] != sid]})


def change(policy, sid, **members):
    """A change to members of a statement."""
    def apply(state):
        for statement in state[policy]:
            if statement["Sid"] == sid:
                statement.update(copy.deepcopy(members))
    return apply


def condition(policy, sid, operator, key, value):
    """A change to one condition of a statement."""
    def apply(state):
        for statement in state[policy]:
            if statement["Sid"] == sid:
                statement.setdefault("Condition", {}).setdefault(operator, {})[key] = value
    return apply


def setting(**members):
    """A change to settings."""
    return lambda state: state.update(copy.deepcopy(members))


def permission(**members):
    """A change to the permission of the function."""
    return setting(permissions=[{"StatementId": "Analyst", "Principal": ANALYST} | members])


def owner_faults(keys):
    """Of account A: name, change, words that the first finding has to have, and all findings."""
    other_spill = f"{bucket(SPILL)}/other/*"
    far = lambda name: setting(environment={"spill_bucket": name, "spill_prefix": PREFIX})  # noqa: E731
    role_elsewhere = [("execution-role", PUT), ("execution-role", LIST)]
    return [
        ("function: no permission", setting(permissions=[]), "no statement", [("function-policy", INVOKE)]),
        ("function: another account", permission(Principal=C), C, [("function-policy", INVOKE)]),
        ("function: another role", permission(Principal=f"arn:aws:iam::{B}:role/typo"), "role/typo", [("function-policy", INVOKE)]),
        ("function: a role that was deleted", permission(Principal="AROAEXAMPLEEXAMPLE12"), "deleted", [("function-policy", INVOKE)]),
        ("function: aws:SourceArn", permission(SourceArn=f"arn:aws:athena:*:{B}:*"), "no AWS:SourceArn", [("function-policy", INVOKE)]),
        ("function: aws:SourceAccount", permission(SourceAccount=B), "no AWS:SourceAccount", [("function-policy", INVOKE)]),
        ("function: another organization", permission(Principal="*", PrincipalOrgID="o-other67890"), "o-other67890",
         [("function-policy", INVOKE)]),
        ("function: permission on an alias", permission(Qualifier=ALIAS), f":{ALIAS}", [("function-policy", INVOKE)]),
        ("function: open to everyone", permission(Principal="*"), "any principal", [("function-policy", f"{INVOKE} for unrelated principals")]),
        ("function: not there", setting(deployed=False), FUNCTION, [("function", "exists")]),
        ("function: no spill bucket", setting(environment={}), "spill_bucket", [("function", "spill_bucket")]),
        ("function: another prefix", setting(environment={"spill_bucket": SPILL, "spill_prefix": "other"}),
         f"{SPILL}/{PREFIX}", [("bucket-policy", READ), ("execution-role", PUT)]),
        ("bucket: another region", far(FAR_SPILL), ELSEWHERE, [("bucket", "region"), *PER_SPILL, *role_elsewhere]),
        ("bucket: not there", far(f"nowhere-{TAG}"), f"nowhere-{TAG}", [("bucket", "exists"), *PER_SPILL, *role_elsewhere]),
        ("bucket: of somebody else", far(FOREIGN), FOREIGN, [("bucket", "account")]),
        ("bucket: no policy", setting(bucket_policy=[]), "no statement", PER_SPILL),
        ("bucket: no GetObject", without("bucket_policy", "Read"), "no statement", [("bucket-policy", READ)]),
        ("bucket: no ListBucket", without("bucket_policy", "List"), "no statement", [("bucket-policy", LIST)]),
        ("bucket: no GetBucketLocation", without("bucket_policy", "Locate"), "no statement", [("bucket-policy", LOCATE)]),
        ("bucket: another prefix", change("bucket_policy", "Read", Resource=other_spill), other_spill, [("bucket-policy", READ)]),
        ("bucket: another account", change("bucket_policy", "List", Principal={"AWS": C}), C, [("bucket-policy", LIST)]),
        ("bucket: another role", condition("bucket_policy", "Read", "ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{B}:role/typo"),
         "role/typo", [("bucket-policy", READ)]),
        ("bucket: fence of another organization", lambda state: state["bucket_policy"].append(allow(
            "DenyOutside", READ, f"{bucket(SPILL)}/*", "*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-other67890"}}, "Deny")),
         "DenyOutside", [("bucket-policy", READ)]),
        ("bucket: encryption that is not asked for", change("bucket_policy", "DenyForeignEncryption", Condition={
            "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}), "DenyForeignEncryption", [("bucket-policy", PUT)]),
        ("key: no Decrypt", without("key_policy", "Decrypt"), "no statement", [("key-policy", DECRYPT)]),
        ("key: through S3 of another region", condition("key_policy", "Decrypt", "StringEquals", "kms:ViaService",
            f"s3.{ELSEWHERE}.amazonaws.com"), ELSEWHERE, [("key-policy", DECRYPT)]),
        ("key: for another bucket", condition("key_policy", "Decrypt", "StringLike", "kms:EncryptionContext:aws:s3:arn",
            bucket("other")), "arn:aws:s3:::other", [("key-policy", DECRYPT)]),
        ("key: another organization", condition("key_policy", "Decrypt", "StringEquals", "aws:PrincipalOrgID", "o-other67890"),
         "o-other67890", [("key-policy", DECRYPT)]),
        ("key: disabled", setting(key_enabled=False), "Disabled", [("key", "state")]),
        ("key: another region", setting(encryption=keys["far"]), keys["far"],
         [("key", "region"), ("key-policy", DECRYPT), ("execution-role", DATA_KEY)]),
        ("key: managed by AWS", setting(encryption=None), "managed by AWS", [("key", "manager")]),
        ("role: no PutObject", without("execution", "WriteSpill"), "no statement", [("execution-role", PUT)]),
        ("role: no ListBucket", without("execution", "ProbeSpillBucket"), "no statement", [("execution-role", LIST)]),
        ("role: no GenerateDataKey", without("execution", "DataKeys"), "no statement", [("execution-role", DATA_KEY)]),
        ("role: another key", change("execution", "DataKeys", Resource=keys["far"]), keys["far"], [("execution-role", DATA_KEY)]),
        ("role: a boundary", setting(execution_boundary=keys["boundary"]), "permissions boundary",
         [("permissions-boundary", PUT), ("permissions-boundary", LIST)]),
        ("hint: another prefix", setting(told={"--spill-bucket": SPILL, "--spill-prefix": "other"}), "other", [("owner-hints", "prefix")]),
    ]


def consumer_faults(keys):
    """Of account B."""
    function, identity = lambda text: FUNCTION.replace(*text), "identity-policy"  # noqa: E731
    far_function = function((REGION, ELSEWHERE))
    workgroup = lambda **members: setting(workgroup={"state": "ENABLED", "output": f"s3://{RESULTS}/q/"} | members)  # noqa: E731
    return [
        ("analyst: not there", setting(analyst_exists=False), ANALYST, [("principal", ANALYST)]),
        ("analyst: no InvokeFunction", without("analyst", "Invoke"), "no statement", [(identity, INVOKE)]),
        ("analyst: a function of another region", change("analyst", "Invoke", Resource=far_function), ELSEWHERE, [(identity, INVOKE)]),
        ("analyst: a condition that Athena never meets", condition("analyst", "Invoke", "ArnLike", "aws:SourceArn", "arn:aws:athena:*:*:*"),
         "no aws:SourceArn", [(identity, INVOKE)]),
        ("analyst: denied by what spares another function", change("analyst", "DenyOthers", NotResource=far_function),
         "DenyOthers", [(identity, INVOKE)]),
        ("analyst: no GetObject", without("analyst", "ReadSpill"), "s3:GetObject", [(identity, READ)]),
        ("analyst: another prefix", change("analyst", "ReadSpill", Resource=f"{bucket(SPILL)}/other/*"), "/other/*", [(identity, READ)]),
        ("analyst: no ListBucket, no GetBucketLocation", without("analyst", "LocateSpill"), "s3:ListBucket",
         [(identity, LIST), (identity, LOCATE)]),
        ("analyst: no Decrypt", without("analyst", "Decrypt"), "no statement", [(identity, DECRYPT)]),
        ("analyst: another key", change("analyst", "Decrypt", Resource=keys["far"]), keys["far"], [(identity, DECRYPT)]),
        ("analyst: no workgroup", without("analyst", "RunInWorkgroup"), "athena:", [
            (identity, f"athena:{action}") for action in ["StartQueryExecution", "GetQueryExecution", "GetQueryResults"]]),
        ("analyst: no catalog", without("analyst", "UseCatalog"), "athena:", [(identity, "athena:GetDataCatalog")]),
        ("analyst: no place for results", without("analyst", "ResultObjects"), RESULTS, [(identity, PUT), (identity, READ)]),
        ("analyst: a boundary", setting(boundary=BOUNDARY), "permissions-boundary", [("permissions-boundary", INVOKE)]),
        ("hint: a key of another region", setting(told={"--kms-key": keys["far"]}), ELSEWHERE,
         [("owner-hints", "key region"), (identity, DECRYPT)]),
        ("catalog: not there", setting(catalog=None), CATALOG, [("catalog", "exists")]),
        ("catalog: an alias", setting(catalog=f"{FUNCTION}:{ALIAS}"), "qualifier", [("catalog", "qualifier")]),
        ("catalog: a function of another region", setting(catalog=far_function), ELSEWHERE, [("catalog", "region")]),
        ("catalog: a function of another account", setting(catalog=function((A, C))), C, [("catalog", "account")]),
        ("catalog: another function", setting(catalog=function((NAME, "other"))), "other", [("catalog", "function")]),
        ("workgroup: not there", setting(workgroup=None), WORKGROUP, [("workgroup", "exists")]),
        ("workgroup: disabled", workgroup(state="DISABLED"), "disabled", [("workgroup", "state")]),
        ("workgroup: results in another region", workgroup(output=f"s3://{FAR_RESULTS}/q/"), ELSEWHERE, [
            ("workgroup", "results"), (identity, LOCATE), (identity, LIST), (identity, PUT), (identity, READ)]),
    ]
