"""The ARN of an Athena data catalog as the resource of a request, where ministack uses `*`."""

import json
from typing import Any

from ministack.core import iam_actions

OPERATIONS = ("CreateDataCatalog", "GetDataCatalog", "UpdateDataCatalog", "DeleteDataCatalog")


def install() -> None:
    original = iam_actions.extract_resource_arn

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict,
        body: bytes,
        query: dict,
        region: str,
        account: str,
    ) -> Any:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if service == "athena" and operation in OPERATIONS:
            return (
                f"arn:aws:athena:{region}:{account}:datacatalog/{json.loads(body).get('Name', '')}"
            )
        return original(service, method, path, headers, body, query, region, account)

    iam_actions.extract_resource_arn = extract_resource_arn
