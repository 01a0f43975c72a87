"""What a run queries: a table, a selection, the splits to read and the rows that they have."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

from tests.storm import caller
from tests.storm.blocks import Json, decode_schema
from tests.storm.function import Function
from tests.storm.messages import Limits, Query
from tests.storm.selection import Selection
from tests.storm.visits import VisitsObject


@dataclass
class Part:
    """Splits whose rows are known together, and every set of rows that is right for them."""

    splits: list[Json]
    versions: list[pa.Table]


@dataclass
class Scene:
    """One query of one connector."""

    connector: str
    query: Query
    table: Json  # the response to GetTable
    selection: Selection
    limits: Limits
    pick: Callable[[list[Json]], list[Part]]  # chooses from the splits of a plan
    objects: list[VisitsObject] = field(default_factory=list)  # what the source has

    @property
    def schema(self) -> pa.Schema:
        return decode_schema(self.table["schema"])

    def plan(self, function: Function) -> list[Part]:
        """Plans the query; raises `Failed`."""
        constraints = self.selection.constraints()
        return self.pick(caller.splits(function, self.query, self.table, constraints))

    def request(self, split: Json) -> bytes:
        """Returns ReadRecords for a split, with the metadata of the table's schema."""
        fields = [self.schema.field(name) for name in self.selection.columns]
        columns = pa.schema(fields, metadata=self.schema.metadata)
        return self.query.read_records(columns, split, self.selection.constraints(), self.limits)
