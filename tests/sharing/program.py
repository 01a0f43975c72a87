"""The program under test, `athena-local`, run as an account or a principal."""

import json
import os
import subprocess
from collections.abc import Sequence
from typing import Any

from tests.sharing.environment import (
    ANALYST,
    CATALOG,
    FUNCTION,
    ORGANIZATION,
    PREFIX,
    REGION,
    SPILL,
    WORKGROUP,
    A,
    Keys,
    State,
)


def run(
    arguments: Sequence[str], account: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs athena-local as the root of `account`, or with the credentials in `environment`."""
    variables = {"AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}
    if account:
        variables |= {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test"}
    return subprocess.run(
        [os.environ["ATHENA_LOCAL"], *arguments],
        env=os.environ | variables | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def doctor(
    state: State,
    keys: Keys,
    account: str | None = None,
    more: Sequence[str] = (),
    **environment: str,
) -> tuple[int, dict[str, Any]]:
    """Returns the exit status and the report of `athena-local doctor`."""
    options = {
        "--principal": ANALYST,
        "--catalog": CATALOG,
        "--workgroup": WORKGROUP,
        "--organization": ORGANIZATION,
    }
    if account != A:
        options |= {"--spill-bucket": SPILL, "--spill-prefix": PREFIX, "--kms-key": keys.own}
    options |= state["options"]
    words = [word for option in options.items() for word in option]
    result = run(["doctor", FUNCTION, "--json", *words, *more], account, **environment)
    if result.returncode not in (0, 1):
        raise RuntimeError(f"doctor exited with status {result.returncode}: {result.stderr}")
    return result.returncode, json.loads(result.stdout)
