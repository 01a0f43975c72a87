"""The program under test."""

import json
import os
import subprocess
import sys

from setting import A, ANALYST, CATALOG, FUNCTION, ORGANIZATION, PREFIX, REGION, SPILL, WORKGROUP


def run(arguments, account=None, **environment):
    """Runs athena-local with the credentials of the root of `account`, or those in `environment`."""
    keys = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test"} if account else {}
    settings = {"AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"} | keys | environment
    return subprocess.run([os.environ["ATHENA_LOCAL"], *arguments], env=os.environ | settings, capture_output=True, text=True)


def doctor(state, keys, account=None, more=(), **environment):
    """The exit status and the report."""
    told = {"--spill-bucket": SPILL, "--spill-prefix": PREFIX, "--kms-key": keys["own"]} | state["told"]
    if account == A:
        told = state["told"]
    words = [word for pair in told.items() for word in pair]
    done = run(["doctor", FUNCTION, "--json", "--principal", ANALYST, "--catalog", CATALOG, "--workgroup", WORKGROUP,
                "--organization", ORGANIZATION, *words, *more], account, **environment)
    if done.returncode not in (0, 1):
        sys.exit(f"doctor: status {done.returncode}: {done.stderr}")
    return done.returncode, json.loads(done.stdout)
