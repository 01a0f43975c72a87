"""Random data for the example connector: CSV objects in folders of days, and their rows."""

import csv
import datetime
import io
import json
import random
from typing import Any, TypeVar

import pyarrow as pa

from tests.storm.blocks import Json
from tests.storm.store import DATA_PREFIX

HEADER = ["visit_id", "customer_key", "page", "seconds", "at"]
MARK = "private-of-a-row"
"""Part of texts of the rows, which may be in no error and in no log."""
PAGES = ["/", "/offers", f"/{MARK}?a=1,b=2", f'/{MARK} "hi"', "/größe", f"/a\n{MARK}", None]
Visit = tuple[int, int | None, str | None, int | None, datetime.datetime | None]
Day = tuple[int, int, int]
Cell = TypeVar("Cell")


def key_of(split: Json) -> str:
    """Returns the key of the object that a split describes."""
    return str(json.loads(split["properties"]["value"])["key"])


class VisitsObject:
    """One CSV object of a day."""

    def __init__(self, day: Day, name: str, visits: list[Visit]) -> None:
        self.day, self.visits = day, visits
        year, month, number = day
        self.key = f"{DATA_PREFIX}year={year}/month={month:02}/day={number:02}/{name}.csv"

    def csv(self) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HEADER)
        for *cells, at in self.visits:
            moment = at.isoformat(timespec="milliseconds") if at else None
            writer.writerow(["" if cell is None else cell for cell in (*cells, moment)])
        return text.getvalue().encode()

    def rows(self, schema: pa.Schema) -> pa.Table:
        """Returns the rows with the columns of the table."""
        values: dict[str, list[Any]] = {
            name: [visit[at] for visit in self.visits] for at, name in enumerate(HEADER)
        }
        for name, value in zip(("year", "month", "day"), self.day, strict=True):
            values[name] = [value] * len(self.visits)
        arrays = [_array(values[field.name], field.type) for field in schema]
        return pa.Table.from_arrays(arrays, schema=schema)

    def damaged(self, dice: random.Random) -> bytes:
        """Returns the object with a text in place of a number in one row."""
        lines = self.csv().split(b"\n")
        starts = [at for at, line in enumerate(lines) if line[:1].isdigit()]
        at = dice.choice(starts)
        _, comma, rest = lines[at].partition(b",")
        lines[at] = MARK.encode() + comma + rest
        return b"\n".join(lines)

    def changed(self, dice: random.Random) -> "VisitsObject":
        """Returns another version of the object, which shares no row with it."""
        shift = 1 << 40
        visits = [(visit[0] + shift, *visit[1:]) for visit in self.visits]
        extra = [(shift * 2 + n, None, "/new", n, None) for n in range(dice.randint(1, 3000))]
        changed = VisitsObject(self.day, "", [*visits[: dice.randint(0, len(visits))], *extra])
        changed.key = self.key
        return changed


def _array(cells: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_date64(kind):
        # Arrow accepts only whole days from Python; the protocol has milliseconds in this type.
        return pa.array(cells, pa.timestamp("ms")).cast(pa.int64()).view(kind)
    return pa.array(cells, kind)


def random_objects(dice: random.Random) -> list[VisitsObject]:
    """Returns one to three objects for each of one to four days; few have many rows."""
    first = datetime.date(2024, dice.randint(1, 12), dice.randint(1, 24))
    objects = []
    for offset in range(dice.randint(1, 4)):
        date = first + datetime.timedelta(days=offset)
        for number in range(dice.randint(1, 3)):
            count = dice.choice([0, 1, 40, 500, 9000])
            visits = [_visit(dice, dice.getrandbits(40)) for _ in range(count)]
            day = (date.year, date.month, date.day)
            objects.append(VisitsObject(day, f"part-{number}", visits))
    if not any(item.visits for item in objects):
        objects[0].visits.extend(_visit(dice, n) for n in range(100))
    return objects


def _visit(dice: random.Random, identifier: int) -> Visit:
    def sometimes(value: Cell) -> Cell | None:
        return value if dice.random() < 0.9 else None

    moment = datetime.datetime(2024, 1, 1) + datetime.timedelta(
        milliseconds=dice.randrange(31_000_000_000)
    )
    return (
        identifier,
        sometimes(dice.randint(1, 1500)),
        dice.choice(PAGES),
        sometimes(dice.randint(0, 600)),
        sometimes(moment),
    )
