"""A caller of a connector: plans a query, reads splits, and opens the answers."""

import time
from dataclasses import dataclass, field

import pyarrow as pa

from tests.storm.blocks import (
    Json,
    UnreadableBlock,
    decode_block,
    decode_schema,
    open_object,
)
from tests.storm.function import Function
from tests.storm.messages import Limits, Query
from tests.storm.runtime_api import Invocation
from tests.storm.store import Store

PATIENCE = 20.0
"""Seconds until the deadline of an invocation that nothing hinders."""


class Failed(Exception):
    """An invocation without a response."""

    def __init__(self, invocation: Invocation) -> None:
        super().__init__(invocation.body[:400])
        self.invocation = invocation


@dataclass
class Rows:
    """Rows of one answer, and what is wrong with the blocks that have them."""

    table: pa.Table
    count: int
    foreign: list[str] = field(default_factory=list)  # locations outside of the split's
    missing: list[str] = field(default_factory=list)  # objects that do not exist
    unreadable: list[str] = field(default_factory=list)
    oversize: list[str] = field(default_factory=list)


def ask(function: Function, event: bytes, seconds: float = PATIENCE) -> Invocation:
    invocation = function.start(event, time.time() + seconds)
    function.wait(invocation)
    return invocation


def answer(function: Function, event: bytes) -> Json:
    """Returns the response, or raises `Failed`."""
    invocation = ask(function, event)
    if invocation.outcome != "response":
        raise Failed(invocation)
    return invocation.document()


@dataclass(frozen=True)
class Plan:
    """Table and splits of a query."""

    table: Json
    splits: list[Json]

    @property
    def schema(self) -> pa.Schema:
        return decode_schema(self.table["schema"])


def plan(function: Function, query: Query, constraints: Json) -> Plan:
    """Calls GetTable, GetTableLayout, and GetSplits page by page; raises `Failed`."""
    table = answer(function, query.get_table())
    return Plan(table, splits(function, query, table, constraints))


def splits(function: Function, query: Query, table: Json, constraints: Json) -> list[Json]:
    """Calls GetTableLayout, and GetSplits page by page; raises `Failed`."""
    layout = answer(function, query.get_table_layout(table, constraints))
    found, token = [], None
    if not layout["partitions"]["records"]:
        return []
    while True:
        page = answer(function, query.get_splits(layout, table, constraints, token))
        found += page["splits"]
        token = page["continuationToken"]
        if token is None:
            return found


def open_answer(document: Json, split: Json, limits: Limits, store: Store) -> Rows:
    """Reads the rows of an answer, inline or from the objects that it names."""
    if document["@type"] == "ReadRecordsResponse":
        batch = decode_block(document["records"])
        return Rows(pa.Table.from_batches([batch]), batch.num_rows)
    schema = decode_schema(document["schema"])
    rows, batches = Rows(schema.empty_table(), 0), []
    for block in document["remoteBlocks"]:
        name = f"s3://{block['bucket']}/{block['key']}"
        if not is_inside(block, split):
            rows.foreign.append(name)
        stored = store.get(block["bucket"], block["key"])
        if stored is None:
            rows.missing.append(name)
            continue
        if len(stored.body) > limits.block:
            rows.oversize.append(f"{name} of {len(stored.body)} bytes")
        try:
            batches.append(open_object(stored.body, schema, document["encryptionKey"]))
        except UnreadableBlock as error:
            rows.unreadable.append(f"{name}: {error}")
    rows.count = sum(batch.num_rows for batch in batches)
    rows.table = pa.Table.from_batches(batches, schema)
    return rows


def is_inside(block: Json, split: Json) -> bool:
    """Returns whether an object is at the spill location of the split."""
    location = split["spillLocation"]
    rest = block["key"].removeprefix(location["key"])
    return block["bucket"] == location["bucket"] and rest != block["key"] and rest[:1] in (".", "/")
