"""A connector on the `athena-federation` package of PyPI, run as a Lambda function runs: the only other SDK there is.

`test_python_connector.py` queries it and knows what is in its tables.
"""

import datetime
import json
import os
import sys
from pathlib import Path

import pyarrow as pa
from athena_federation.athena_data_source import AthenaDataSource
from athena_federation.lambda_handler import AthenaLambdaHandler

sys.path.append(str(Path(__file__).parents[2] / "tests/functions"))
from runtime import Runtime  # noqa: E402

SCHEMAS = {
    "orders": pa.schema(
        [
            pa.field("id", pa.int64()),
            pa.field("name", pa.string()),
            pa.field("price", pa.float64()),
            pa.field("day", pa.date32()),
            pa.field("open", pa.bool_()),
        ]
    ),
    "large": pa.schema([pa.field("id", pa.int64()), pa.field("text", pa.string())]),
}


def orders(ids):
    """The rows of these numbers: every seventh name and every fifth price is null."""
    return {
        "id": list(ids),
        "name": [None if n % 7 == 3 else f"näme {n}" for n in ids],
        "price": [None if n % 5 == 2 else n * 0.25 for n in ids],
        "day": [datetime.date(2024, 2, 28) + datetime.timedelta(days=n) for n in ids],
        "open": [n % 2 == 0 for n in ids],
    }


class Shop(AthenaDataSource):
    @property
    def data_source_type(self):
        return "python"

    def databases(self):
        return ["shop"]

    def tables(self, database_name):
        return list(SCHEMAS)

    def schema(self, database_name, table_name):
        return SCHEMAS[table_name]

    def splits(self, database_name, table_name):
        if table_name == "large":
            return []
        return [{"from": "0", "to": "10"}, {"from": "10", "to": "11"}, {"from": "11", "to": "40"}]

    def records(self, database_name, table_name, split):
        if table_name == "large":
            # More than the package returns inline.
            return {"id": list(range(8_000)), "text": [f"{n:01000}" for n in range(8_000)]}
        return orders(range(int(split["from"]), int(split["to"])))


def main():
    handler = AthenaLambdaHandler(Shop(), os.environ["spill_bucket"])
    runtime = Runtime()
    while True:
        invocation, _, event = runtime.next()
        try:
            answer = json.dumps(handler.process_event(json.loads(event)))
        except Exception as error:
            runtime.fail(invocation, type(error).__name__, str(error))
        else:
            runtime.respond(invocation, answer)


if __name__ == "__main__":
    main()
