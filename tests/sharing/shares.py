"""Shares and unshares: the policies after each step, and requests rejected before any change."""

import contextlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.sharing.checks import Checks
from tests.sharing.emulator import ResourcePolicyProxy, resource_policy_proxy
from tests.sharing.environment import (
    ALIAS,
    ANALYST,
    FOREIGN_BUCKET,
    FUNCTION,
    NAME,
    ORGANIZATION,
    OTHER_REGION,
    REGION,
    SPILL,
    SPILL_OTHER_REGION,
    TAG,
    A,
    B,
    C,
    Keys,
    State,
    allow,
    apply,
    baseline,
    bucket_arn,
    changed,
    client,
    deny_everyone,
    document,
    ignore_errors,
)
from tests.sharing.faults import INVOKE, LIST, Change, set_members, spill_location
from tests.sharing.program import doctor, run

GRANT_OPTIONS = ("--direct", "--add-permission")
TO_ANALYST = ("--to", ANALYST, *GRANT_OPTIONS, "--apply")


def owner_policies(key: str | None = None) -> list[str]:
    """Returns the policies of the function, the bucket and the key; by default the bucket's key."""
    texts = [client("lambda", A).get_policy(FunctionName=NAME)["Policy"]]
    with contextlib.suppress(ClientError):
        texts.append(client("s3", A).get_bucket_policy(Bucket=SPILL)["Policy"])
    if key is None:
        encryption = client("s3", A).get_bucket_encryption(Bucket=SPILL)
        [rule] = encryption["ServerSideEncryptionConfiguration"]["Rules"]
        key = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    return [*texts, client("kms", A).get_key_policy(KeyId=key, PolicyName="default")["Policy"]]


def create_user(account: str, prefix: str, policy: str) -> tuple[str, dict[str, str]]:
    """Creates a user with a policy and returns its name and access key."""
    iam, name = client("iam", account), f"{prefix}-{TAG}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName=prefix, PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return name, {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }


def check_shares(keys: Keys, profiles: Path, checks: Checks) -> None:
    """Checks `share` and `unshare` next to statements of others, which must stay unchanged."""
    state = baseline(keys)
    state["permissions"] = [{"StatementId": "Other", "Principal": C}]
    # The endpoint has no TLS, so DenyInsecureTransport would deny the calls of this test.
    kept = ("DenyWritesExceptConnector", "DenyForeignEncryption")
    state["bucket_policy"] = [item for item in state["bucket_policy"] if item["Sid"] in kept]
    state["key_policy"] = state["key_policy"][:1]
    apply(state)
    # An indented policy shows that a share and its removal restore the original text.
    formatted = json.dumps(json.loads(document(state["bucket_policy"])), indent=3)
    client("s3", A).put_bucket_policy(Bucket=SPILL, Policy=formatted)
    shares = Shares(state, keys, owner_policies(), checks)
    shares.check_round_trip()
    shares.check_unshare_all()
    shares.check_hidden_policies()
    shares.check_rollback()
    shares.check_rejected_arguments(profiles)
    shares.check_rejected_states()
    check_share_through_athena_only(keys, checks)


@dataclass(frozen=True)
class Shares:
    """A function that is not shared yet, and the owner's policies in this state."""

    state: State
    keys: Keys
    before: list[str]
    checks: Checks

    def check(self, claim: str, holds: bool, details: object = "") -> None:
        self.checks.check(claim, holds, details)

    def unchanged(self) -> bool:
        return owner_policies() == self.before

    @staticmethod
    def share(
        *options: str, command: str = "share", account: str = A
    ) -> subprocess.CompletedProcess[str]:
        return run([command, FUNCTION, "--to", ANALYST, "--to", B, *options], account)

    def check_round_trip(self) -> None:
        """Checks that share and unshare are idempotent and need --apply."""
        check, share = self.check, self.share
        # The emulator knows only the account of a caller from another account, and so only the
        # share with the whole account B admits this user.
        list_spill = document([allow("List", LIST, bucket_arn(SPILL))])
        _, credentials = create_user(B, "reader", list_spill)

        def can_list() -> bool:
            s3 = client("s3", B, **credentials)
            return ignore_errors(s3.list_objects_v2, Bucket=SPILL) is not None

        done = share(*GRANT_OPTIONS)
        printed = "+ " in done.stdout and "create-data-catalog" in done.stdout
        check("share prints the difference and instructions", done.returncode == 0 and printed)
        check("share without --apply changes nothing", self.unchanged())
        check("the consumer cannot list the bucket before", not can_list())
        done, after = share(*GRANT_OPTIONS, "--apply"), owner_policies()
        all_differ = all(old != new for old, new in zip(self.before, after, strict=True))
        check("share --apply changes all three policies", done.returncode == 0 and all_differ)
        check("the consumer can list the bucket afterwards", can_list())
        done = share(*GRANT_OPTIONS, "--apply")
        same = owner_policies() == after and "nothing to change" in done.stderr
        check("share is idempotent", done.returncode == 0 and same, done.stderr)
        status, report = doctor(self.state, self.keys, A, ["--principal", ANALYST])
        check("the doctor reports no findings for the share", status == 0, report["findings"])
        done = share(command="unshare")
        same = owner_policies() == after
        check("unshare without --apply changes nothing", done.returncode == 0 and same)
        done = share("--apply", command="unshare")
        restored = done.returncode == 0 and self.unchanged()
        check("unshare restores the policies byte for byte", restored, done.stderr)
        check("the consumer can no longer list the bucket", not can_list())
        done = share("--apply", command="unshare")
        same = self.unchanged() and "nothing to change" in done.stderr
        check("unshare is idempotent", done.returncode == 0 and same, done.stderr)

    @staticmethod
    def share_with_several() -> None:
        for consumer in [ANALYST, C, ORGANIZATION]:
            run(["share", FUNCTION, "--to", consumer, *GRANT_OPTIONS, "--apply"], A)

    def check_unshare_all(self) -> None:
        run(["share", FUNCTION, *TO_ANALYST], A)
        once = owner_policies()
        self.share_with_several()
        more = owner_policies() not in (self.before, once)
        self.check("a second and a third share change the policies", more)
        run(["unshare", FUNCTION, "--all", "--apply"], A)
        self.check("unshare --all removes every share and nothing else", self.unchanged())
        self.share_with_several()
        functions = client("lambda", A)
        for statement in json.loads(functions.get_policy(FunctionName=NAME)["Policy"])["Statement"]:
            if statement["Sid"].startswith("AthenaShare"):
                functions.remove_permission(FunctionName=NAME, StatementId=statement["Sid"])
        policies = owner_policies()
        partial = policies[0] == self.before[0] and policies[1:] != self.before[1:]
        self.check("shares remain only in the policies of the bucket and the key", partial)
        run(["unshare", FUNCTION, "--all", "--apply"], A)
        self.check("unshare --all removes shares that lack a permission", self.unchanged())

    def check_hidden_policies(self) -> None:
        """Checks that a missing permission is named, and that nothing is changed without it."""
        kms = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy"]
        full_access = allow("Full", ["lambda:*", "s3:*", "iam:*", *kms], "*")
        name, user = create_user(A, "operator", document([full_access]))
        operator = {key.upper(): value for key, value in user.items()}

        def set_policy(*statements: dict[str, Any]) -> None:
            client("iam", A).put_user_policy(
                UserName=name,
                PolicyName="operator",
                PolicyDocument=document([full_access, *statements]),
            )

        share = ["share", FUNCTION, *TO_ANALYST]
        unshare = ["unshare", FUNCTION, "--to", ANALYST, "--apply"]
        for command in [share, unshare]:
            policies = owner_policies()
            for action in [
                "lambda:GetPolicy",
                "s3:GetBucketPolicy",
                "s3:GetEncryptionConfiguration",
                "kms:DescribeKey",
                "kms:GetKeyPolicy",
            ]:
                set_policy(allow("Hide", action, "*") | {"Effect": "Deny"})
                done = run(command, **operator)
                named = f"with {action}" in done.stderr and "nothing was changed" in done.stderr
                self.check(
                    f"{command[0]} without {action} names it and changes nothing",
                    done.returncode == 1 and named and owner_policies() == policies,
                    done.stderr,
                )
            set_policy()
            done = run(command, **operator)
            self.check(
                f"{command[0]} with all permissions succeeds",
                done.returncode == 0 and owner_policies() != policies,
                done.stderr,
            )
        self.check("the policies are restored", self.unchanged())

    def check_rollback(self) -> None:
        # The emulator cannot replace the policy of a function, which is the last step of a share.
        done = self.share("--apply")
        rolled_back = done.returncode == 1 and self.unchanged()
        self.check("a share that fails halfway is rolled back", rolled_back, done.stderr)

    def check_rejected_arguments(self, profiles: Path) -> None:
        """Checks arguments that are rejected with status 2, before any change."""
        other_region = FUNCTION.replace(REGION, OTHER_REGION)
        long_role = f"arn:aws:iam::{B}:role/{'x' * 65}"
        session = f"arn:aws:sts::{B}:assumed-role/analyst/jo"
        for claim, account, arguments, mention in [
            ("an alias", A, [f"{FUNCTION}:{ALIAS}", *TO_ANALYST], "alias"),
            ("a version", A, [f"{FUNCTION}:1", *TO_ANALYST], "version"),
            (
                "an account of 11 digits",
                A,
                [FUNCTION, "--to", "11112222333", "--apply"],
                "12 digits",
            ),
            ("a function of another Region", A, [other_region, *TO_ANALYST], "does not exist"),
            (
                "an ARN with another --region",
                A,
                [FUNCTION, *TO_ANALYST, "--region", OTHER_REGION],
                "--region",
            ),
            ("credentials of another account", B, [FUNCTION, *TO_ANALYST], A),
            ("a role name of 65 letters", A, [FUNCTION, "--to", long_role, "--apply"], "64"),
            ("a session", A, [FUNCTION, "--to", session, "--apply"], "session"),
        ]:
            done = run(["share", *arguments], account)
            rejected = done.returncode == 2 and mention in done.stderr and self.unchanged()
            self.check(f"{claim} is rejected", rejected, done.stderr)
        unknown = f"arn:aws:iam::{B}:role/nobody-{TAG}"
        both = ["--profile", "owner", "--profile", "consumer"]
        done = run(
            ["share", FUNCTION, "--to", unknown, *GRANT_OPTIONS, "--apply", *both],
            AWS_SHARED_CREDENTIALS_FILE=str(profiles),
        )
        named = f"{unknown} does not exist" in done.stderr
        rejected = done.returncode == 2 and named and self.unchanged()
        self.check("a principal that does not exist is rejected", rejected, done.stderr)

    def check_rejected_states(self) -> None:
        """Checks states of the owner's account in which a function cannot be shared."""
        missing_bucket = spill_location(f"nowhere-{TAG}")
        faults: list[tuple[str, Change, str]] = [
            ("a bucket that does not exist", missing_bucket, "does not exist"),
            (
                "a key of another Region",
                set_members(encryption=self.keys.other_region),
                f"is not in {REGION}",
            ),
            ("a disabled key", set_members(key_enabled=False), "Disabled"),
            ("a bucket of another account", spill_location(FOREIGN_BUCKET), FOREIGN_BUCKET),
            ("a bucket of another Region", spill_location(SPILL_OTHER_REGION), OTHER_REGION),
            ("a key managed by AWS", set_members(encryption=None), "managed by AWS"),
        ]
        for claim, plant, mention in faults:
            apply(changed(self.state, plant))
            planted = owner_policies(self.keys.own)
            done = run(["share", FUNCTION, *TO_ANALYST], A)
            kept = owner_policies(self.keys.own) == planted
            apply(self.state)
            rejected = done.returncode == 2 and mention in done.stderr and kept
            self.check(f"{claim} is rejected", rejected, done.stderr)


def check_share_through_athena_only(keys: Keys, checks: Checks) -> None:
    """Checks a share with default options, which replaces the policy of the function as a whole.

    The policy already has a deny statement of others, with a condition on Athena too.
    """
    state = baseline(keys)
    state["bucket_policy"] = state["bucket_policy"][4:5]
    state["key_policy"] = state["key_policy"][:1]
    apply(state)
    direct_call = {
        "StringNotEquals": {"aws:PrincipalAccount": A},
        "ForAllValues:StringNotEquals": {"aws:CalledVia": "athena.amazonaws.com"},
    }
    deny = deny_everyone("DenyForeignDirectInvoke", INVOKE, FUNCTION, direct_call)
    existing = json.dumps({"Version": "2012-10-17", "Statement": [deny]}, indent=2)
    with resource_policy_proxy() as proxy:
        for policy in [existing, None]:
            check_through_athena(state, keys, policy, proxy, checks)


def check_through_athena(
    state: State, keys: Keys, policy: str | None, proxy: dict[str, str], checks: Checks
) -> None:
    """Checks one share through Athena, which starts with `policy` on the function."""
    others = owner_policies()[1:]
    ResourcePolicyProxy.policy = policy

    def share(*options: str, command: str = "share") -> subprocess.CompletedProcess[str]:
        return run([command, FUNCTION, "--to", ANALYST, "--apply", *options], A, **proxy)

    done = share("--organization", ORGANIZATION)
    shared = ResourcePolicyProxy.policy or ""
    added = "aws:CalledVia" in shared.replace("DenyForeignDirectInvoke", "")
    kept = (policy or "{")[:60] in shared
    claim = "a share through Athena only is added to the existing policy"
    checks.check(claim, done.returncode == 0 and added and kept, done.stderr)
    status, report = doctor(state, keys, A, **proxy)
    checks.check("the doctor reports no findings for it", status == 0, report["findings"])
    done = share("--organization", ORGANIZATION)
    same = ResourcePolicyProxy.policy == shared and "nothing to change" in done.stderr
    checks.check("it is idempotent", done.returncode == 0 and same, done.stderr)
    done = share("--direct")
    replaced = ORGANIZATION not in (ResourcePolicyProxy.policy or "")
    checks.check("other options replace it", done.returncode == 0 and replaced, done.stderr)
    done = share(command="unshare")
    restored = ResourcePolicyProxy.policy == policy and owner_policies()[1:] == others
    claim = "unshare restores the policies byte for byte"
    checks.check(claim, done.returncode == 0 and restored, done.stderr)
