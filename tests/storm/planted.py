"""Planted faults: what a caller would see of a broken connector, which the judge has to notice."""

import dataclasses
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tests.storm import scenes
from tests.storm.judge import ERROR_TYPE, Observation, judge
from tests.storm.reading import Answered, Manner, Must, Reading, read
from tests.storm.run_one import Folders, observe
from tests.storm.scene import Scene
from tests.storm.scenes import Setting
from tests.storm.selection import Selection
from tests.storm.stage import Stage
from tests.storm.visits import MARK

Tamper = Callable[[Observation], None]


@dataclass(frozen=True)
class Plant:
    """A change of an observation, and the fault that has to be reported for it."""

    name: str
    fault: str
    tamper: Tamper
    selection: Selection | None = None  # all rows, if not given


def replace_table(change: Callable[[pa.Table], pa.Table]) -> Tamper:
    """Returns a change of the rows of the first split."""

    def tamper(observation: Observation) -> None:
        rows = observation.opened[0][0]
        rows.table = change(rows.table)
        rows.count = rows.table.num_rows

    return tamper


def without_block(table: pa.Table) -> pa.Table:
    batches = table.to_batches()
    assert len(batches) > 2, "the answer has several blocks"
    return pa.Table.from_batches(batches[:1] + batches[2:])


def with_block_twice(table: pa.Table) -> pa.Table:
    batches = table.to_batches()
    return pa.Table.from_batches([*batches, batches[1]])


def with_block_in_place_of_another(table: pa.Table) -> pa.Table:
    batches = table.to_batches()
    return pa.Table.from_batches([batches[0], batches[0], *batches[2:]])


def without_row(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table[:700], table[701:]])


def with_row_twice(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table[700:701]])


def with_other_cell(table: pa.Table) -> pa.Table:
    cells = table["v"].to_pylist()
    cells[700] = "".join(reversed(cells[700]))
    return table.set_column(table.schema.get_field_index("v"), "v", pa.array(cells, pa.string()))


def without_cell(table: pa.Table) -> pa.Table:
    cells = table["v"].to_pylist()
    cells[700] = None
    return table.set_column(table.schema.get_field_index("v"), "v", pa.array(cells, pa.string()))


def with_rows_of_the_other_split(observation: Observation) -> None:
    observation.opened[0] = observation.opened[1]


def with_one_row_of_the_other_split(observation: Observation) -> None:
    mine, other = observation.opened[0][0], observation.opened[1][0]
    mine.table = pa.concat_tables([mine.table[:-1], other.table[:1]])


def change_invocation(**members: Any) -> Tamper:
    """Returns a change of the first invocation."""

    def tamper(observation: Observation) -> None:
        part = observation.reading.parts[0]
        first = part.answers[0]
        changed = dataclasses.replace(first.invocation, **members)
        part.answers[0] = Answered(first.split, changed)

    return tamper


def late(observation: Observation) -> None:
    deadline = observation.reading.parts[0].answers[0].invocation.deadline
    change_invocation(answered=deadline + 0.001)(observation)


def failed(message: str, kind: str = f"{ERROR_TYPE}AthenaConnectorException") -> Tamper:
    body = json.dumps({"errorType": kind, "errorMessage": message}).encode()
    return change_invocation(outcome="error", body=body)


def must_fail(observation: Observation) -> None:
    observation.reading.must = Must.FAIL


def other_error(observation: Observation) -> None:
    must_fail(observation)
    observation.reading.errors = ("AccessDenied",)
    failed("InternalServiceException: the upload was cancelled")(observation)


NO_COLUMNS = Selection(columns=[])
LIMITED = Selection(columns=["id", "v"], limit=1000)
FIRST = Selection(columns=["id", "v"], order_by="id", descending=True, limit=10)

PLANTS = [
    Plant("a block is missing", "short", replace_table(without_block)),
    Plant("a block is there twice", "foreign", replace_table(with_block_twice)),
    Plant("a block is there for another", "short", replace_table(with_block_in_place_of_another)),
    Plant("a row is missing", "short", replace_table(without_row)),
    Plant("a row is there twice", "foreign", replace_table(with_row_twice)),
    Plant("a cell is another", "foreign", replace_table(with_other_cell)),
    Plant("a cell is null", "foreign", replace_table(without_cell)),
    Plant("a column is missing", "short", replace_table(lambda table: table.drop_columns("k"))),
    Plant("all rows are those of another split", "foreign", with_rows_of_the_other_split),
    Plant("a row is one of another split", "foreign", with_one_row_of_the_other_split),
    Plant(
        "a row is missing, without columns",
        "short",
        replace_table(lambda table: table[1:]),
        NO_COLUMNS,
    ),
    Plant("fewer rows than the limit", "short", replace_table(lambda table: table[:999]), LIMITED),
    Plant("a row twice, with a limit", "foreign", replace_table(with_row_twice), LIMITED),
    Plant("not the first rows", "short", replace_table(lambda table: table[:9]), FIRST),
    Plant("an answer after the deadline", "late", late),
    Plant("no answer", "late", change_invocation(outcome=None, answered=None)),
    Plant("an error without a name", "nameless", failed("it did not work")),
    Plant("an error of the runtime", "nameless", failed("RuntimeError: exit", "Runtime.ExitError")),
    Plant(
        "a text of a row in an error",
        "leak",
        failed(f"InvalidResponseException: {MARK} is not a number"),
    ),
    Plant("a response of 7 MB", "oversize", change_invocation(outcome="oversize", body=b"{}")),
    Plant("an error without a fault", "unexpected", failed("InternalServiceException: no reason")),
    Plant("another error than the right one", "unexpected", other_error),
    Plant("rows in spite of a fault", "unexpected", must_fail),
]


def unnoticed(folders: Folders) -> tuple[int, list[str]]:
    """Plants every fault; returns their number, and what was not noticed or wrongly was."""
    problems = []
    for selection in (None, NO_COLUMNS, LIMITED, FIRST):
        plants = [plant for plant in PLANTS if plant.selection is selection]
        with Stage(
            random.Random(1), folders.programs, folders.logs / "planted.log", "bench"
        ) as stage:
            scene, reading = _read(stage, selection)
            if findings := judge(observe(scene, reading, stage.store)):
                problems.append(f"nothing was planted, but: {findings[0]}")
            for plant in plants:
                observation = observe(scene, _copy(reading), stage.store)
                plant.tamper(observation)
                faults = {finding.fault for finding in judge(observation)}
                if plant.fault not in faults:
                    problems.append(f"{plant.name}: {sorted(faults)}, expected {plant.fault}")
    return len(PLANTS), problems


def _read(stage: Stage, selection: Selection | None) -> tuple[Scene, Reading]:
    setting = Setting(stage.dice, stage.function(), stage.store, spilled=True)
    stage.scene = scenes.blocks(setting, selection)
    manner = Manner("planted", Must.COMPLETE)
    return stage.scene, read(stage.first, stage.scene, stage.plan(), manner)


def _copy(reading: Reading) -> Reading:
    parts = [dataclasses.replace(part, answers=list(part.answers)) for part in reading.parts]
    return dataclasses.replace(reading, parts=parts)
