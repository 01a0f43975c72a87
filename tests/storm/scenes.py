"""Random queries of the connectors tpch, bench and example."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from tests.storm import caller
from tests.storm.blocks import Json, decode_schema
from tests.storm.function import Function
from tests.storm.messages import NO_CONSTRAINTS, Limits, Query
from tests.storm.scene import Part, Scene
from tests.storm.selection import Selection, everything, random_selection
from tests.storm.store import DATA_BUCKET, Store
from tests.storm.visits import VisitsObject, random_objects

WHOLE = Limits(block=16_000_000, inline=3_465_000)
SMALLEST_HUGE_BLOCK = 4_000_000  # a row of bench.huge2 has 2 MB
TPCH_SCHEMAS = ["sf0_01", "sf0_02"]
TPCH_TABLES = ["lineitem", "orders", "customer", "part", "partsupp", "supplier", "nation", "region"]
LARGE_TPCH_TABLES = 5  # of these, enough for several blocks
BENCH_TABLES = ["wide16", "narrow3", "narrow3", "huge2"]
ENDLESS = (1 << 64) - 1


@dataclass(frozen=True)
class Setting:
    """What a scene is made from."""

    dice: random.Random
    function: Function
    store: Store
    spilled: bool  # whether every row has to be spilled


Maker = Callable[[Setting], Scene]

_generated: dict[tuple[str, ...], pa.Table] = {}
"""Rows of splits of generated tables, which are the same in every run."""


def tpch(setting: Setting) -> Scene:
    dice = setting.dice
    tables = TPCH_TABLES[:LARGE_TPCH_TABLES] if setting.spilled else TPCH_TABLES
    query = _query(dice, dice.choice(TPCH_SCHEMAS), dice.choice(tables))
    table, splits = _plan(setting, query)
    return _generated_scene(setting, "tpch", query, table, splits)


def bench(setting: Setting) -> Scene:
    dice = setting.dice
    query = _query(dice, "bench", dice.choice(BENCH_TABLES))
    table, splits = _plan(setting, query)
    count = dice.randint(1, 4) if query.table == "huge2" else dice.randint(500, 30_000)
    return _generated_scene(setting, "bench", query, table, _shortened(splits, count))


def blocks(setting: Setting, selection: Selection | None = None) -> Scene:
    """Two splits of 5,000 rows, in blocks of about 1,600."""
    query = _query(setting.dice, "bench", "narrow3")
    table, splits = _plan(setting, query)
    known = [_rows(setting, query, table, split) for split in _shortened(splits, 5_000)[:2]]

    def pick(splits: list[Json]) -> list[Part]:
        pairs = zip(_shortened(splits, 5_000), known, strict=False)
        return [Part([split], [rows]) for split, rows in pairs]

    selection = selection or everything(decode_schema(table["schema"]))
    return Scene("bench", query, table, selection, Limits(block=50_000, inline=0), pick)


def endless(setting: Setting) -> Scene:
    """A split that never ends, of rows with many columns."""
    query = _query(setting.dice, "bench", setting.dice.choice(["wide16", "huge2"]))
    table = caller.answer(setting.function, query.get_table())
    schema = decode_schema(table["schema"])

    def pick(splits: list[Json]) -> list[Part]:
        return [Part(_shortened(splits, ENDLESS)[:1], [schema.empty_table()])]

    limits = _limits(setting, query)
    return Scene("bench", query, table, everything(schema), limits, pick)


def example(setting: Setting) -> Scene:
    dice = setting.dice
    objects = random_objects(dice)
    for item in objects:
        setting.store.place(DATA_BUCKET, item.key, item.csv())
    query = _query(dice, "web", "visits")
    table = caller.answer(setting.function, query.get_table())
    schema = decode_schema(table["schema"])
    rows = rows_of(objects, schema)

    def pick(splits: list[Json]) -> list[Part]:
        return [Part(splits, [rows])]

    selection = random_selection(dice, rows)
    return Scene("example", query, table, selection, _limits(setting, query), pick, objects)


def rows_of(objects: list[VisitsObject], schema: pa.Schema) -> pa.Table:
    """Returns the rows of all objects."""
    return pa.concat_tables([item.rows(schema) for item in objects])


def _generated_scene(
    setting: Setting, connector: str, query: Query, table: Json, splits: list[Json]
) -> Scene:
    """Returns a scene of one or two of the splits, whose rows are read first."""
    dice = setting.dice
    chosen = dice.sample(range(len(splits)), k=min(len(splits), dice.randint(1, 2)))
    rows = [_rows(setting, query, table, splits[index]) for index in chosen]
    lengths = [_own(split) for split in splits]

    def pick(planned: list[Json]) -> list[Part]:
        edited = [
            {**split, "properties": {**split["properties"], **properties}}
            for split, properties in zip(planned, lengths, strict=True)
        ]
        return [Part([edited[index]], [known]) for index, known in zip(chosen, rows, strict=True)]

    selection = random_selection(dice, rows[0])
    return Scene(connector, query, table, selection, _limits(setting, query), pick)


def _own(split: Json) -> Json:
    """Returns the properties of the connector, without those of the SDK."""
    return {name: text for name, text in split["properties"].items() if not name.startswith("$")}


def _plan(setting: Setting, query: Query) -> tuple[Json, list[Json]]:
    table = caller.answer(setting.function, query.get_table())
    return table, caller.splits(setting.function, query, table, NO_CONSTRAINTS)


def _rows(setting: Setting, query: Query, table: Json, split: Json) -> pa.Table:
    """Reads all rows of a split of a generated table."""
    name = (query.schema, query.table, *sorted(_own(split).values()))
    if name not in _generated:
        schema = decode_schema(table["schema"])
        # A function of 256 MB refuses to generate the comments of TPC-H.
        fields = [field for field in schema if not field.name.endswith("_comment")]
        request = query.read_records(pa.schema(fields), split, NO_CONSTRAINTS, WHOLE)
        document = caller.answer(setting.function, request)
        _generated[name] = caller.open_answer(document, split, WHOLE, setting.store).table
    return _generated[name]


def _shortened(splits: list[Json], count: int) -> list[Json]:
    """Returns splits of bench with other ends, which its documentation allows."""

    def properties(split: Json) -> Json:
        start = int(split["properties"]["start"])
        return {"start": str(start), "end": str(min(start + count, ENDLESS))}

    return [{**split, "properties": properties(split)} for split in splits]


def _query(dice: random.Random, schema: str, table: str) -> Query:
    return Query(str(uuid.UUID(int=dice.getrandbits(128), version=4)), schema, table)


def _limits(setting: Setting, query: Query) -> Limits:
    dice = setting.dice
    block = dice.choice([20_000, 100_000, 1_000_000, 16_000_000])
    if query.table == "huge2":
        block = max(block, SMALLEST_HUGE_BLOCK)
    inline = 0 if setting.spilled else dice.choice([0, 1_000, 100_000, 3_465_000])
    return Limits(block, inline)
