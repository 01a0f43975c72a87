"""Data sources of Quick: refusals that moto lacks, and the permissions of a data source."""

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.quicksight import urls
from moto.quicksight.data_models import QuickSightDataSource
from moto.quicksight.responses import QuickSightResponse

PERMISSIONS_PATH = (
    r"{0}/accounts/(?P<account_id>[\d]+)/data-sources/(?P<datasourceid>[^/.]+)/permissions$"
)


class ResourceExistsException(JsonRESTError):
    code = 409

    def __init__(self, arn: str) -> None:
        super().__init__("ResourceExistsException", f"Datasource {arn} already exists")


class AccessDeniedException(JsonRESTError):
    code = 401

    def __init__(self, message: str) -> None:
        super().__init__("AccessDeniedException", message)


def _require_own_role(account: str, parameters: dict[str, Any] | None) -> None:
    role = (parameters or {}).get("AthenaParameters", {}).get("RoleArn")
    if role and role.split(":")[4] != account:
        raise AccessDeniedException(f"Cross-account pass role is not allowed: {role}")


def _create(self: QuickSightResponse) -> str:
    account, name = self._get_param("AwsAccountId"), self._get_param("DataSourceId")
    backend: Any = self.quicksight_backend
    if name in backend.data_sources:
        raise ResourceExistsException(backend.data_sources[name].arn)
    _require_own_role(account, self._get_param("DataSourceParameters"))
    response = json.loads(_original_create(self))
    backend.data_sources[name].permissions = {
        permission["Principal"]: set(permission["Actions"])
        for permission in self._get_param("Permissions") or []
    }
    # The creation is asynchronous: only a description shows that it has succeeded.
    return json.dumps({**response, "CreationStatus": "CREATION_IN_PROGRESS"})


def _update(self: QuickSightResponse) -> str:
    _require_own_role(self._get_param("AwsAccountId"), self._get_param("DataSourceParameters"))
    response = json.loads(_original_update(self))
    return json.dumps({**response, "UpdateStatus": "UPDATE_IN_PROGRESS"})


def _source(response: QuickSightResponse) -> Any:
    """Returns the data source that a request names, with its permissions."""
    found: QuickSightDataSource = response.quicksight_backend.describe_data_source(
        response._get_param("AwsAccountId"), response._get_param("DataSourceId")
    )
    return found


def _describe_permissions(self: QuickSightResponse) -> str:
    return _permissions(_source(self))


def _update_permissions(self: QuickSightResponse) -> str:
    source = _source(self)
    for permission in self._get_param("GrantPermissions") or []:
        source.permissions.setdefault(permission["Principal"], set()).update(permission["Actions"])
    for permission in self._get_param("RevokePermissions") or []:
        held = source.permissions.get(permission["Principal"], set())
        held -= set(permission["Actions"])
        if not held:
            source.permissions.pop(permission["Principal"], None)
    return _permissions(source)


def _permissions(source: Any) -> str:
    return json.dumps(
        {
            "DataSourceArn": source.arn,
            "DataSourceId": source.data_source_id,
            "Permissions": [
                {"Principal": principal, "Actions": sorted(actions)}
                for principal, actions in source.permissions.items()
            ],
            "RequestId": "request_id",
            "Status": 200,
        }
    )


_original_create = QuickSightResponse.create_data_source
_original_update = QuickSightResponse.update_data_source


def install() -> None:
    QuickSightResponse.create_data_source = _create
    QuickSightResponse.update_data_source = _update
    QuickSightResponse.describe_data_source_permissions = _describe_permissions
    QuickSightResponse.update_data_source_permissions = _update_permissions
    urls.url_paths[PERMISSIONS_PATH] = QuickSightResponse.dispatch
