"""A function invoked from another account, by its ARN.

ministack looks for functions in the caller's account only. Here the policies of both sides are asked by ministack's own
evaluator, and then the function runs in the account that owns it.
"""

from typing import Any
from urllib.parse import unquote

from ministack.core.responses import get_account_id, request_scope
from ministack.services import lambda_svc


def _function(arn: str) -> tuple[str, str, str] | None:
    """Account, region and name in the unqualified ARN of a function."""
    parts = arn.split(":")
    if len(parts) != 7 or parts[2] != "lambda" or parts[5] != "function":
        return None
    return parts[4], parts[3], parts[6]


def install() -> None:
    handle = lambda_svc.handle_request

    def policy_for(arn: str) -> tuple[dict, str] | None:
        named = _function(unquote(arn))
        if named is None:
            return None
        function = lambda_svc._functions.get_scoped(*named)
        return (function["policy"], named[0]) if function else None

    async def request(method: str, path: str, headers: dict, body: bytes, query: dict) -> Any:
        words = unquote(path).strip("/").split("/")
        named = _function(words[2]) if len(words) == 4 and words[3] == "invocations" else None
        if named is None or named[0] == get_account_id():
            return await handle(method, path, headers, body, query)
        account, region, _ = named
        with request_scope(account, region):
            return await handle(method, path, headers, body, query)

    lambda_svc.function_policy_for_arn = policy_for
    lambda_svc.handle_request = request
