"""The other choices of `connector.yaml`: no fence, no organization, no key. What is left is the list of roles."""

import json
from pathlib import Path

from botocore.exceptions import ClientError

from proof import cast
from proof.account import Account
from proof.live import REFUSALS, Check, ping
from proof.setting import Accounts

NAME = "rust-open"
PARAMETERS = (
    f"FunctionName={NAME} SpillEncryption=AES256 RequireCalledVia=false ConsumerAccountIds={cast.B}"
    f" ConsumerRoleArns=arn:aws:iam::{cast.B}:role/Unlisted"
)


def _calls(who: Account) -> str:
    try:
        arn = f"arn:aws:lambda:{cast.REGION}:{cast.A}:function:{NAME}"
        answer = who.client("lambda").invoke(FunctionName=arn, Payload=ping())
        return "error" if answer.get("FunctionError") else "allowed"
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return "refused" if code in REFUSALS else code


def without_fences(accounts: Accounts, root: Path, built: Path) -> list[Check]:
    """A function for one named role, which may call it directly, and for nobody else; and its removal."""
    made = accounts.a.shell(
        f"sam deploy --template {built} --stack-name {NAME} --resolve-s3 --capabilities CAPABILITY_IAM --no-confirm-changeset"
        f" --parameter-overrides {PARAMETERS}",
        root,
    )
    if made.returncode:
        return [Check("a stack without fences", False, (made.stdout + made.stderr)[-1500:])]
    function = json.loads(accounts.a.client("lambda").get_policy(FunctionName=NAME)["Policy"])
    bucket = accounts.a.client("s3").get_bucket_policy(Bucket=f"{NAME}-spill-{cast.A}")["Policy"]
    text = json.dumps(function) + bucket
    sids = [statement["Sid"] for statement in function["Statement"]]
    called = _called(accounts.b.role("Unlisted", "direct"), accounts.c.role("AthenaAnalyst", "direct"))
    removed = accounts.a.shell(
        f"aws cloudformation delete-stack --stack-name {NAME} && aws cloudformation wait stack-delete-complete --stack-name {NAME}",
        root,
    )
    return [
        Check("one statement is left", sids == ["AllowNamedConsumersThroughAthena"], str(sids)),
        Check(
            "no fence is in the policies",
            not any(word in text for word in ("CalledVia", "PrincipalOrgID", "kms")),
            text,
        ),
        Check("uploads of another encryption are refused still", "AES256" in bucket, bucket),
        Check("no key is told", "SpillKeyArn" not in made.stdout, made.stdout[-500:]),
        Check("the stack is removed as it came", removed.returncode == 0, removed.stderr),
        *called,
    ]


def _called(listed: Account, other: Account) -> list[Check]:
    seen = {
        "the listed role calls directly": (_calls(listed), "allowed"),
        "another account is refused": (_calls(other), "refused"),
    }
    return [Check(what, got == must, got) for what, (got, must) in seen.items()]
