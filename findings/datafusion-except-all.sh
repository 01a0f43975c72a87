#!/usr/bin/env bash
# EXCEPT ALL and INTERSECT ALL ignore how often a row occurs (DataFusion 55.0.0, 2026-12-01).
#
# Expected, by the SQL standard and Trino: EXCEPT ALL subtracts occurrences, so three rows less one are two;
# INTERSECT ALL takes the smaller number of occurrences, here one.
# Happens: EXCEPT ALL removes every occurrence, and INTERSECT ALL keeps every one of the left side. There is no
# error, and sums over the result are wrong. An engine that runs Athena's SQL on DataFusion answers other rows.
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


show("SELECT k FROM (VALUES (1), (1), (1), (2)) a(k) EXCEPT ALL SELECT k FROM (VALUES (1)) b(k)")
show("SELECT k FROM (VALUES (1), (1), (2)) a(k) INTERSECT ALL SELECT k FROM (VALUES (1)) b(k)")
PYTHON

diff "$folder/output" - <<'EXPECTED'
SELECT k FROM (VALUES (1), (1), (1), (2)) a(k) EXCEPT ALL SELECT k FROM (VALUES (1)) b(k)
   {'k': [2]}
SELECT k FROM (VALUES (1), (1), (2)) a(k) INTERSECT ALL SELECT k FROM (VALUES (1)) b(k)
   {'k': [1, 1]}
EXPECTED
