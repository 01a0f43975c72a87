"""Faults that the doctor finds in account B, which queries the function."""

from tests.sharing.environment import (
    ALIAS,
    ANALYST,
    ANALYST_BOUNDARY,
    CATALOG,
    CATALOG_ACTIONS,
    FUNCTION,
    LIST_ACTIONS,
    NAME,
    OTHER_REGION,
    REGION,
    RESULTS,
    RESULTS_OTHER_REGION,
    RESULT_ACTIONS,
    SPILL,
    WORKGROUP,
    WORKGROUP_ACTIONS,
    A,
    C,
    Keys,
    bucket_arn,
)
from tests.sharing.faults import (
    DECRYPT,
    INVOKE,
    LIST,
    LOCATE,
    PUT,
    READ,
    Change,
    Fault,
    Finding,
    condition,
    remove,
    replace,
    set_members,
)


def consumer_faults(keys: Keys) -> list[Fault]:
    """Returns the faults that the doctor finds in account B."""
    return [
        *_invoke_faults(),
        *_analyst_faults(keys),
        Fault(
            "option: a key of another Region",
            set_members(options={"--kms-key": keys.other_region}),
            OTHER_REGION,
            [("owner-hints", "key region"), ("identity-policy", DECRYPT)],
        ),
        *_catalog_faults(),
        *_workgroup_faults(),
    ]


def _invoke_faults() -> list[Fault]:
    invoke = [("identity-policy", INVOKE)]
    other_region = FUNCTION.replace(REGION, OTHER_REGION)
    source_arn = condition("analyst", "Invoke", "ArnLike", "aws:SourceArn", "arn:aws:athena:*:*:*")
    return [
        Fault(
            "analyst: does not exist",
            set_members(analyst_exists=False),
            ANALYST,
            [("principal", ANALYST)],
        ),
        Fault("analyst: no InvokeFunction", remove("analyst", "Invoke"), "no statement", invoke),
        Fault(
            "analyst: a function of another Region",
            replace("analyst", "Invoke", Resource=other_region),
            OTHER_REGION,
            invoke,
        ),
        Fault(
            "analyst: a condition that calls of Athena never meet",
            source_arn,
            "no aws:SourceArn",
            invoke,
        ),
        Fault(
            "analyst: a deny statement that exempts another function",
            replace("analyst", "DenyOthers", NotResource=other_region),
            "DenyOthers",
            invoke,
        ),
        Fault(
            "analyst: a permissions boundary",
            set_members(analyst_boundary=ANALYST_BOUNDARY),
            "permissions-boundary",
            [("permissions-boundary", INVOKE)],
        ),
    ]


def _analyst_faults(keys: Keys) -> list[Fault]:
    read, decrypt = [("identity-policy", READ)], [("identity-policy", DECRYPT)]
    return [
        Fault("analyst: no GetObject", remove("analyst", "ReadSpill"), READ, read),
        Fault(
            "analyst: another prefix",
            replace("analyst", "ReadSpill", Resource=f"{bucket_arn(SPILL)}/other/*"),
            "/other/*",
            read,
        ),
        Fault(
            "analyst: no ListBucket, no GetBucketLocation",
            remove("analyst", "LocateSpill"),
            LIST,
            [("identity-policy", LIST), ("identity-policy", LOCATE)],
        ),
        Fault("analyst: no Decrypt", remove("analyst", "Decrypt"), "no statement", decrypt),
        Fault(
            "analyst: another key",
            replace("analyst", "Decrypt", Resource=keys.other_region),
            keys.other_region,
            decrypt,
        ),
        Fault(
            "analyst: no workgroup",
            remove("analyst", "RunInWorkgroup"),
            "athena:",
            _missing(*WORKGROUP_ACTIONS),
        ),
        Fault(
            "analyst: no catalog",
            remove("analyst", "UseCatalog"),
            "athena:",
            _missing(*CATALOG_ACTIONS),
        ),
        Fault(
            "analyst: no lists",
            remove("analyst", "ListAll"),
            "athena:List",
            _missing(*LIST_ACTIONS),
        ),
        Fault(
            "analyst: no access to results",
            remove("analyst", "ResultObjects"),
            RESULTS,
            _missing(*RESULT_ACTIONS),
        ),
        Fault(
            "analyst: no multipart uploads of results",
            replace("analyst", "ResultObjects", Action=[READ, PUT]),
            RESULTS,
            _missing("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
        ),
        Fault(
            "analyst: a workgroup stack that does not list the function",
            replace(
                "analyst",
                "DenyOthers",
                Sid="DenyOtherFunctionsThroughAthena",
                NotResource=f"{FUNCTION}-other",
            ),
            "ConnectorFunctionArns",
            _missing(INVOKE),
        ),
    ]


def _missing(*actions: str) -> list[Finding]:
    """Returns findings about actions that the policies of the analyst do not allow."""
    return [("identity-policy", action) for action in actions]


def _catalog_faults() -> list[Fault]:
    def catalog(old: str, new: str) -> Change:
        return set_members(catalog=FUNCTION.replace(old, new))

    return [
        Fault(
            "catalog: does not exist", set_members(catalog=None), CATALOG, [("catalog", "exists")]
        ),
        Fault(
            "catalog: an alias",
            set_members(catalog=f"{FUNCTION}:{ALIAS}"),
            "qualifier",
            [("catalog", "qualifier")],
        ),
        Fault(
            "catalog: a function of another Region",
            catalog(REGION, OTHER_REGION),
            OTHER_REGION,
            [("catalog", "region")],
        ),
        Fault("catalog: a function of another account", catalog(A, C), C, [("catalog", "account")]),
        Fault(
            "catalog: another function", catalog(NAME, "other"), "other", [("catalog", "function")]
        ),
    ]


def _workgroup_faults() -> list[Fault]:
    def workgroup(**members: str) -> Change:
        base = {"state": "ENABLED", "output": f"s3://{RESULTS}/q/"}
        return set_members(workgroup=base | members)

    return [
        Fault(
            "workgroup: does not exist",
            set_members(workgroup=None),
            WORKGROUP,
            [("workgroup", "exists")],
        ),
        Fault(
            "workgroup: disabled", workgroup(state="DISABLED"), "disabled", [("workgroup", "state")]
        ),
        Fault(
            "workgroup: results in another Region",
            workgroup(output=f"s3://{RESULTS_OTHER_REGION}/q/"),
            OTHER_REGION,
            [
                ("workgroup", "results"),
                *_missing(LOCATE, LIST, "s3:ListBucketMultipartUploads", *RESULT_ACTIONS),
            ],
        ),
    ]
