"""Conflicts of IAM: names that exist, policies that do not, and deletions of what is in use.

ministack's operations refuse most of them, but its handlers of CloudFormation's resource types
write to the same stores without these checks. A name that CloudFormation generates is not checked,
because ministack generates the same one again.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import iam
from ministack.services.cloudformation import provisioners

from tests.deploy.emulator.failures import fail, require_success

# Attached by the guides to administrators of Lake Formation; ministack does not have it.
CROSS_ACCOUNT_MANAGER = "AWSLakeFormationCrossAccountManager"
CROSS_ACCOUNT_MANAGER_DOCUMENT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "AllowCreateResourceShare", "Effect": "Allow", "Action": "ram:CreateResourceShare",
     "Resource": "*", "Condition": {"StringLikeIfExists": {
       "ram:RequestedResourceType": ["glue:Table", "glue:Database", "glue:Catalog"]}}},
    {"Sid": "AllowManageResourceShare", "Effect": "Allow",
     "Action": ["ram:UpdateResourceShare", "ram:DeleteResourceShare"],
     "Resource": "*", "Condition": {"StringLike": {"ram:ResourceShareName": "LakeFormation*"}}},
    {"Sid": "AllowManageResourceSharePermissions", "Effect": "Allow",
     "Action": "ram:AssociateResourceSharePermission", "Resource": "*", "Condition": {"ArnLike": {
       "ram:PermissionArn": "arn:aws:ram::aws:permission/AWSRAMLFEnabled*"}}},
    {"Sid": "AllowXAcctManagerPermissions", "Effect": "Allow",
     "Action": ["glue:PutResourcePolicy", "glue:DeleteResourcePolicy",
       "organizations:DescribeOrganization", "organizations:DescribeAccount",
       "ram:Get*", "ram:List*"],
     "Resource": "*"},
    {"Sid": "AllowOrganizationsPermissions", "Effect": "Allow",
     "Action": ["organizations:ListRoots", "organizations:ListAccountsForParent",
       "organizations:ListOrganizationalUnitsForParent"],
     "Resource": "*"}
  ]
}"""

_Operation = Callable[[dict], tuple]
_original_create_role = provisioners._iam_role_create
_original_update_role = provisioners._iam_role_update
_original_create_policy = provisioners._iam_managed_policy_create
_original_update_policy = provisioners._iam_managed_policy_update


def _missing_policy(arn: str) -> str:
    return f"Policy {arn} does not exist or is not attachable."


def _require_policies(arns: list[str]) -> None:
    for arn in arns:
        if not iam.policy_known(arn):
            fail("NoSuchEntity", _missing_policy(arn))


def _require_entities(properties: dict) -> None:
    """Fails if a role, user or group does not exist, which ministack ignores."""
    for kind, existing in (("Role", iam._roles), ("User", iam._users), ("Group", iam._groups)):
        for name in properties.get(f"{kind}s", []):
            if name not in existing:
                fail("NoSuchEntity", f"The {kind.lower()} with name {name} cannot be found.")


def _create_role(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    name = properties.get("RoleName")
    if name and name in iam._roles:
        fail("EntityAlreadyExists", f"Role with name {name} already exists.")
    _require_policies(properties.get("ManagedPolicyArns", []))
    return _original_create_role(logical_id, properties, stack)


def _update_role(
    physical_id: str, old: dict, new: dict, stack: str, logical_id: str | None = None
) -> tuple[str, dict]:
    _require_policies(new.get("ManagedPolicyArns", []))
    return _original_update_role(physical_id, old, new, stack, logical_id)


def _delete_role(physical_id: str, properties: dict) -> None:
    """Deletes a role with the policies of its template; policies of others are a conflict."""
    role = iam._roles.get(physical_id)
    if role is None:
        return
    own = set(properties.get("ManagedPolicyArns", []))
    added = [arn for arn in role["AttachedPolicies"] if arn not in own]
    inline = {policy["PolicyName"] for policy in properties.get("Policies", [])}
    added += [name for name in role["InlinePolicies"] if name not in inline]
    if added:
        message = f"Cannot delete role {physical_id}, must detach all policies first: {added}."
        fail("DeleteConflict", message)
    for arn in own:
        iam.detach_managed_policy(role, arn)
    role["InlinePolicies"].clear()
    require_success(iam._delete_role({"RoleName": physical_id}))


def _create_policy(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    _require_entities(properties)
    name = properties.get("ManagedPolicyName")
    names = {policy["PolicyName"] for policy in iam._policies.values()}
    if name and name in names:
        fail("EntityAlreadyExists", f"A policy called {name} already exists.")
    return _original_create_policy(logical_id, properties, stack)


def _update_policy(
    physical_id: str, old: dict, new: dict, stack: str, logical_id: str | None = None
) -> tuple[str, dict]:
    _require_entities(new)
    return _original_update_policy(physical_id, old, new, stack, logical_id)


def _attached_to(arn: str) -> list[str]:
    stores = (iam._roles, iam._users, iam._groups)
    return [
        name
        for store in stores
        for name, entity in store.items()
        if arn in entity.get("AttachedPolicies", [])
    ]


def _delete_policy(physical_id: str, properties: dict) -> None:
    """Deletes a managed policy after detaching it from the entities of its template.

    CloudFormation detaches it from no others, so that an attachment by hand is a conflict.
    """
    if physical_id not in iam._policies:
        return
    provisioners._iam_policy_reconcile_entities(physical_id, properties, {})
    if others := _attached_to(physical_id):
        message = f"Cannot delete a policy attached to entities: {physical_id} is attached to "
        fail("DeleteConflict", message + ", ".join(others))
    iam._policies.pop(physical_id, None)


def _delete_policy_operation(parameters: dict) -> tuple:
    policy = iam._policies.get(iam._p(parameters, "PolicyArn"))
    if policy and len(policy["Versions"]) > 1:
        message = (
            "This policy has more than one version. Before you delete a policy, you must delete "
            "the policy's versions."
        )
        return iam._error(409, "DeleteConflict", message, ns="iam")
    return iam._delete_policy(parameters)


def _requiring_policy(operation: _Operation) -> _Operation:
    """Returns an operation that refuses to attach a policy that does not exist."""

    def attach(parameters: dict) -> tuple:
        arn = iam._p(parameters, "PolicyArn")
        if not iam.policy_known(arn):
            return iam._error(404, "NoSuchEntity", _missing_policy(arn), ns="iam")
        return operation(parameters)

    return attach


def install() -> None:
    record = iam._make_aws_managed_record(
        CROSS_ACCOUNT_MANAGER,
        CROSS_ACCOUNT_MANAGER_DOCUMENT,
        "Provides cross account access to Glue resources via Lake Formation.",
    )
    iam._aws_managed_policies[record["Arn"]] = record
    operations: dict[str, Any] = iam._IAM_HANDLERS
    for kind in ("Role", "User", "Group"):
        operation = f"Attach{kind}Policy"
        operations[operation] = _requiring_policy(operations[operation])
    operations["DeletePolicy"] = _delete_policy_operation
    # ministack's updates call these functions by name when a resource is renamed.
    provisioners._iam_role_create = _create_role
    provisioners._iam_role_delete = _delete_role
    provisioners._iam_managed_policy_create = _create_policy
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::IAM::Role"] |= {
        "create": _create_role,
        "update": _update_role,
        "delete": _delete_role,
    }
    handlers["AWS::IAM::ManagedPolicy"] |= {
        "create": _create_policy,
        "update": _update_policy,
        "delete": _delete_policy,
    }
