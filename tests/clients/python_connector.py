"""A connector on PyPI's `athena-federation`, the only other SDK, run as a Lambda function.

`test_python_connector.py` queries it and knows the rows of its tables.
"""

import datetime
import json
import os
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from athena_federation.athena_data_source import AthenaDataSource
from athena_federation.lambda_handler import AthenaLambdaHandler

from tests.functions.runtime import Runtime

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


def orders(ids: Sequence[int]) -> dict[str, list[Any]]:
    """Returns the columns of these orders; every seventh name and every fifth price is null."""
    return {
        "id": list(ids),
        "name": [None if n % 7 == 3 else f"näme {n}" for n in ids],
        "price": [None if n % 5 == 2 else n * 0.25 for n in ids],
        "day": [datetime.date(2024, 2, 28) + datetime.timedelta(days=n) for n in ids],
        "open": [n % 2 == 0 for n in ids],
    }


class Shop(AthenaDataSource):
    @property
    def data_source_type(self) -> str:
        return "python"

    def databases(self) -> list[str]:
        return ["shop"]

    def tables(self, database_name: str) -> list[str]:
        return list(SCHEMAS)

    def schema(self, database_name: str, table_name: str) -> pa.Schema:
        return SCHEMAS[table_name]

    def splits(self, database_name: str, table_name: str) -> list[dict[str, str]]:
        if table_name == "large":
            return []
        return [{"from": "0", "to": "10"}, {"from": "10", "to": "11"}, {"from": "11", "to": "40"}]

    def records(
        self, database_name: str, table_name: str, split: dict[str, str]
    ) -> dict[str, list[Any]]:
        if table_name == "large":
            # Larger than the package's inline limit.
            return {"id": list(range(8_000)), "text": [f"{n:01000}" for n in range(8_000)]}
        return orders(range(int(split["from"]), int(split["to"])))


def main() -> None:
    handler = AthenaLambdaHandler(Shop(), os.environ["spill_bucket"])
    runtime = Runtime()
    while True:
        invocation, _, event = runtime.next()
        try:
            response = json.dumps(handler.process_event(json.loads(event)))
        except Exception as error:
            runtime.fail(invocation, type(error).__name__, str(error))
        else:
            runtime.respond(invocation, response)


if __name__ == "__main__":
    main()
