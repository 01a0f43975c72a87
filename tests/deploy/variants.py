"""`connector.yaml` without its optional guardrails, which leaves the list of roles."""

import json
from pathlib import Path

from tests.deploy import fixtures
from tests.deploy.enforcement import invoke, outcome
from tests.deploy.environment import Accounts
from tests.deploy.report import Check
from tests.servers import ROOT

NAME = "rust-open"
FUNCTION = f"arn:aws:lambda:{fixtures.REGION}:{fixtures.A}:function:{NAME}"
PARAMETERS = (
    f"FunctionName={NAME} SpillEncryption=AES256 RequireCalledVia=false"
    f" ConsumerAccountIds={fixtures.B} ConsumerRoleArns=arn:aws:iam::{fixtures.B}:role/Unlisted"
)


def unguarded_checks(accounts: Accounts, built_template: Path) -> list[Check]:
    """Deploys a function without condition on Athena, organization or KMS key; then removes it.

    The one role listed may invoke the function directly, and no other role may.
    """
    deployed = accounts.a.shell(
        f"sam deploy --template {built_template} --stack-name {NAME} --resolve-s3"
        f" --capabilities CAPABILITY_IAM --no-confirm-changeset --parameter-overrides {PARAMETERS}",
        ROOT,
    )
    if deployed.returncode:
        output = (deployed.stdout + deployed.stderr)[-1500:]
        return [Check("a stack without guardrails deploys", False, output)]
    function = json.loads(accounts.a.client("lambda").get_policy(FunctionName=NAME)["Policy"])
    s3 = accounts.a.client("s3")
    bucket = s3.get_bucket_policy(Bucket=f"{NAME}-spill-{fixtures.A}")["Policy"]
    text = json.dumps(function) + bucket
    guarded = [word for word in ("CalledVia", "PrincipalOrgID", "kms") if word in text]
    sids = [statement["Sid"] for statement in function["Statement"]]
    listed = outcome(invoke(accounts.b.role("Unlisted", "direct"), FUNCTION))
    other = outcome(invoke(accounts.c.role("AthenaAnalyst", "direct"), FUNCTION))
    removed = accounts.a.shell(
        f"aws cloudformation delete-stack --stack-name {NAME}"
        f" && aws cloudformation wait stack-delete-complete --stack-name {NAME}",
        ROOT,
    )
    one_statement = sids == ["AllowNamedConsumersThroughAthena"]
    no_key = "SpillKeyArn" not in deployed.stdout
    return [
        Check("the function's policy has one statement", one_statement, str(sids)),
        Check("the policies have no guardrail", not guarded, f"{guarded} in {text}"),
        Check("uploads with another encryption are still denied", "AES256" in bucket, bucket),
        Check("the stack has no key output", no_key, deployed.stdout[-500:]),
        Check("the stack is removed", removed.returncode == 0, removed.stderr),
        Check("the listed role invokes directly", listed == "allowed", listed),
        Check("a role of another account is denied", other == "denied", other),
    ]
