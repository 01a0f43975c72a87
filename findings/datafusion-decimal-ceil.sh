#!/usr/bin/env bash
# ceil and floor of a decimal fail if the result has one digit more (DataFusion 55.0.0, 2026-12-01).
#
# Expected, by Trino: ceil(decimal(2,1) '9.9') is 10, of type decimal(2,0).
# Happens: the result has the type of the argument, decimal(2,1), in which 10 does not fit, and the query fails with
# an overflow. It depends on the data: the same query runs until the first value above 9.
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


show("SELECT CAST(ceil(CAST(8.9 AS decimal(2, 1))) AS varchar) AS c")
try:
    show("SELECT CAST(ceil(CAST(9.9 AS decimal(2, 1))) AS varchar) AS c")
except Exception as error:
    print("   fails:", "overflow" in str(error).lower())
PYTHON

diff "$folder/output" - <<'EXPECTED'
SELECT CAST(ceil(CAST(8.9 AS decimal(2, 1))) AS varchar) AS c
   {'c': ['9.0']}
SELECT CAST(ceil(CAST(9.9 AS decimal(2, 1))) AS varchar) AS c
   fails: True
EXPECTED
