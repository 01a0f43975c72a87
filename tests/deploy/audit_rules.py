"""Notifications of `deploy/audit.yaml`: its rules on events, and its alarms.

moto and the emulator evaluate the event patterns.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from moto.events.models import EventPattern

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.audit_events import Json, cases_of, delivered, event, events
from tests.deploy.report import Check
from tests.servers import ROOT

TEMPLATE = ROOT / "deploy/audit.yaml"
WITH_READ_ONLY = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
# Stacks of the guides: the rule that each creates, and the event of the expected use.
RULES = {
    "connector-audit": ("A", "FunctionUsed", "function-invoked"),
    "registration-audit": ("B", "RoleAssumed", "share-role-assumed"),
    "quick-audit": ("QUICK", "RoleAssumed", "role-a-assumed"),
    "quick-athena-retail-audit": ("RETAIL", "RoleAssumed", "role-b-assumed"),
    "lake-audit": ("A", "TablesRead", "table-read"),
}
# Stacks with an alarm: its workgroup and its threshold.
ALARMS = {
    "registration-audit": ("B", "federated", 1099511627776),
    "quick-athena-retail-audit": ("RETAIL", "quick-athena-retail", 100000000000),
}
# Where no account is known, every account is reported, also if a service calls on its behalf.
REDUNDANT = {("quick-audit", "detail.$or[1].userIdentity.type")}
REJECTED = (
    ("nothing is watched", {}, "WatchedRoleArns"),
    ("a function without known accounts", {"FunctionName": "f"}, "KnownAccountIds"),
    ("a database without known accounts", {"DatabaseName": "sales"}, "KnownAccountIds"),
    ("a role of any name", {"WatchedRoleArns": f"arn:aws:iam::{fixtures.B}:role/*"}, "WatchedRole"),
)


def _matches(pattern: Json, envelope: Json) -> bool:
    """Evaluates a pattern with moto, for each element of `resources` as EventBridge does."""
    detail = envelope["detail"]
    resources = detail.get("resources") or [None]
    variants = [{**envelope, "detail": {**detail, "resources": one}} for one in resources]
    return any(EventPattern(None, pattern).matches_event(variant) for variant in variants)


def _without_one(node: Json) -> Iterator[tuple[str, Json]]:
    """Yields the path of each value and of each alternative, and the pattern without it."""
    for key, value in node.items():
        others = {name: other for name, other in node.items() if name != key}
        if isinstance(value, dict):
            for path, rest in _without_one(value):
                yield f"{key}.{path}", {**node, key: rest} if rest else others
        elif key == "$or":
            for i, alternative in enumerate(value):
                alternatives = [*value[:i], *value[i + 1 :]]
                yield f"$or[{i}]", {**node, key: alternatives}
                for path, rest in _without_one(alternative):
                    yield f"$or[{i}].{path}", {**node, key: [*alternatives, rest]}
        elif len(value) > 1:
            for i in range(len(value)):
                yield f"{key}[{i}]", {**node, key: [*value[:i], *value[i + 1 :]]}
        else:
            yield key, others


def _resources(account: Account, stack: str) -> dict[str, str]:
    """Returns the physical ids of a stack's resources by logical id."""
    summaries = account.client("cloudformation").list_stack_resources(StackName=stack)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in summaries["StackResourceSummaries"]
    }


def pattern_checks(client: Any, deployed: Json, stack: str, rule: str) -> list[Check]:
    """Checks the verdicts of a deployed rule, and that no part of its pattern is redundant."""
    pattern, use = json.loads(deployed["EventPattern"]), RULES[stack][2]
    cases, checks = cases_of(rule, event(use)), []
    for case in cases:
        answer = client.test_event_pattern(
            EventPattern=deployed["EventPattern"], Event=json.dumps(case.event)
        )
        verdicts = [_matches(pattern, case.event), answer["Result"]]
        claim = f"{stack}, {rule}: {case.claim} is {'' if case.reported else 'not '}reported"
        checks.append(Check(claim, verdicts == [case.reported] * 2, f"moto, emulator: {verdicts}"))
    for path, weaker in _without_one(pattern):
        detected = [case.claim for case in cases if _matches(weaker, case.event) != case.reported]
        redundant = (stack, path) in REDUNDANT
        claim = f"{stack}, {rule}: {'no' if redundant else 'a'} case detects the removal of {path}"
        checks.append(Check(claim, bool(detected) != redundant, str(detected)))
    for name, other in events().items():
        if name.removesuffix(".caller") != use and "saml" not in name:
            claim = f"{stack}, {rule}: {name} is not reported"
            checks.append(Check(claim, not _matches(pattern, delivered(other)), str(pattern)))
    return checks


def rule_checks(account: Account, stack: str, rule: str) -> list[Check]:
    """Checks the deployed rule of a stack, its notifications and the policy of the topic."""
    resources, client = _resources(account, stack), account.client("events")
    deployed = client.describe_rule(Name=resources[rule])
    state = "ENABLED" if rule == "FunctionUsed" else WITH_READ_ONLY
    [target] = client.list_targets_by_rule(Rule=resources[rule])["Targets"]
    reported = [case for case in cases_of(rule, event(RULES[stack][2])) if case.reported]
    messages = [_message(target, case.event) for case in reported]
    complete = all({"reason", "event", "caller"} <= set(message) for message in messages)
    secret = "sessionToken" in json.dumps(messages)
    topic = target["Arn"] == resources["Topic"]
    return [
        *pattern_checks(client, deployed, stack, rule),
        Check(f"{stack}, {rule}: the state is {state}", deployed["State"] == state, str(deployed)),
        Check(f"{stack}, {rule}: the target is the topic", topic, str(target)),
        Check(f"{stack}, {rule}: notifications have a reason", complete, str(messages)),
        Check(f"{stack}, {rule}: notifications have no session token", not secret, str(messages)),
        _topic_check(account, stack, resources),
    ]


def _message(target: Json, envelope: Json) -> Json:
    """Returns the notification of an event, which the input transformer of the target makes."""
    transformer, values = target["InputTransformer"], {}
    for name, path in transformer["InputPathsMap"].items():
        value: Any = envelope
        for step in path.removeprefix("$.").split("."):
            value = value[step]
        values[name] = json.dumps(value)
    return json.loads(re.sub(r"<(\w+)>", lambda m: values[m[1]], transformer["InputTemplate"]))


def _topic_check(account: Account, stack: str, resources: dict[str, str]) -> Check:
    """Checks the policy of the topic; with a condition, EventBridge could not publish."""
    attributes = account.client("sns").get_topic_attributes(TopicArn=resources["Topic"])
    statements = json.loads(attributes["Attributes"]["Policy"])["Statement"]
    allow = {"Effect": "Allow", "Action": "sns:Publish", "Resource": resources["Topic"]}
    events_only = {"Sid": "RulesPublish", "Principal": {"Service": "events.amazonaws.com"}, **allow}
    expected = [events_only]
    if stack in ALARMS:
        alarm = f"{fixtures.REGION}:{account.id}:alarm:{resources['BytesScanned']}"
        condition = {
            "StringEquals": {"aws:SourceAccount": account.id},
            "ArnEquals": {"aws:SourceArn": f"arn:aws:cloudwatch:{alarm}"},
        }
        principal = {"Service": "cloudwatch.amazonaws.com"}
        expected.append(
            {"Sid": "AlarmPublishes", "Principal": principal, **allow, "Condition": condition}
        )
    claim = f"{stack}: only EventBridge and the alarm publish to the topic"
    return Check(claim, statements == expected, str(statements))


def alarm_checks(account: Account, stack: str, workgroup: str, threshold: int) -> list[Check]:
    """Checks the metric, the threshold and the action of the deployed alarm."""
    resources = _resources(account, stack)
    names = [resources["BytesScanned"]]
    [alarm] = account.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    expected = {
        "Namespace": "AWS/Athena",
        "MetricName": "ProcessedBytes",
        "Dimensions": [{"Name": "WorkGroup", "Value": workgroup}],
        "Statistic": "Sum",
        "Period": 3600,
        "EvaluationPeriods": 1,
        "Threshold": float(threshold),
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [resources["Topic"]],
    }
    actual = {key: alarm.get(key) for key in expected}
    return [
        Check(f"{stack}: {key} of the alarm is {value}", actual[key] == value, str(actual[key]))
        for key, value in expected.items()
    ]


def parameter_checks(account: Account) -> list[Check]:
    """Checks that stacks which would watch nothing, or report everything, are rejected."""
    checks = []
    for claim, parameters, mentions in REJECTED:
        values = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
        try:
            account.client("cloudformation").create_stack(
                StackName="audit-wrong", TemplateBody=TEMPLATE.read_text(), Parameters=values
            )
            message = "accepted"
        except ClientError as error:
            message = error.response["Error"]["Message"]
        checks.append(Check(f"rejected: {claim}", mentions in message, message))
    return checks
