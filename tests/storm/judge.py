"""Verdicts: a reading has all the rows or a named error in time, and nothing else."""

import json
import re
from dataclasses import dataclass

import pyarrow as pa

from tests.storm import rows
from tests.storm.blocks import Json
from tests.storm.caller import Rows
from tests.storm.reading import Must, PartReading, Reading
from tests.storm.runtime_api import Invocation
from tests.storm.scene import Scene
from tests.storm.visits import MARK

NAMED = re.compile(r"[A-Z][A-Za-z]+Exception: .*\w{3}", re.DOTALL)
ERROR_TYPE = "com.amazonaws.athena.connector.lambda.exceptions."
FAULTS = ["short", "foreign", "late", "dead", "nameless", "oversize", "leak", "unexpected"]


@dataclass(frozen=True)
class Finding:
    """A promise that was broken."""

    fault: str  # one of FAULTS
    reading: str
    detail: str

    def __str__(self) -> str:
        return f"{self.fault} ({self.reading}): {self.detail}"


@dataclass
class Observation:
    """All that one run has seen, in the caller's view."""

    scene: Scene
    reading: Reading
    opened: list[list[Rows]]  # for each part, for each answer with rows


def judge(observation: Observation) -> list[Finding]:
    """Returns what is wrong with one reading."""
    reading = observation.reading
    findings = [
        Finding(fault, reading.label, detail)
        for invocation in reading.invocations()
        for fault, detail in _invocation_faults(invocation)
    ]
    failed = any(invocation.outcome != "response" for invocation in reading.invocations())
    if not failed:
        for part, opened in zip(reading.parts, observation.opened, strict=True):
            for fault, detail in _part_faults(observation.scene, part, opened):
                findings.append(Finding(fault, reading.label, detail))
    if not findings and reading.must is not Must.EITHER and failed != (reading.must is Must.FAIL):
        findings.append(Finding("unexpected", reading.label, _ending(reading, failed)))
    if not findings and failed and reading.errors:
        findings += _other_errors(reading)
    return findings


def _other_errors(reading: Reading) -> list[Finding]:
    """Returns errors that do not tell what has happened."""
    bodies = [item.body for item in reading.invocations() if item.outcome != "response"]
    messages = [json.loads(body)["errorMessage"] for body in bodies]
    return [
        Finding("unexpected", reading.label, f"expected {reading.errors}: {message[:300]}")
        for message in messages
        if not message.startswith(tuple(f"{name}Exception: " for name in reading.errors))
    ]


def _ending(reading: Reading, failed: bool) -> str:
    if not failed:
        return "the read succeeds, expected an error"
    bodies = [item.body for item in reading.invocations() if item.outcome != "response"]
    return f"expected all rows: {bodies[0][:400].decode(errors='replace')}"


def _invocation_faults(invocation: Invocation) -> list[tuple[str, str]]:
    if invocation.answered is None:
        return [("late", "no answer until the deadline")]
    faults = []
    late = invocation.answered - invocation.deadline
    if late > 0 and not is_hopeless(invocation):
        faults.append(("late", f"{late * 1000:.0f} ms after the deadline"))
    if invocation.outcome == "oversize":
        faults.append(("oversize", "the response exceeds what Lambda accepts"))
    if invocation.outcome == "error" and not _is_named(invocation.document()):
        faults.append(("nameless", invocation.body[:300].decode(errors="replace")))
    if invocation.outcome == "error" and MARK.encode() in invocation.body:
        faults.append(("leak", invocation.body[:300].decode(errors="replace")))
    return faults


def is_hopeless(invocation: Invocation) -> bool:
    """Returns whether the deadline had passed before the event was handed over."""
    return invocation.deadline < invocation.created


def _is_named(error: Json) -> bool:
    has_type = str(error.get("errorType", "")).startswith(ERROR_TYPE)
    return has_type and NAMED.match(str(error.get("errorMessage", ""))) is not None


def _part_faults(scene: Scene, part: PartReading, opened: list[Rows]) -> list[tuple[str, str]]:
    faults = []
    for item in opened:
        faults += [
            ("foreign", f"object {name} is not at the split's location") for name in item.foreign
        ]
        faults += [("foreign", f"object {text}") for text in item.unreadable]
        faults += [("short", f"object {name} does not exist") for name in item.missing]
        faults += [("oversize", f"object {text}") for text in item.oversize]
    if faults:
        return faults
    columns = scene.selection.columns
    tables = [item.table for item in opened]
    if any(not set(columns) <= set(table.column_names) for table in tables):
        return [("short", f"not all columns of {columns} are in the answer")]
    # Of an answer without columns, only the number of rows counts.
    found = pa.concat_arrays(
        [pa.array([], pa.string())]
        + [rows.keys(item.table.select(columns), item.count) for item in opened]
    )
    comparisons = [_row_faults(scene, version, found, tables) for version in part.part.versions]
    return min(comparisons, key=len) if comparisons else []


def _row_faults(
    scene: Scene, version: pa.Table, found: pa.Array, tables: list[pa.Table]
) -> list[tuple[str, str]]:
    selection = scene.selection
    matching = selection.matching(version)
    expected = rows.keys(matching.select(selection.columns), matching.num_rows)
    if rows.is_same(found, expected):
        return []
    faults = []
    if surplus := rows.surplus(found, expected):
        faults.append(("foreign", f"{surplus} of {len(found)} rows are not of the query"))
    if selection.limit is None:
        if lost := rows.surplus(expected, found):
            faults.append(("short", f"{lost} of {len(expected)} rows are missing"))
        return faults
    if len(found) < (least := min(selection.limit, len(expected))):
        faults.append(("short", f"{len(found)} rows, expected at least {least}"))
    elif selection.order_by and not _has_first(scene, matching, tables):
        faults.append(("short", "the first rows of the order are missing"))
    return faults


def _has_first(scene: Scene, matching: pa.Table, tables: list[pa.Table]) -> bool:
    """Returns whether the values of the order in the first rows are the right ones."""
    selection = scene.selection
    found = pa.concat_tables(tables)
    key = [selection.order_by]
    return rows.is_same(
        rows.keys(selection.first(matching).select(key)),
        rows.keys(selection.first(found).select(key)),
    )
