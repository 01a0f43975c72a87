"""Events of CloudTrail, as recorded and with fields changed.

No emulator delivers CloudTrail events. `cases/events/NAME.json` are the events of the hops of the
three paths, one in each file, written after examples of AWS with the accounts of the fixtures:

- `share-role-assumed*`, `role-b-assumed*`: IAM user guide, `cloudtrail-integration`, `AssumeRole`
  in another account, role chaining and `AssumeRoleWithSAML`.
- `role-a-assumed`: CloudTrail user guide, `userIdentity` of a service (`AWSService`).
- `query-started`, `role-b-query-started`: Athena user guide, `monitor-with-cloudtrail`,
  `StartQueryExecution`.
- `catalog-created`: the same page, `CreateNamedQuery`, with the parameters of `CreateDataCatalog`.
- `function-invoked`: CloudTrail user guide, data event `Invoke` of a function.
- `spill-read`, `lake-object-read*`: S3 user guide, `cloudtrail-logging-understanding-s3-entries`.
- `spill-decrypted*`: KMS developer guide, `ct-decrypt`.
- `link-read*`, `table-read*`: Lake Formation guide, `cross-account-logging`, and the event of
  Athena in AWS's Lake Formation best practices.

`.caller` and `.consumer` are the events of the same request in the account of the caller. Events in
the account of the resource have the `userIdentity` of another account (`AWSAccount`); AWS documents
no example of `Invoke`, `GetObject` and `Decrypt` by Athena for a principal of another account.
Variants, such as those of an unknown account, are derived from the files.
"""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy import fixtures

Json = dict[str, Any]

EVENTS = Path(__file__).parent / "cases/events"
DELIVERED = "AWS API Call via CloudTrail"


def event(name: str) -> Json:
    return json.loads((EVENTS / f"{name}.json").read_text())


def events() -> dict[str, Json]:
    return {path.stem: event(path.stem) for path in sorted(EVENTS.glob("*.json"))}


def changed(original: Json, **fields: Any) -> Json:
    """Returns a copy with other fields; `a__b` is the field `b` of `a`."""
    result = copy.deepcopy(original)
    for path, value in fields.items():
        *parents, name = path.split("__")
        node = result
        for parent in parents:
            node = node[parent]
        node[name] = value
    return result


def replaced(original: Json, old: str, new: str) -> Json:
    return json.loads(json.dumps(original).replace(old, new))


def by_account(original: Json, account: str) -> Json:
    identity = {"type": "AWSAccount", "principalId": "AROAEXAMPLE:session", "accountId": account}
    return changed(original, userIdentity=identity)


def _by_service(original: Json, service: str) -> Json:
    return changed(original, userIdentity={"type": "AWSService", "invokedBy": service})


def delivered(detail: Json) -> Json:
    """Returns the event as CloudTrail delivers it to EventBridge."""
    return {
        "version": "0",
        "id": detail["eventID"],
        "detail-type": DELIVERED,
        "source": f"aws.{detail['eventSource'].removesuffix('.amazonaws.com')}",
        "account": detail["recipientAccountId"],
        "time": detail["eventTime"],
        "region": detail["awsRegion"],
        "resources": [],
        "detail": detail,
    }


@dataclass(frozen=True)
class Case:
    """An event, and whether a rule reports it."""

    claim: str
    event: Json
    reported: bool


def _role_cases(use: Json) -> list[Case]:
    role = use["requestParameters"]["roleArn"]
    stranger = by_account(use, fixtures.UNRELATED)
    by_quick = use["userIdentity"]["type"] == "AWSService"
    # Event of `AssumeRoleWithSAML` and, with the identity of another provider, WithWebIdentity.
    saml = changed(event("role-b-assumed-with-saml"), requestParameters__roleArn=role)
    web = changed(
        saml, eventName="AssumeRoleWithWebIdentity", userIdentity__type="WebIdentityUser"
    )
    cases = [
        Case("another account", stranger, True),
        Case("the role's account", by_account(use, role.split(":")[4]), True),
        Case("another account, another role", replaced(stranger, role, f"{role}-2"), False),
        Case("Quick", _by_service(use, "quicksight.amazonaws.com"), not by_quick),
        Case("another service", _by_service(use, "ec2.amazonaws.com"), True),
        Case("SAML", saml, True),
        Case("web identity", web, True),
    ]
    if not by_quick:
        console = changed(use, userIdentity__invokedBy="athena.amazonaws.com")
        cases.append(Case("a known account through a service", console, False))
    return cases


def _function_cases(use: Json) -> list[Case]:
    stranger, other = by_account(use, fixtures.UNRELATED), f"{fixtures.FUNCTION}-2"
    return [
        Case("another account", stranger, True),
        Case("the function's account", by_account(use, fixtures.A), False),
        Case("no parameters", changed(stranger, requestParameters=None), True),
        Case(
            "another account, another function",
            replaced(stranger, fixtures.FUNCTION, other),
            False,
        ),
    ]


def _table_cases(use: Json) -> list[Case]:
    stranger = by_account(use, fixtures.UNRELATED)
    other = replaced(stranger, "table/sales/", "table/sales2/")
    return [
        Case("another account", stranger, True),
        Case("the owner", by_account(use, fixtures.A), False),
        Case("another account, another database", other, False),
    ]


CASES = {"RoleAssumed": _role_cases, "FunctionUsed": _function_cases, "TablesRead": _table_cases}


def cases_of(rule: str, use: Json) -> list[Case]:
    cases = [Case("the expected use", use, False), *CASES[rule](use)]
    cases = [Case(case.claim, delivered(case.event), case.reported) for case in cases]
    unknown = next(case.event for case in cases if case.reported)
    # Everybody who can put events can imitate one, except its source.
    imitation = {**unknown, "source": "custom"}
    service_event = {**unknown, "detail-type": "AWS Service Event via CloudTrail"}
    return [*cases, Case("an imitation", imitation, False), Case("no call", service_event, False)]
