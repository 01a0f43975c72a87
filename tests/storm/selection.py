"""What a query selects: predicates, order and limit, with an oracle in Arrow."""

import random
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from tests.storm.blocks import Json
from tests.storm.messages import NO_CONSTRAINTS
from tests.storm.predicates import Column, Predicate, is_supported, random_predicate


@dataclass(frozen=True)
class Selection:
    """Conditions that all hold, and how many rows of the result are wanted."""

    columns: list[str]
    predicates: list[Predicate] = field(default_factory=list)
    order_by: str | None = None
    descending: bool = False
    limit: int | None = None

    def constraints(self) -> Json:
        """Returns the selection as the protocol has it."""
        summary = {item.column: item.value_set for item in self.predicates if item.value_set}
        direction = "DESC_NULLS_LAST" if self.descending else "ASC_NULLS_LAST"
        order = [{"columnName": self.order_by, "direction": direction}] if self.order_by else []
        return {
            **NO_CONSTRAINTS,
            "summary": summary,
            "expression": [item.expression for item in self.predicates if item.expression],
            "orderByClause": order,
            "limit": -1 if self.limit is None else self.limit,
        }

    def matching(self, table: pa.Table) -> pa.Table:
        """Returns the rows that pass the predicates, with all columns."""
        for predicate in self.predicates:
            table = table.filter(pc.fill_null(predicate.select(table), False))
        return table

    def first(self, table: pa.Table) -> pa.Table:
        """Returns the first rows in the order, as many as the limit allows."""
        if self.order_by is None:
            return table
        order = "descending" if self.descending else "ascending"
        indices = pc.sort_indices(
            table, sort_keys=[(self.order_by, order)], null_placement="at_end"
        )
        return table.take(indices[: self.limit])


def everything(table: pa.Schema) -> Selection:
    return Selection(columns=table.names)


def random_selection(dice: random.Random, table: pa.Table) -> Selection:
    """Chooses columns, up to two predicates, and in some queries an order and a limit."""
    names = table.column_names
    columns = [name for name in names if dice.random() < 0.6]
    if dice.random() < 0.05:
        columns = []
    elif not columns:
        columns = [dice.choice(names)]
    if dice.random() < 0.3:
        dice.shuffle(columns)
    candidates = [_column(dice, table, name) for name in names]
    usable = [column for column in candidates if column is not None]
    chosen = dice.sample(usable, k=min(len(usable), dice.choice([0, 0, 1, 1, 2])))
    predicates = [random_predicate(dice, column) for column in chosen]
    limit = dice.choice([0, 1, 7, 100, 3000]) if dice.random() < 0.25 else None
    order_by = None
    if limit and columns and dice.random() < 0.5:
        order_by = dice.choice(columns)
        if not is_supported(table.schema.field(order_by).type):
            order_by = None
    return Selection(columns, predicates, order_by, dice.random() < 0.5, limit)


def _column(dice: random.Random, table: pa.Table, name: str) -> Column | None:
    kind = table.schema.field(name).type
    if not is_supported(kind) or not table.num_rows:
        return None
    picks = [dice.randrange(table.num_rows) for _ in range(50)]
    samples = [value for value in table[name].take(picks).to_pylist() if value is not None]
    return Column(name, kind, samples) if samples else None
