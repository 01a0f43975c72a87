#!/usr/bin/env bash
# A timestamp literal with a time zone loses the zone and becomes the wall clock of UTC (DataFusion 55.0.0,
# 2026-12-01).
#
# Expected, by the SQL standard and Trino: TIMESTAMP '... America/New_York' is a timestamp with time zone.
# Happens: its type is a timestamp without time zone, with the hour of UTC. Compared with a column in New York, it
# is then read as a wall clock of New York, five hours off, so the condition that names the very instant of the row
# is false.
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


literal = "TIMESTAMP '2022-11-15 01:00:00 America/New_York'"
column = "arrow_cast('2022-11-15T01:00:00', 'Timestamp(Microsecond, Some(\"America/New_York\"))')"
show(f"SELECT arrow_typeof({literal}) AS type, CAST({literal} AS varchar) AS value")
show(f"SELECT at = {literal} AS equal FROM (SELECT {column} AS at)")
PYTHON

diff "$folder/output" - <<'EXPECTED'
SELECT arrow_typeof(TIMESTAMP '2022-11-15 01:00:00 America/New_York') AS type, CAST(TIMESTAMP '2022-11-15 01:00:00 America/New_York' AS varchar) AS value
   {'type': ['Timestamp(ns)'], 'value': ['2022-11-15T06:00:00']}
SELECT at = TIMESTAMP '2022-11-15 01:00:00 America/New_York' AS equal FROM (SELECT arrow_cast('2022-11-15T01:00:00', 'Timestamp(Microsecond, Some("America/New_York"))') AS at)
   {'equal': [False]}
EXPECTED
