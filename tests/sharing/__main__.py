"""Tests of `athena-local doctor`, `share` and `unshare`: `python -m tests.sharing [WORD]`.

Plants one fault after another in the baseline environment and compares the findings of the doctor
with the expected ones, then shares and unshares the function. `tests/sharing/run` installs the
packages and sets ATHENA_LOCAL. Ends with the line `doctor: N of N`.

The emulator does not cover: calls by Athena on behalf of a principal, calls to a function or key of
another account by its ARN (it returns NotFound), KMS on reads from S3, and the role of another
account that calls S3. It has Lambda's AddPermission, but not PutResourcePolicy; the tests that need
it use a proxy that keeps the policy.
"""

import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sharing.checks import Checks
from tests.sharing.connectors import check_size, check_three_connectors
from tests.sharing.consumer_faults import consumer_faults
from tests.sharing.emulator import emulator
from tests.sharing.environment import (
    ANALYST,
    A,
    B,
    C,
    Keys,
    allow,
    apply,
    baseline,
    changed,
    client,
    create_unchanging,
    document,
    role_name,
)
from tests.sharing.faults import Fault
from tests.sharing.owner_faults import owner_faults
from tests.sharing.program import doctor
from tests.sharing.shares import check_shares


def mismatch(fault: Fault, status: int, report: dict[str, Any]) -> str | None:
    """Returns the difference between a report and the expected one, or None."""
    # The subject of a finding is a setting, or an action, followed by "for" and a principal.
    found = {
        (
            finding["check"],
            finding["subject"]
            if "unrelated principals" in finding["subject"]
            else finding["subject"].split(" for ")[0],
        )
        for finding in report["findings"]
    }
    if found != set(fault.findings):
        return f"found {sorted(found)}, expected {sorted(set(fault.findings))}"
    text = json.dumps(report["findings"])
    if fault.mentions not in text:
        return f"no finding mentions {fault.mentions!r}: {text}"
    if not all(finding["fix"] for finding in report["findings"]):
        return "a finding has no fix"
    return None if status == 1 else f"exit status {status}, expected 1"


def count_found(keys: Keys, word: str) -> tuple[int, int]:
    """Plants the faults whose names contain `word`; returns how many were found, and the total."""
    found = total = 0
    state = None
    for account, faults in [(A, owner_faults(keys)), (B, consumer_faults(keys))]:
        for fault in faults:
            if word not in fault.name:
                continue
            previous, state = state, changed(baseline(keys), fault.plant)
            apply(state, previous)
            status, report = doctor(state, keys, account)
            error = mismatch(fault, status, report)
            total, found = total + 1, found + (error is None)
            print(f"FAIL {fault.name}: {error}" if error else f"ok   {fault.name}", flush=True)
    return found, total


@dataclass(frozen=True)
class Viewpoint:
    """Credentials with which the doctor runs, and the fewest checks that it passes with them."""

    name: str
    fewest_passed: int
    account: str | None = None
    options: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)


def viewpoints(folder: Path) -> list[Viewpoint]:
    """Returns the owner, the consumer, both, and the analyst, who has few permissions."""
    # The emulator evaluates permissions of Athena only on the resource "*".
    actions = ["athena:GetDataCatalog", "athena:ListDatabases", "athena:GetWorkGroup"]
    client("iam", B).put_role_policy(
        RoleName=role_name(ANALYST),
        PolicyName="emulator",
        PolicyDocument=document([allow("Emulator", actions, "*")]),
    )
    sts = client("sts", B)
    session = sts.assume_role(RoleArn=ANALYST, RoleSessionName="jo")["Credentials"]
    analyst = {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }
    profiles = {
        "AWS_SHARED_CREDENTIALS_FILE": str(write_profiles(folder)),
        # Must not be used, because profiles are given.
        "AWS_ACCESS_KEY_ID": C,
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    both = ["--profile", "owner", "--profile", "consumer"]
    return [
        Viewpoint("the owner", 10, account=A),
        Viewpoint("the consumer", 15, account=B),
        Viewpoint("both", 25, options=both, environment=profiles),
        Viewpoint("the analyst", 2, environment=analyst),
    ]


def write_profiles(folder: Path) -> Path:
    """Writes a credentials file with the profiles `owner` and `consumer`."""
    file = folder / "credentials"
    file.write_text(
        "".join(
            f"[{name}]\naws_access_key_id={account}\naws_secret_access_key=test\n"
            for name, account in [("owner", A), ("consumer", B)]
        )
    )
    return file


def check_baseline(keys: Keys, folder: Path, checks: Checks) -> None:
    """Checks that the doctor reports no finding in the baseline environment."""
    state = baseline(keys)
    apply(state)
    for view in viewpoints(folder):
        status, report = doctor(state, keys, view.account, view.options, **view.environment)
        findings, unknown, passed = (report[name] for name in ("findings", "unknown", "passed"))
        print(
            f"baseline, seen by {view.name}: {len(findings)} findings, {len(unknown)} unknown, "
            f"{len(passed)} passed",
            flush=True,
        )
        healthy = status == 0 and not findings and bool(unknown)
        checks.check(f"baseline has no findings for {view.name}", healthy, findings)
        # Principals that can read the policies have to evaluate them.
        complete = len(passed) >= view.fewest_passed
        checks.check(f"{view.name} can evaluate the visible policies", complete, report)


def main() -> int:
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    checks = Checks()
    with tempfile.TemporaryDirectory() as name, emulator(Path(name)) as endpoint:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        folder = Path(name)
        keys = create_unchanging()
        check_baseline(keys, folder, checks)
        found, total = count_found(keys, word)
        profiles = write_profiles(folder)
        check_shares(keys, profiles, checks)
        check_three_connectors(keys, profiles, checks)
        check_size(keys, checks)
    for failure in checks.failed:
        print(f"FAIL {failure}")
    print(f"doctor: {found} of {total}")
    return 0 if found == total and not checks.failed else 1


if __name__ == "__main__":
    sys.exit(main())
