"""Requests of the protocol, version 6."""

import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tests.storm.blocks import Json, encode_schema

IDENTITY = {
    "id": "UNKNOWN",
    "principal": "UNKNOWN",
    "account": "111122223333",
    "arn": "arn:aws:sts::111122223333:assumed-role/Analyst/storm",
    "tags": {},
    "groups": [],
    "configOptions": {},
}
NO_CONSTRAINTS: Json = {
    "summary": {},
    "expression": [],
    "orderByClause": [],
    "limit": -1,
    "queryPassthroughArguments": {},
    "queryPlan": None,
}


@dataclass(frozen=True)
class Limits:
    """Sizes that a caller accepts, in bytes."""

    block: int
    inline: int


@dataclass(frozen=True)
class Query:
    """The members that all requests of one query share."""

    id: str
    schema: str
    table: str

    def _request(self, operation: str, members: dict[str, Any]) -> bytes:
        common = {
            "@type": f"{operation}Request",
            "identity": IDENTITY,
            "queryId": self.id,
            "catalogName": "storm",
            "tableName": {"schemaName": self.schema, "tableName": self.table},
        }
        return json.dumps({**common, **members}, separators=(",", ":")).encode()

    def get_table(self) -> bytes:
        return self._request("GetTable", {"queryPassthroughArguments": {}})

    def get_table_layout(self, table: Json, constraints: Json) -> bytes:
        members = {
            "constraints": constraints,
            "schema": table["schema"],
            "partitionColumns": table["partitionColumns"],
        }
        return self._request("GetTableLayout", members)

    def get_splits(self, layout: Json, table: Json, constraints: Json, token: Any) -> bytes:
        members = {
            "partitions": layout["partitions"],
            "partitionColumns": table["partitionColumns"],
            "constraints": constraints,
            "continuationToken": token,
        }
        return self._request("GetSplits", members)

    def read_records(
        self, columns: pa.Schema, split: Json, constraints: Json, limits: Limits
    ) -> bytes:
        members = {
            "schema": encode_schema(columns),
            "split": split,
            "constraints": constraints,
            "maxBlockSize": str(limits.block),
            "maxInlineBlockSize": str(limits.inline),
        }
        return self._request("ReadRecords", members)
