"""Faults that the doctor finds in account A, which owns the function."""

from tests.sharing.environment import (
    ALIAS,
    FOREIGN_BUCKET,
    FUNCTION,
    OTHER_REGION,
    PREFIX,
    SPILL,
    SPILL_OTHER_REGION,
    TAG,
    B,
    C,
    Keys,
    bucket_arn,
    deny_everyone,
)
from tests.sharing.faults import (
    DATA_KEY,
    DECRYPT,
    INVOKE,
    LIST,
    LOCATE,
    PUT,
    READ,
    Change,
    Fault,
    condition,
    permission,
    remove,
    replace,
    set_members,
    spill_location,
)


def owner_faults(keys: Keys) -> list[Fault]:
    """Returns the faults that the doctor finds in account A."""
    return [
        *_function_faults(),
        *_spill_location_faults(),
        *_bucket_policy_faults(),
        *_key_faults(keys),
        *_execution_role_faults(keys),
        Fault(
            "option: another prefix",
            set_members(options={"--spill-bucket": SPILL, "--spill-prefix": "other"}),
            "other",
            [("owner-hints", "prefix")],
        ),
    ]


def _function_faults() -> list[Fault]:
    invoke = [("function-policy", INVOKE)]
    typo = f"arn:aws:iam::{B}:role/typo"
    other_organization = permission(Principal="*", PrincipalOrgID="o-other67890")
    source_arn = permission(SourceArn=f"arn:aws:athena:*:{B}:*")
    return [
        Fault("function: no permission", set_members(permissions=[]), "no statement", invoke),
        Fault("function: another account", permission(Principal=C), C, invoke),
        Fault("function: another role", permission(Principal=typo), "role/typo", invoke),
        Fault(
            "function: a deleted role",
            permission(Principal="AROAEXAMPLEEXAMPLE12"),
            "deleted",
            invoke,
        ),
        Fault("function: aws:SourceArn", source_arn, "no AWS:SourceArn", invoke),
        Fault(
            "function: aws:SourceAccount",
            permission(SourceAccount=B),
            "no AWS:SourceAccount",
            invoke,
        ),
        Fault("function: another organization", other_organization, "o-other67890", invoke),
        Fault("function: permission on an alias", permission(Qualifier=ALIAS), f":{ALIAS}", invoke),
        Fault(
            "function: open to everyone",
            permission(Principal="*"),
            "any principal",
            [("function-policy", f"{INVOKE} for unrelated principals")],
        ),
        Fault(
            "function: does not exist",
            set_members(deployed=False),
            FUNCTION,
            [("function", "exists")],
        ),
    ]


def _spill_location_faults() -> list[Fault]:
    bucket_policy = [("bucket-policy", READ), ("bucket-policy", LIST), ("bucket-policy", LOCATE)]
    execution_role = [("execution-role", PUT), ("execution-role", LIST)]
    return [
        Fault(
            "function: no spill bucket",
            set_members(environment={}),
            "spill_bucket",
            [("function", "spill_bucket")],
        ),
        Fault(
            "function: another prefix",
            spill_location(SPILL, "other"),
            f"{SPILL}/{PREFIX}",
            [("bucket-policy", READ), ("execution-role", PUT)],
        ),
        Fault(
            "bucket: in another Region",
            spill_location(SPILL_OTHER_REGION),
            OTHER_REGION,
            [("bucket", "region"), *bucket_policy, *execution_role],
        ),
        Fault(
            "bucket: does not exist",
            spill_location(f"nowhere-{TAG}"),
            f"nowhere-{TAG}",
            [("bucket", "exists"), *bucket_policy, *execution_role],
        ),
        Fault(
            "bucket: of another account",
            spill_location(FOREIGN_BUCKET),
            FOREIGN_BUCKET,
            [("bucket", "account")],
        ),
        Fault("bucket: no policy", set_members(bucket_policy=[]), "no statement", bucket_policy),
    ]


def _bucket_policy_faults() -> list[Fault]:
    policy = "bucket_policy"
    read, list_bucket = [("bucket-policy", READ)], [("bucket-policy", LIST)]
    other_objects = f"{bucket_arn(SPILL)}/other/*"
    other_role = f"arn:aws:iam::{B}:role/typo"
    deny_outside = deny_everyone(
        "DenyOutside",
        READ,
        f"{bucket_arn(SPILL)}/*",
        {"StringNotEquals": {"aws:PrincipalOrgID": "o-other67890"}},
    )
    kms_required = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}
    return [
        Fault("bucket: no GetObject", remove(policy, "Read"), "no statement", read),
        Fault("bucket: no ListBucket", remove(policy, "List"), "no statement", list_bucket),
        Fault(
            "bucket: no GetBucketLocation",
            remove(policy, "Locate"),
            "no statement",
            [("bucket-policy", LOCATE)],
        ),
        Fault(
            "bucket: another prefix",
            replace(policy, "Read", Resource=other_objects),
            other_objects,
            read,
        ),
        Fault(
            "bucket: another account", replace(policy, "List", Principal={"AWS": C}), C, list_bucket
        ),
        Fault(
            "bucket: another role",
            condition(policy, "Read", "ArnLike", "aws:PrincipalArn", other_role),
            "role/typo",
            read,
        ),
        Fault(
            "bucket: restricted to another organization",
            lambda state: state[policy].append(deny_outside),
            "DenyOutside",
            read,
        ),
        Fault(
            "bucket: requires an encryption header",
            replace(policy, "DenyForeignEncryption", Condition=kms_required),
            "DenyForeignEncryption",
            [("bucket-policy", PUT)],
        ),
    ]


def _key_faults(keys: Keys) -> list[Fault]:
    decrypt = [("key-policy", DECRYPT)]
    s3_elsewhere = f"s3.{OTHER_REGION}.amazonaws.com"
    encryption_context = "kms:EncryptionContext:aws:s3:arn"
    other_bucket, other_organization = bucket_arn("other"), "o-other67890"

    def on_decrypt(operator: str, key: str, value: str) -> Change:
        return condition("key_policy", "Decrypt", operator, key, value)

    return [
        Fault("key: no Decrypt", remove("key_policy", "Decrypt"), "no statement", decrypt),
        Fault(
            "key: through S3 of another Region",
            on_decrypt("StringEquals", "kms:ViaService", s3_elsewhere),
            OTHER_REGION,
            decrypt,
        ),
        Fault(
            "key: for another bucket",
            on_decrypt("StringLike", encryption_context, other_bucket),
            other_bucket,
            decrypt,
        ),
        Fault(
            "key: another organization",
            on_decrypt("StringEquals", "aws:PrincipalOrgID", other_organization),
            other_organization,
            decrypt,
        ),
        Fault("key: disabled", set_members(key_enabled=False), "Disabled", [("key", "state")]),
        Fault(
            "key: in another Region",
            set_members(encryption=keys.other_region),
            keys.other_region,
            [("key", "region"), *decrypt, ("execution-role", DATA_KEY)],
        ),
        Fault(
            "key: managed by AWS",
            set_members(encryption=None),
            "managed by AWS",
            [("key", "manager")],
        ),
    ]


def _execution_role_faults(keys: Keys) -> list[Fault]:
    policy = "execution"
    data_key = [("execution-role", DATA_KEY)]
    return [
        Fault(
            "role: no PutObject",
            remove(policy, "WriteSpill"),
            "no statement",
            [("execution-role", PUT)],
        ),
        Fault(
            "role: no ListBucket",
            remove(policy, "ProbeSpillBucket"),
            "no statement",
            [("execution-role", LIST)],
        ),
        Fault(
            "role: no log",
            remove(policy, "Logs"),
            "log-group",
            [("execution-role", "logs:CreateLogStream"), ("execution-role", "logs:PutLogEvents")],
        ),
        Fault("role: no GenerateDataKey", remove(policy, "DataKeys"), "no statement", data_key),
        Fault(
            "role: another key",
            replace(policy, "DataKeys", Resource=keys.other_region),
            keys.other_region,
            data_key,
        ),
        Fault(
            "role: a permissions boundary",
            set_members(execution_boundary=keys.execution_boundary),
            "permissions boundary",
            [("permissions-boundary", PUT), ("permissions-boundary", LIST)],
        ),
    ]
