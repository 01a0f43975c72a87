"""Cross-account access: functions by ARN, and objects of a bucket.

ministack looks up functions only in the caller's account, and evaluates a bucket policy for the
caller's account instead of the caller. With this module its evaluator receives the policies of both
accounts and the caller; an allowed request then runs in the account that owns the resource.
"""

from typing import Any
from urllib.parse import unquote

from ministack.core.responses import get_account_id, request_scope
from ministack.services import lambda_svc, s3

S3_ARN = "arn:aws:s3:::"


def _parse_function_arn(arn: str) -> tuple[str, str, str] | None:
    """Returns the account, Region and name in the unqualified ARN of a function."""
    parts = arn.split(":")
    if len(parts) != 7 or parts[2] != "lambda" or parts[5] != "function":
        return None
    return parts[4], parts[3], parts[6]


def _function_policy(arn: str) -> tuple[dict, str] | None:
    named = _parse_function_arn(unquote(arn))
    function = lambda_svc._functions.get_scoped(*named) if named else None
    return (function["policy"], named[0]) if named and function else None


def _bucket_policy(arn: str) -> tuple[str, str] | None:
    if not arn.startswith(S3_ARN):
        return None
    bucket = arn.removeprefix(S3_ARN).split("/", 1)[0]
    owner = s3._bucket_owner_account(bucket)
    return (s3._bucket_policies.get_scoped(owner, None, bucket) or "", owner) if owner else None


def install() -> None:
    original = lambda_svc.handle_request

    async def handle_request(
        method: str, path: str, headers: dict, body: bytes, query: dict
    ) -> Any:
        words = unquote(path).strip("/").split("/")
        named = (
            _parse_function_arn(words[2]) if len(words) == 4 and words[3] == "invocations" else None
        )
        if named is None or named[0] == get_account_id():
            return await original(method, path, headers, body, query)
        account, region, _ = named
        with request_scope(account, region):
            return await original(method, path, headers, body, query)

    anonymous_allows = s3._foreign_bucket_allows

    def foreign_bucket_allows(
        owner: str, bucket: str, key: str, method: str, query: dict, caller: str, *rest: Any
    ) -> bool:
        # A signed request has already passed the policies of both accounts.
        return bool(caller) or anonymous_allows(owner, bucket, key, method, query, caller, *rest)

    lambda_svc.function_policy_for_arn = _function_policy
    lambda_svc.handle_request = handle_request
    s3.bucket_policy_for_arn = _bucket_policy
    s3._foreign_bucket_allows = foreign_bucket_allows
