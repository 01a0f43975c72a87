"""Calls of the mock (moto) on behalf of a resource in a stack, in the account of the stack."""

import os
from typing import Any

import botocore.session
from botocore.exceptions import ClientError, ParamValidationError
from ministack.core.responses import get_account_id, get_region

from tests.deploy.emulator.failures import fail


def _client(service: str) -> Any:
    account = get_account_id()
    session = botocore.session.Session()
    client = session.create_client(
        service,
        region_name=get_region(),
        endpoint_url=os.environ["EMULATOR_MOCK"],
        aws_access_key_id=account,
        aws_secret_access_key="test",
        verify=False,
    )

    def add_account(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    client.meta.events.register("before-sign.*.*", add_account)
    return client


def call(service: str, operation: str, **parameters: Any) -> dict:
    """Calls an operation; fails the resource with the error of the service."""
    try:
        return getattr(_client(service), operation)(**parameters)
    except ClientError as error:
        fail(error.response["Error"]["Code"], error.response["Error"]["Message"])
    except ParamValidationError as error:
        fail("InvalidRequest", str(error))


def call_existing(service: str, operation: str, **parameters: Any) -> None:
    """Calls an operation on something that may be gone, as a delete handler does."""
    missing = {
        "lakeformation": "EntityNotFoundException",
        "glue": "EntityNotFoundException",
        "quicksight": "ResourceNotFoundException",
    }[service]
    try:
        getattr(_client(service), operation)(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] != missing:
            fail(error.response["Error"]["Code"], error.response["Error"]["Message"])
