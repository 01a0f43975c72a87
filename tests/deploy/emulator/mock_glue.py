"""Refusals of the Glue catalog policy that moto lacks, or reports with another error code."""

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.glue.exceptions import EntityNotFoundException, InvalidInputException
from moto.glue.models import GlueBackend

from tests.deploy.emulator.mock_lake_formation import shares_resources

_original_put = GlueBackend.put_resource_policy
_original_get = GlueBackend.get_resource_policy
_original_delete = GlueBackend.delete_resource_policy


def _policy(backend: GlueBackend, arn: str | None) -> dict[str, Any]:
    return backend.resource_policies.get(arn or backend.default_catalog_arn, {})


def _require_hash(backend: GlueBackend, arn: str | None, expected: str | None) -> None:
    if expected and _policy(backend, arn).get("PolicyHash") != expected:
        raise JsonRESTError("ConditionCheckFailureException", "Policy hash condition not met.")


def _put(
    self: GlueBackend,
    policy_in_json: str,
    resource_arn: str | None = None,
    policy_hash_condition: str | None = None,
    policy_exists_condition: str | None = None,
    enable_hybrid: str | None = None,
) -> dict[str, str]:
    exists = bool(_policy(self, resource_arn))
    if policy_exists_condition == "MUST_EXIST" and not exists:
        raise EntityNotFoundException("Policy does not exist.")
    if policy_exists_condition == "NOT_EXIST" and exists:
        raise JsonRESTError("ConditionCheckFailureException", "Policy already exists.")
    _require_hash(self, resource_arn, policy_hash_condition)
    if enable_hybrid != "TRUE" and shares_resources(self.account_id, self.region_name):
        raise InvalidInputException(
            "PutResourcePolicy",
            "The catalog has grants to other accounts in Lake Formation; set EnableHybrid to TRUE.",
        )
    return _original_put(
        self, policy_in_json, resource_arn, None, policy_exists_condition, enable_hybrid
    )


def _get(self: GlueBackend, resource_arn: str | None = None) -> dict[str, Any]:
    if not _policy(self, resource_arn):
        raise EntityNotFoundException("Policy not found")
    return _original_get(self, resource_arn)


def _delete(
    self: GlueBackend, resource_arn: str | None = None, policy_hash_condition: str | None = None
) -> dict[str, str]:
    if _policy(self, resource_arn):
        _require_hash(self, resource_arn, policy_hash_condition)
    return _original_delete(self, resource_arn)


def install() -> None:
    GlueBackend.put_resource_policy = _put
    GlueBackend.get_resource_policy = _get
    GlueBackend.delete_resource_policy = _delete
