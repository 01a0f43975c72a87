#!/usr/bin/env bash
# IS DISTINCT FROM takes all that follows as its right operand (sqlparser 0.62 in DataFusion 55.0.0, 2026-12-01).
#
# Expected, by the SQL standard and Trino: a comparison binds tighter than AND and OR, so the first condition is
# (true IS DISTINCT FROM true) AND false, which is false.
# Happens: it is true IS DISTINCT FROM (true AND false), which is true. A filter on two columns that begins with a
# null-safe comparison returns other rows, with boolean columns without an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datafusion==55.0.0 pyarrow==26.0.1

"$folder/venv/bin/python" - <<'PYTHON' | tee "$folder/output"
from datafusion import SessionContext

context = SessionContext()


def show(sql):
    print(sql)
    print("  ", context.sql(sql).to_pydict())


show("SELECT true IS DISTINCT FROM true AND false AS x")
show("SELECT (true IS DISTINCT FROM true) AND false AS x")
PYTHON

diff "$folder/output" - <<'EXPECTED'
SELECT true IS DISTINCT FROM true AND false AS x
   {'x': [True]}
SELECT (true IS DISTINCT FROM true) AND false AS x
   {'x': [False]}
EXPECTED
