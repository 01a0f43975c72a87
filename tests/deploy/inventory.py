"""The resources of an account, listed before the first template and after the last removal.

The guides create and remove everything; what remains is listed here, and has to be named in the
section *Remove* of the guide.
"""

from typing import Any

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.report import Check
from tests.servers import ROOT

# By account: a resource that remains, the guide that says so, and the text there.
REMAINING = {
    fixtures.A: {
        "log group /aws/lambda/rust-connector": ("administrator", "/aws/lambda/rust-connector"),
        "log group /aws/lambda/rust-example": ("administrator", "/aws/lambda/rust-example"),
        "stack aws-sam-cli-managed-default": ("administrator", "aws-sam-cli-managed-default"),
        "bucket aws-sam-cli-managed-default": ("administrator", "aws-sam-cli-managed-default"),
        "lake administrator OwnerAdmin": ("lake-formation", "settings of the accounts remain"),
    },
    fixtures.B: {
        f"bucket {fixtures.RESULTS}": ("analyst", "athena-results-$B"),
        "lake administrator LakeAdmin": ("lake-formation", "settings of the accounts remain"),
    },
}


def _stacks(account: Account) -> list[str]:
    stacks = account.client("cloudformation").list_stacks()["StackSummaries"]
    return [item["StackName"] for item in stacks if item["StackStatus"] != "DELETE_COMPLETE"]


def _roles(account: Account) -> list[str]:
    """Returns roles, and the policies of each, attached and inline."""
    iam, found = account.client("iam"), []
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        policies = [policy["PolicyName"] for policy in attached]
        policies += iam.list_role_policies(RoleName=name)["PolicyNames"]
        found += [name, *(f"{name} with {policy}" for policy in policies)]
    return found


def _keys(account: Account) -> list[str]:
    """Returns keys, except those that are scheduled for deletion."""
    kms = account.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return [
        f"{key['KeyId']} {key['Description']}"
        for key in keys
        if key["KeyState"] != "PendingDeletion"
    ]


def _grants(account: Account) -> list[str]:
    found = account.client("lakeformation").list_permissions()["PrincipalResourcePermissions"]
    return [
        f"{item['Principal']['DataLakePrincipalIdentifier']} {item['Resource']}" for item in found
    ]


def _lake_settings(account: Account) -> dict[str, Any]:
    return account.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]


def _data_sources(account: Account) -> list[str]:
    sources = account.client("quicksight").list_data_sources(AwsAccountId=account.id)
    return [source["DataSourceId"] for source in sources["DataSources"]]


def _catalog_policy(account: Account) -> list[str]:
    glue = account.client("glue")
    try:
        return [glue.get_resource_policy()["PolicyInJson"]]
    except glue.exceptions.EntityNotFoundException:
        return []


def resources(account: Account) -> set[str]:
    """Returns every resource of the account, as its kind and name."""
    client = account.client
    parameters = client("ssm").describe_parameters()["Parameters"]
    admins = _lake_settings(account).get("DataLakeAdmins", [])
    found = {
        "stack": _stacks(account),
        "function": [f["FunctionName"] for f in client("lambda").list_functions()["Functions"]],
        "role": _roles(account),
        "policy": [p["PolicyName"] for p in client("iam").list_policies(Scope="Local")["Policies"]],
        "bucket": [b["Name"] for b in client("s3").list_buckets()["Buckets"]],
        "log group": [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]],
        "alias": [a["AliasName"] for a in client("kms").list_aliases()["Aliases"]],
        "key": _keys(account),
        "catalog": [
            c["CatalogName"]
            for c in client("athena").list_data_catalogs()["DataCatalogsSummary"]
        ],
        "workgroup": [w["Name"] for w in client("athena").list_work_groups()["WorkGroups"]],
        "parameter": [p["Name"] for p in parameters],
        "rule": [r["Name"] for r in client("events").list_rules()["Rules"]],
        "topic": [t["TopicArn"] for t in client("sns").list_topics()["Topics"]],
        "alarm": [
            a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]
        ],
        "database": [d["Name"] for d in client("glue").get_databases()["DatabaseList"]],
        "catalog policy": _catalog_policy(account),
        "grant": _grants(account),
        "location": [
            r["ResourceArn"] for r in client("lakeformation").list_resources()["ResourceInfoList"]
        ],
        "lake administrator": [a["DataLakePrincipalIdentifier"] for a in admins],
        "data source": _data_sources(account),
    }
    return {f"{kind} {name}" for kind, names in found.items() for name in names}


def removal_checks(before: dict[str, set[str]], after: dict[str, set[str]]) -> list[Check]:
    """Checks that only resources remain that the guides name, and that nothing else is missing."""
    checks = []
    for account, resources_before in before.items():
        allowed = REMAINING.get(account, {})
        added = after[account] - resources_before
        unexpected = [item for item in added if not any(_matches(item, name) for name in allowed)]
        missing = resources_before - after[account]
        checks += [
            Check(f"nothing else remains in {account}", not unexpected, str(sorted(unexpected))),
            Check(f"nothing else is removed from {account}", not missing, str(sorted(missing))),
        ]
        for guide, text in allowed.values():
            page = (ROOT / f"docs/deploy/{guide}.md").read_text()
            section = page.partition("## Remove")[2].partition("\n## ")[0]
            claim = f"the guide {guide} says that {text} remains"
            checks.append(Check(claim, text in section, section))
    return checks


def _matches(resource: str, name: str) -> bool:
    """Returns whether a resource is an allowed one; an ARN or generated suffix may follow."""
    kind, _, rest = name.rpartition(" ")
    return resource.startswith(f"{kind} ") and rest in resource
