"""Queries over a connector that is written in Python, on a package that speaks version 1 and nothing newer.

What the package cannot do, whoever asks: it ignores constraints, partitions, orders and limits (the engine applies them), has
no functions, reads every split whole into memory, and spills in clear, one object for a split.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from python_connector import orders

ROOT = Path(__file__).parents[2]
FUNCTION = f"exec:{sys.executable} {Path(__file__).with_name('python_connector.py')}"
ALL = [dict(zip(orders([]), row)) for row in zip(*orders(range(40)).values())]


def query(sql, *options):
    """The rows, and what was said of them."""
    done = subprocess.run(
        [ROOT / "target/debug/athena-local", "query", sql, "--connector", f"py={FUNCTION}", "--format", "json", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def plain(row):
    """A row as JSON has it; a null may be written or left out."""
    return {name: str(value) if name == "day" else value for name, value in row.items() if value is not None}


@pytest.mark.parametrize("mode", ["off", "full"])
def test_all_rows_and_types_come_through(mode):
    rows, said = query("SELECT * FROM py.shop.orders ORDER BY id", "--pushdown", mode, "--explain")
    assert [plain(row) for row in rows] == [plain(row) for row in ALL]
    assert "serde version 1, using 1" in said


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("id BETWEEN 5 AND 12", lambda row: 5 <= row["id"] <= 12),
        ("name IS NULL OR price > 9", lambda row: row["name"] is None or (row["price"] or 0) > 9),
        ("name LIKE 'näme 1%' AND open", lambda row: (row["name"] or "").startswith("näme 1") and row["open"]),
        ("day = DATE '2024-02-29'", lambda row: str(row["day"]) == "2024-02-29"),
    ],
)
def test_the_engine_filters_what_the_connector_does_not(condition, holds):
    rows, _ = query(f"SELECT id FROM py.shop.orders WHERE {condition} ORDER BY id")
    assert [row["id"] for row in rows] == [row["id"] for row in ALL if holds(row)]


def test_aggregates_and_limits_are_the_engines():
    rows, _ = query("SELECT count(*) AS n, count(name) AS names, max(id) AS last FROM py.shop.orders")
    assert rows == [{"n": 40, "names": sum(row["name"] is not None for row in ALL), "last": 39}]
    rows, _ = query("SELECT id FROM py.shop.orders ORDER BY price DESC NULLS LAST, id LIMIT 3")
    assert [row["id"] for row in rows] == [39, 38, 36]


def test_what_it_spills_is_fetched():
    rows, said = query("SELECT count(*) AS n, sum(id) AS total, min(length(text)) AS least FROM py.shop.large", "--explain")
    assert rows == [{"n": 8_000, "total": 31_996_000, "least": 1_000}]
    assert "spilled" in said


def test_the_suite_says_what_the_package_cannot_do(tmp_path):
    report = tmp_path / "report.json"
    done = subprocess.run(
        [ROOT / "target/debug/athena-local", "check", FUNCTION, "--cases", "200", "--json", report],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    found = {finding["kind"] for finding in json.loads(report.read_text())["findings"]}
    assert found == {
        "foreign-token-accepted",  # it reads no token
        "inline-too-large",  # nor the size from which on it has to spill
        "page-too-large",  # nor the size of a page
        "row-count-lost",  # no columns are an error
        "spilled-elsewhere",  # it spills to a place that it makes up when it reads
        "unknown-table-accepted",  # it looks at the split alone
    }
