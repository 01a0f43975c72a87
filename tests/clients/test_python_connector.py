"""Queries of a connector in Python, on a package that implements only version 1 of the protocol.

Limits of the package, whatever the caller: it ignores constraints, partitions, orderings and limits
(the engine applies them), has no functions, reads each split into memory as a whole, and spills one
unencrypted object for each split.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.python_connector import orders
from tests.servers import ROOT

PROGRAM = ROOT / "target/debug/athena-local"
FUNCTION = f"exec:{sys.executable} -m tests.clients.python_connector"
Row = dict[str, Any]
ALL: list[Row] = [dict(zip(orders([]), row)) for row in zip(*orders(range(40)).values())]


def athena_local(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def query(sql: str, *options: str) -> tuple[list[Row], str]:
    """Returns the rows and the messages of a query."""
    connector = ["--connector", f"py={FUNCTION}"]
    result = athena_local("query", sql, *connector, "--format", "json", *options)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def without_nulls(row: Row) -> Row:
    """Returns the row as JSON, without nulls, which the output may contain or omit."""
    return {
        name: str(value) if name == "day" else value
        for name, value in row.items()
        if value is not None
    }


@pytest.mark.parametrize("mode", ["off", "full"])
def test_every_row_and_type_arrives(mode):
    rows, messages = query(
        "SELECT * FROM py.shop.orders ORDER BY id", "--pushdown", mode, "--explain"
    )
    assert [without_nulls(row) for row in rows] == [without_nulls(row) for row in ALL]
    assert "serde version 1, using 1" in messages


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ("id BETWEEN 5 AND 12", lambda row: 5 <= row["id"] <= 12),
        ("name IS NULL OR price > 9", lambda row: row["name"] is None or (row["price"] or 0) > 9),
        (
            "name LIKE 'näme 1%' AND open",
            lambda row: (row["name"] or "").startswith("näme 1") and row["open"],
        ),
        ("day = DATE '2024-02-29'", lambda row: str(row["day"]) == "2024-02-29"),
    ],
)
def test_engine_applies_filters_that_the_connector_ignores(
    condition: str, matches: Callable[[Row], bool]
):
    rows, _ = query(f"SELECT id FROM py.shop.orders WHERE {condition} ORDER BY id")
    assert [row["id"] for row in rows] == [row["id"] for row in ALL if matches(row)]


def test_engine_computes_aggregates_and_limits():
    rows, _ = query(
        "SELECT count(*) AS n, count(name) AS names, max(id) AS last FROM py.shop.orders"
    )
    assert rows == [{"n": 40, "names": sum(row["name"] is not None for row in ALL), "last": 39}]
    rows, _ = query("SELECT id FROM py.shop.orders ORDER BY price DESC NULLS LAST, id LIMIT 3")
    assert [row["id"] for row in rows] == [39, 38, 36]


def test_spilled_blocks_are_fetched():
    rows, messages = query(
        "SELECT count(*) AS n, sum(id) AS total, min(length(text)) AS least FROM py.shop.large",
        "--explain",
    )
    assert rows == [{"n": 8_000, "total": 31_996_000, "least": 1_000}]
    assert "spilled" in messages


def test_conformance_suite_reports_the_limits_of_the_package(tmp_path):
    report = tmp_path / "report.json"
    result = athena_local("check", FUNCTION, "--cases", "200", "--json", report)
    assert result.returncode == 1, result.stderr
    found = {finding["kind"] for finding in json.loads(report.read_text())["findings"]}
    assert found == {
        "block-too-large",  # it spills all rows as one object, whatever the block size
        "foreign-token-accepted",  # it ignores continuation tokens
        "inline-too-large",  # it ignores the maximum inline size
        "page-too-large",  # it ignores the page size
        "row-count-lost",  # it fails if no column is requested
        "unknown-table-accepted",  # it reads only the split
    }
