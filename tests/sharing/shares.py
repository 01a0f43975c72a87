"""Shared and unshared: what each step has to leave in the policies, and what is refused before it changes anything."""

import contextlib
import copy
import json
import tempfile

from botocore.exceptions import ClientError

from faults import INVOKE, LIST, setting
from program import doctor, run
from setting import (
    A, ALIAS, ANALYST, B, C, ELSEWHERE, FAR_SPILL, FOREIGN, FUNCTION, NAME, ORGANIZATION, PREFIX, REGION, SPILL, TAG, allow, bucket, build,
    client, document, good, quiet,
)
from standin import WholePolicies, whole_policies


def policies(key=None):
    """The texts of the three policies of the owner: with that of `key`, or of the one with which the bucket encrypts."""
    texts = [client("lambda", A).get_policy(FunctionName=NAME)["Policy"]]
    with contextlib.suppress(ClientError):
        texts.append(client("s3", A).get_bucket_policy(Bucket=SPILL)["Policy"])
    if key is None:
        rule = client("s3", A).get_bucket_encryption(Bucket=SPILL)["ServerSideEncryptionConfiguration"]["Rules"][0]
        key = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    return [*texts, client("kms", A).get_key_policy(KeyId=key, PolicyName="default")["Policy"]]


def reader():
    """Keys of a user of B who may list the bucket as far as B is asked. Of a caller from another account the stand-in knows the
    account only, so that it is a share with the account that lets one in."""
    iam, name = client("iam", B), f"reader-{TAG}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="list", PolicyDocument=document([allow("List", LIST, bucket(SPILL))]))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def shared_and_unshared(keys):
    """What goes wrong when the function is shared and unshared, with other statements beside."""
    state = good(keys)
    state["permissions"] = [{"StatementId": "Other", "Principal": C}]
    # The stand-in is spoken to without TLS, so that denial would hold for what is really called here.
    state["bucket_policy"] = [s for s in state["bucket_policy"] if s["Sid"] in ("DenyWritesExceptConnector", "DenyForeignEncryption")]
    state["key_policy"] = state["key_policy"][:1]
    build(state)
    client("s3", A).put_bucket_policy(Bucket=SPILL, Policy=json.dumps(json.loads(document(state["bucket_policy"])), indent=3))
    before, wrong = policies(), []

    def check(claim, holds):
        print(f"{'ok  ' if holds else 'FAIL'} {claim}", flush=True)
        if not holds:
            wrong.append(claim)

    def share(*more, command="share", account=A):
        done = run([command, FUNCTION, "--to", ANALYST, "--to", B, *more], account)
        return done.returncode, done.stdout, done.stderr

    key = reader()

    def readable():
        return quiet(client("s3", B, **key).list_objects_v2, Bucket=SPILL) is not None

    terms = ("--direct", "--add-permission")
    status, text, _ = share(*terms)
    check("share without --apply prints the difference and the instructions", status == 0 and "+ " in text and "create-data-catalog" in text)
    check("share without --apply changes nothing", policies() == before)
    check("a consumer cannot list the bucket before", not readable())
    status, _, _ = share(*terms, "--apply")
    after = policies()
    check("share --apply changes all three policies",
          status == 0 and all(one != other for one, other in zip(before, after, strict=True)))
    check("a consumer can list the bucket then", readable())
    status, text, error = share(*terms, "--apply")
    check("share twice is share once", status == 0 and policies() == after and "nothing to change" in error)
    status, report = doctor(state, keys, A, ["--principal", ANALYST])
    check(f"the doctor finds nothing wrong then {report['findings']}", status == 0)
    status, _, _ = share(command="unshare")
    check("unshare without --apply changes nothing", status == 0 and policies() == after)
    status, _, _ = share("--apply", command="unshare")
    check("unshare leaves the policies as they were, to the byte", status == 0 and policies() == before)
    check("a consumer cannot list the bucket any more", not readable())
    status, _, error = share("--apply", command="unshare")
    check("unshare twice is unshare once", status == 0 and policies() == before and "nothing to change" in error)
    for consumer in [ANALYST, C, ORGANIZATION]:
        run(["share", FUNCTION, "--to", consumer, *terms, "--apply"], A)
    check("a second and a third share change the policies", policies() not in (before, after))
    run(["unshare", FUNCTION, "--all", "--apply"], A)
    check("unshare --all takes back every share and nothing else", policies() == before)
    for consumer in [ANALYST, C, ORGANIZATION]:
        run(["share", FUNCTION, "--to", consumer, *terms, "--apply"], A)
    for statement in json.loads(client("lambda", A).get_policy(FunctionName=NAME)["Policy"])["Statement"]:
        if statement["Sid"].startswith("AthenaShare"):
            client("lambda", A).remove_permission(FunctionName=NAME, StatementId=statement["Sid"])
    check("shares are left in the policies of bucket and key alone", policies()[0] == before[0] and policies()[1:] != before[1:])
    run(["unshare", FUNCTION, "--all", "--apply"], A)
    check("unshare --all takes back what is left in the policies of bucket and key alone", policies() == before)
    hidden(terms, check, before)
    # The stand-in cannot replace a function's policy, which comes last: what was written before has to be taken back.
    status, _, error = share("--apply")
    check(f"a share that fails halfway leaves nothing behind: {error.strip()}", status == 1 and policies() == before)
    refused(check, before, state, keys)
    shared_through_athena_only(keys, check)
    return wrong


def hidden(terms, check, before):
    """What cannot be seen of the owner's side is named with the permission that is missing, and nothing is changed."""
    iam, name = client("iam", A), f"operator-{TAG}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    operator = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    every = ["lambda:*", "s3:*", "iam:*", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy"]
    share, unshare = (["share", FUNCTION, "--to", ANALYST, *terms, "--apply"], ["unshare", FUNCTION, "--to", ANALYST, "--apply"])
    for command, sure in [(share, before), (unshare, None)]:
        sure = sure or policies()
        for action in ["lambda:GetPolicy", "s3:GetBucketPolicy", "s3:GetEncryptionConfiguration", "kms:DescribeKey", "kms:GetKeyPolicy"]:
            deny = allow("Hide", action, "*", effect="Deny")
            iam.put_user_policy(UserName=name, PolicyName="operator", PolicyDocument=document([allow("May", every, "*"), deny]))
            done = run(command, **operator)
            check(f"{command[0]} by somebody without {action} says so and changes nothing: {done.stderr.strip()[:200]}",
                  done.returncode == 1 and f"with {action}" in done.stderr and "nothing was changed" in done.stderr and policies() == sure)
        iam.put_user_policy(UserName=name, PolicyName="operator", PolicyDocument=document([allow("May", every, "*")]))
        done = run(command, **operator)
        check(f"{command[0]} by somebody who may do all of that is done", done.returncode == 0 and policies() != sure)
    check("and leaves the policies as they were", policies() == before)


def shared_through_athena_only(keys, check):
    """A share as it is without options: the function's whole policy, with others' denials in it, and the condition on Athena."""
    state = good(keys)
    state["bucket_policy"], state["key_policy"] = state["bucket_policy"][4:5], state["key_policy"][:1]
    build(state)
    before = json.dumps({"Version": "2012-10-17", "Statement": [
        allow("DenyForeignDirectInvoke", INVOKE, FUNCTION, "*", {
            "StringNotEquals": {"aws:PrincipalAccount": A},
            "ForAllValues:StringNotEquals": {"aws:CalledVia": "athena.amazonaws.com"}}, "Deny")]}, indent=2)
    others = policies()[1:]
    with whole_policies() as environment:
        for start in [before, None]:
            WholePolicies.policy = start
            share = lambda *more, command="share": run(  # noqa: E731
                [command, FUNCTION, "--to", ANALYST, "--apply", *more], A, **environment)
            done, once = share("--organization", ORGANIZATION), WholePolicies.policy
            check(f"a share through Athena only is written beside what is there: {done.stderr.strip()}", done.returncode == 0
                  and "aws:CalledVia" in once.replace("DenyForeignDirectInvoke", "") and (start or "{")[:60] in once)
            status, report = doctor(state, keys, A, **environment)
            check(f"the doctor finds nothing wrong with it {report['findings']}", status == 0)
            done = share("--organization", ORGANIZATION)
            check("twice is once", done.returncode == 0 and WholePolicies.policy == once and "nothing to change" in done.stderr)
            done = share("--direct")
            check("other terms replace it", done.returncode == 0 and ORGANIZATION not in WholePolicies.policy)
            done = share(command="unshare")
            check("unshare leaves the policies as they were, to the byte",
                  done.returncode == 0 and WholePolicies.policy == start and policies()[1:] == others)


def refused(check, before, state, keys):
    """What cannot be shared is refused with status 2 before anything is changed."""
    to = ["--to", ANALYST, "--direct", "--add-permission", "--apply"]
    for claim, arguments, account, word in [
        ("an alias", [f"{FUNCTION}:{ALIAS}", *to], A, "alias"),
        ("a version", [f"{FUNCTION}:1", *to], A, "version"),
        ("an account of 11 digits", [FUNCTION, "--to", "11112222333", "--apply"], A, "12 digits"),
        ("a function of another region", [FUNCTION.replace(REGION, ELSEWHERE), *to], A, "does not exist"),
        ("an ARN beside another region", [FUNCTION, *to, "--region", ELSEWHERE], A, "--region"),
        ("the credentials of another account", [FUNCTION, *to], B, A),
        ("a role name that is too long", [FUNCTION, "--to", f"arn:aws:iam::{B}:role/{'x' * 65}", "--apply"], A, "64"),
        ("a session", [FUNCTION, "--to", f"arn:aws:sts::{B}:assumed-role/analyst/jo", "--apply"], A, "session"),
    ]:
        done = run(["share", *arguments], account)
        check(f"{claim} is refused", done.returncode == 2 and word in done.stderr and policies() == before)
    with tempfile.NamedTemporaryFile("w", suffix=".credentials") as profiles:
        profiles.write("".join(f"[{name}]\naws_access_key_id={account}\naws_secret_access_key=test\n"
                               for name, account in [("owner", A), ("consumer", B)]))
        profiles.flush()
        nobody = f"arn:aws:iam::{B}:role/nobody-{TAG}"
        done = run(["share", FUNCTION, "--to", nobody, *to[2:], "--profile", "owner", "--profile", "consumer"],
                   AWS_SHARED_CREDENTIALS_FILE=profiles.name)
        check("a principal that does not exist is refused",
              done.returncode == 2 and f"{nobody} does not exist" in done.stderr and policies() == before)
    for claim, plant, word in [
        ("a bucket that does not exist", setting(environment={"spill_bucket": f"nowhere-{TAG}", "spill_prefix": PREFIX}), "does not exist"),
        ("a key of another region", setting(encryption=keys["far"]), f"is not in {REGION}"),
        ("a key that is disabled", setting(key_enabled=False), "Disabled"),
        ("a bucket of somebody else", setting(environment={"spill_bucket": FOREIGN, "spill_prefix": PREFIX}), FOREIGN),
        ("a bucket of another region", setting(environment={"spill_bucket": FAR_SPILL, "spill_prefix": PREFIX}), ELSEWHERE),
        ("a key that AWS manages", setting(encryption=None), "managed by AWS"),
    ]:
        changed = copy.deepcopy(state)
        plant(changed)
        build(changed)
        planted = policies(keys["own"])
        done = run(["share", FUNCTION, *to], A)
        kept = policies(keys["own"]) == planted
        build(state)
        check(f"{claim} is refused", done.returncode == 2 and word in done.stderr and kept)
