#!/usr/bin/env bash
# The key of RIGHT and FULL JOIN ... USING is null for rows that only the right side has (DataFusion 55.0.0,
# 2026-12-01).
#
# Expected, by the SQL standard and Trino: the key of USING is coalesce(left, right), so the row of the right side
# has its key, 2.
# Happens: the key is that of the left side, null, without an error. Grouping by the key merges all such rows.
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


show("SELECT k, y FROM (VALUES (1)) a(k) RIGHT JOIN (VALUES (1, 'p'), (2, 'q')) b(k, y) USING (k) ORDER BY y")
show("SELECT k, y FROM (VALUES (1)) a(k) FULL JOIN (VALUES (1, 'p'), (2, 'q')) b(k, y) USING (k) ORDER BY y")
PYTHON

diff "$folder/output" - <<'EXPECTED'
SELECT k, y FROM (VALUES (1)) a(k) RIGHT JOIN (VALUES (1, 'p'), (2, 'q')) b(k, y) USING (k) ORDER BY y
   {'k': [1, None], 'y': ['p', 'q']}
SELECT k, y FROM (VALUES (1)) a(k) FULL JOIN (VALUES (1, 'p'), (2, 'q')) b(k, y) USING (k) ORDER BY y
   {'k': [1, None], 'y': ['p', 'q']}
EXPECTED
