#!/usr/bin/env bash
# A timestamp with time zone is cast to the wall clock of UTC, and compared as that of its zone (DataFusion 55.0.0,
# 2026-12-01).
#
# Expected: one rule. Trino casts to the wall clock of the zone, and compares instants, the other operand being in
# the session's zone.
# Happens: CAST(x AS timestamp) is the clock of UTC, and x = (a timestamp without zone) compares with the clock of
# New York. So x differs from its own cast, without an error.
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


zoned = "arrow_cast('2022-11-14T20:00:00', 'Timestamp(Microsecond, Some(\"America/New_York\"))')"
show(f"SELECT CAST(CAST(x AS timestamp) AS varchar) AS clock, x = CAST(x AS timestamp) AS same FROM (SELECT {zoned} AS x)")
PYTHON

diff "$folder/output" - <<'EXPECTED'
SELECT CAST(CAST(x AS timestamp) AS varchar) AS clock, x = CAST(x AS timestamp) AS same FROM (SELECT arrow_cast('2022-11-14T20:00:00', 'Timestamp(Microsecond, Some("America/New_York"))') AS x)
   {'clock': ['2022-11-15T01:00:00'], 'same': [False]}
EXPECTED
