"""Alarms and dashboard of `connector.yaml`: their filters, on lines that a connector has logged.

The emulator stores metric filters and does not apply them. `matches` implements the part of the
filter pattern syntax for JSON lines that the template uses: comparisons joined by `&&`.
"""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.report import Check
from tests.servers import ROOT

QUERY = "8f6c0f3e-7a41-4a5e-9a3e-5d5f0a7f2b10"
PROGRAMS = ROOT / "target/debug"
COMPARISON = re.compile(r"\(\$\.(\w+) (=|>|IS) (?:\"([^\"]*)\"|([\d.]+|TRUE|FALSE))\)")
FILTERS = {
    "DeniedCallers", "Deadlines", "FailedReads", "FailedUploads", "ForgedSplits", "Rows",
    "SpilledBytes",
}
ALARMS = {"Errors", "Throttles", "Deadlines", "FailedUploads", "ForgedSplits"}


def matches(pattern: str, line: dict[str, Any]) -> bool:
    """Returns whether a line matches a pattern of comparisons joined by `&&`."""
    body = pattern.strip().removeprefix("{").removesuffix("}").strip()
    parts = [COMPARISON.fullmatch(part.strip()) for part in body.split("&&")]
    if not all(parts):
        raise SystemExit(f"the pattern {pattern!r} has a form that this test does not implement")
    return all(_holds(line.get(part[1]), part) for part in parts if part)


def _holds(value: Any, part: re.Match[str]) -> bool:
    if part[2] == "IS":
        return value is (part[4] == "TRUE")
    if part[2] == ">":
        return isinstance(value, int | float) and value > float(part[4])
    # A comparison with a text is not true for an absent or null field.
    text = re.escape(part[3]).replace(r"\*", ".*")
    return isinstance(value, str) and re.fullmatch(text, value) is not None


class _Function:
    """The connector `tpch`, whose log lines are collected."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lines(
        self, request: dict[str, Any], *options: str, **variables: str
    ) -> list[dict[str, Any]]:
        """Invokes the function once, and returns its log lines."""
        return list(_json_lines(self._invoke(request, *options, **variables).stderr))

    def schema(self, schema: str, table: str) -> str:
        """Returns the schema of a table, as the protocol writes it."""
        request = {**_head("GetTableRequest", schema, table), "queryPassthroughArguments": {}}
        return json.loads(self._invoke(request).stdout)["schema"]

    def _invoke(
        self, request: dict[str, Any], *options: str, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        file = self._folder / "request.json"
        file.write_text(json.dumps(request))
        variables["athena_connector_audit"] = "true"
        words = " ".join(f"{name}={value}" for name, value in variables.items())
        spec = f"exec:env {words} {PROGRAMS}/athena-connector-tpch"
        return subprocess.run(
            [PROGRAMS / "athena-local", "invoke", spec, file, *options],
            capture_output=True,
            text=True,
            check=False,
        )


def _json_lines(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        start = line.find("{")
        try:
            yield json.loads(line[start:])
        except ValueError:
            continue


def _head(kind: str, schema: str, table: str) -> dict[str, Any]:
    return {
        "@type": kind,
        "identity": fixtures.IDENTITY,
        "queryId": QUERY,
        "catalogName": "tpch",
        "tableName": {"schemaName": schema, "tableName": table},
    }


def _read(function: _Function, schema: str, table: str, inline: int = 3_465_000) -> dict[str, Any]:
    """Returns a read of a whole table, which the function has not sealed."""
    location = {
        "@type": "S3SpillLocation",
        "bucket": "athena-local-spill",
        "key": f"athena-federation-spill/{QUERY}/1",
        "directory": True,
    }
    constraints = {
        "@type": "Constraints",
        "summary": {},
        "expression": [],
        "orderByClause": [],
        "limit": -1,
        "queryPassthroughArguments": {},
    }
    return {
        **_head("ReadRecordsRequest", schema, table),
        "schema": {"schema": function.schema(schema, table)},
        "split": {
            "spillLocation": location,
            "encryptionKey": {"key": "A" * 43 + "=", "nonce": "A" * 16},
            "properties": {"cell": "1", "cells": "1"},
        },
        "constraints": constraints,
        "maxBlockSize": "16000000",
        "maxInlineBlockSize": str(inline),
    }


def _reads(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Returns the lines of invocations, by what happens in them."""
    function = _Function(folder)
    request = _read(function, "sf0_01", "nation")
    spilling = _read(function, "sf0_01", "customer", inline=0)
    slow = _read(function, "sf10", "orders")
    unsealed = {"athena_connector_seal": "off"}
    sealed = {"athena_connector_seal": "secret:0123456789abcdef0123456789abcdef"}
    nowhere = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    return {
        "rows": function.lines(request, **unsealed),
        "spilled": function.lines(spilling, **unsealed),
        "a forged split": function.lines(request, **sealed),
        "no bucket": function.lines(spilling, **unsealed, **nowhere),
        "a deadline": function.lines(slow, "--timeout", "3", **unsealed),
    }


# The filters that count each invocation, once each.
COUNTED = {
    "rows": {"Rows"},
    "spilled": {"Rows", "SpilledBytes"},
    "a forged split": {"FailedReads", "ForgedSplits"},
    "no bucket": {"FailedReads", "FailedUploads"},
    "a deadline": {"FailedReads", "Deadlines"},
}
# An invocation that fails has read and spilled something before.
INCIDENTAL = {"Rows", "SpilledBytes"}


def checks(a: Account, name: str) -> list[Check]:
    """Checks the deployed filters, alarms and dashboard of a function."""
    group = f"/aws/lambda/{name}"
    filters = a.client("logs").describe_metric_filters(logGroupName=group)["metricFilters"]
    patterns = {
        item["metricTransformations"][0]["metricName"]: item["filterPattern"] for item in filters
    }
    cloudwatch = a.client("cloudwatch")
    alarms = {
        item["MetricName"]: item
        for item in cloudwatch.describe_alarms()["MetricAlarms"]
        if name in json.dumps(item, default=str)
    }
    silent = [metric for metric, item in alarms.items() if not item["AlarmActions"]]
    body = json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
    shown = {metric[1] for widget in body["widgets"] for metric in widget["properties"]["metrics"]}
    found = [
        Check("there is a filter for each metric", set(patterns) == FILTERS, str(patterns)),
        Check("there are five alarms", set(alarms) == ALARMS, str(sorted(alarms))),
        Check("every alarm notifies the topic", not silent, str(silent)),
        Check("the dashboard shows every metric", shown >= FILTERS, str(sorted(shown))),
    ]
    with tempfile.TemporaryDirectory() as folder:
        reads = _reads(Path(folder))
    for what, lines in reads.items():
        counted = {
            metric: sum(matches(pattern, line) for line in lines)
            for metric, pattern in patterns.items()
        }
        once = {metric for metric, count in counted.items() if count == 1}
        extra = INCIDENTAL if "FailedReads" in COUNTED[what] else set()
        correct = COUNTED[what] <= once <= COUNTED[what] | extra
        twice = [metric for metric, count in counted.items() if count > 1]
        claim = f"an invocation with {what} is counted by {sorted(COUNTED[what])}"
        found.append(Check(claim, correct and not twice, f"{counted} in {lines}"))
    return found
