#!/usr/bin/env bash
# Two IN lists of columns on one value contradict each other or lose a condition (DataFusion 55.0.0, 2026-12-01).
#
# Expected, by the SQL standard and Trino: `a IN (b) AND a IN (c)` is `a = b AND a = c`, true for a row of three
# equal numbers; `a IN (b) AND a NOT IN (c)` is `a = b AND a <> c`, true only if c is another number.
# Happens: the optimizer intersects the lists, and subtracts one from the other, as if the names of their columns
# were values: the first condition is never true, and the second forgets c. There is no error, and rows are missing
# or too many. Joins that are written as conditions have this form.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datafusion==55.0.0 pyarrow==26.0.1

"$folder/venv/bin/python" - <<'PYTHON' | tee "$folder/output"
from datafusion import SessionContext

context = SessionContext()


def show(condition):
    sql = f"SELECT count(*) AS n FROM (VALUES (1, 1, 1), (2, 2, 3)) t(a, b, c) WHERE {condition}"
    print(condition)
    print("  ", context.sql(sql).to_pydict())


show("a = b AND a = c")
show("a IN (b) AND a IN (c)")
show("a = b AND a <> c")
show("a IN (b) AND a NOT IN (c)")
PYTHON

diff "$folder/output" - <<'EXPECTED'
a = b AND a = c
   {'n': [1]}
a IN (b) AND a IN (c)
   {'n': [0]}
a = b AND a <> c
   {'n': [1]}
a IN (b) AND a NOT IN (c)
   {'n': [2]}
EXPECTED
