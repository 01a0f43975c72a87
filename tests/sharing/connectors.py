"""Shares of three connectors with one role: the inline policy of the role, and who may be invoked.

`sharing/src/identity_policy/tests.rs` tests every order and every removal; this is one of them,
with the program and IAM.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.sharing.checks import Checks
from tests.sharing.environment import (
    ANALYST,
    EXECUTION,
    NAME,
    REGION,
    A,
    B,
    Keys,
    apply,
    baseline,
    client,
    create_function,
    ignore_errors,
    role_name,
)
from tests.sharing.program import run

POLICY = "AthenaConnectors"
NAMES = (f"{NAME}-1", f"{NAME}-2", f"{NAME}-3")
PROFILES = ("--profile", "owner", "--profile", "consumer")


def connector_policy() -> dict[str, Any] | None:
    """Returns the inline policy of the analyst for connectors."""
    iam = client("iam", B)
    response = ignore_errors(
        iam.get_role_policy, RoleName=role_name(ANALYST), PolicyName=POLICY
    )
    return response and response["PolicyDocument"]


def excepted() -> list[str]:
    """Returns the functions that the statements deny nobody, by name; there is one statement."""
    policy = connector_policy() or {"Statement": []}
    denies = [item for item in policy["Statement"] if item["Effect"] == "Deny"]
    return [arn.rsplit(":", 1)[-1] for item in denies for arn in item["NotResource"]]


def denied(name: str, profiles: Path) -> bool:
    """Returns whether the doctor finds that the policies of the analyst deny the function."""
    function = f"arn:aws:lambda:{REGION}:{A}:function:{name}"
    done = run(
        ["doctor", function, "--principal", ANALYST, "--json", *PROFILES],
        AWS_SHARED_CREDENTIALS_FILE=str(profiles),
    )
    findings = json.loads(done.stdout)["findings"]
    return any(
        finding["check"] == "identity-policy" and finding["subject"].startswith("lambda:")
        for finding in findings
    )


def check_three_connectors(keys: Keys, profiles: Path, checks: Checks) -> None:
    """Shares three functions with the analyst, and takes the second one back."""
    state = baseline(keys)
    state["key_policy"] = state["key_policy"][:1]
    # The endpoint has no TLS, so DenyInsecureTransport would deny the calls of this test.
    state["bucket_policy"] = state["bucket_policy"][4:]
    # The analyst gets every permission on connectors by shares.
    kept = ("RunInWorkgroup", "ListAll", "UseCatalog", "ResultObjects", "ResultBucket")
    state["analyst"] = [item for item in state["analyst"] if item["Sid"] in kept]
    apply(state)
    for name in NAMES:
        create_function(name, EXECUTION, state["environment"])

    def change(command: str, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        return run(
            [command, f"arn:aws:lambda:{REGION}:{A}:function:{name}", "--to", ANALYST, "--apply"]
            + [*options, *PROFILES],
            AWS_SHARED_CREDENTIALS_FILE=str(profiles),
        )

    for count, name in enumerate(NAMES, 1):
        done = change("share", name, "--direct", "--add-permission")
        claim = f"the role's policy excepts {count} of 3 connectors"
        checks.check(claim, excepted() == [*NAMES[:count]], f"{done.stderr} {excepted()}")
    open_functions = [name for name in NAMES if not denied(name, profiles)]
    checks.check("no connector is denied", open_functions == [*NAMES], str(open_functions))
    done = change("unshare", NAMES[1])
    rest = [NAMES[0], NAMES[2]]
    checks.check("unshare shortens the list", excepted() == rest, f"{done.stderr} {excepted()}")
    open_functions = [name for name in NAMES if not denied(name, profiles)]
    checks.check("the others are not denied", open_functions == rest, str(open_functions))
    for name in rest:
        done = change("unshare", name)
    claim = "the role's policy disappears with its last connector"
    checks.check(claim, connector_policy() is None, f"{done.stderr} {connector_policy()}")
    for name in NAMES:
        client("lambda", A).delete_function(FunctionName=name)


def check_size(keys: Keys, checks: Checks) -> None:
    """Checks that a share whose policy would exceed its limit is refused as the guide says."""
    apply(baseline(keys))
    roles = [f"arn:aws:iam::{B}:role/{'r' * 50}{number}" for number in range(80)]
    options = [word for role in roles for word in ("--to", role)]
    done = run(["share", NAME, *options, "--apply"], A)
    refused = done.returncode == 2 and "more than the limit" in done.stderr
    checks.check("a policy over its size limit is rejected", refused, done.stderr)
