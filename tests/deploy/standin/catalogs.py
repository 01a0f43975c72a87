"""The resource that a call about an Athena data catalog is decided by: the catalog's ARN, where ministack asks about `*`."""

import json
from typing import Any

from ministack.core import iam_actions

ABOUT_CATALOGS = ("CreateDataCatalog", "GetDataCatalog", "UpdateDataCatalog", "DeleteDataCatalog")


def install() -> None:
    known = iam_actions.extract_resource_arn

    def resource(
        service: str, method: str, path: str, headers: dict, body: bytes, query: dict, region: str, account: str
    ) -> Any:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if service == "athena" and operation in ABOUT_CATALOGS:
            return f"arn:aws:athena:{region}:{account}:datacatalog/{json.loads(body).get('Name', '')}"
        return known(service, method, path, headers, body, query, region, account)

    iam_actions.extract_resource_arn = resource
