"""A source that changes between two pages of splits: objects that stay are listed once each."""

import random
from collections import Counter
from collections.abc import Callable

from tests.storm.blocks import Json
from tests.storm.caller import answer
from tests.storm.messages import NO_CONSTRAINTS, Query
from tests.storm.run_one import Folders
from tests.storm.stage import Stage
from tests.storm.store import DATA_BUCKET, DATA_PREFIX, Store
from tests.storm.visits import key_of

OBJECTS = 1_300
"""More than the 1,000 splits of a page."""
FOLDER = f"{DATA_PREFIX}year=2024/month=01/day=01/"
QUERY = Query("storm-moving", "web", "visits")
BODY = b"visit_id,customer_key,page,seconds,at\n"

Change = Callable[[Store], None]


def key(name: str) -> str:
    return f"{FOLDER}{name}.csv"


def remove(numbers: range) -> Change:
    def change(store: Store) -> None:
        for number in numbers:
            store.remove(DATA_BUCKET, key(f"{number:06}"))

    return change


def add(name: str) -> Change:
    return lambda store: store.place(DATA_BUCKET, key(name), BODY)


CHANGES: dict[str, Change] = {
    "nothing changes": lambda store: None,
    "an object is added before the first": add("000000-new"),
    "an object is added after the last": add("9"),
    "the first object is deleted": remove(range(1)),
    "an object of the first page is deleted": remove(range(500, 501)),
    "the last object of the first page is deleted": remove(range(999, 1_000)),
    "600 objects of the first page are deleted": remove(range(100, 700)),
    "all objects of the first page are deleted": remove(range(1_000)),
}
FOLDERS = ["day=1", "day=01", "day=001"]
"""Folders of one day, each of which has to be read once."""


def problems(folders: Folders) -> tuple[int, list[str]]:
    """Makes every change; returns their number and what was listed wrongly."""
    found = spellings(folders)
    for name, change in CHANGES.items():
        found += pages(name, change, folders)
    return len(CHANGES) + 1, found


def stage_of(folders: Folders) -> Stage:
    return Stage(random.Random(1), folders.programs, folders.logs / "moving.log", "example")


def pages(name: str, change: Change, folders: Folders) -> list[str]:
    with stage_of(folders) as stage:
        for number in range(OBJECTS):
            stage.store.place(DATA_BUCKET, key(f"{number:06}"), BODY)
        before = stage.store.keys(DATA_BUCKET, FOLDER)
        listed = list_splits(stage, lambda: change(stage.store))
        after = stage.store.keys(DATA_BUCKET, FOLDER)
    counts = Counter(key_of(split) for split in listed)
    missing = [key for key in before if key in set(after) and key not in counts]
    twice = [key for key, count in counts.items() if count > 1]
    if missing or twice or len(listed) < OBJECTS:
        return [f"{name}: {len(missing)} left out, {len(twice)} twice, {len(listed)} in total"]
    return []


def spellings(folders: Folders) -> list[str]:
    with stage_of(folders) as stage:
        keys = [f"{DATA_PREFIX}year=2024/month=1/{folder}/a.csv" for folder in FOLDERS]
        for name in keys:
            stage.store.place(DATA_BUCKET, name, BODY)
        listed = list_splits(stage, lambda: None)
    found = sorted(key_of(split) for split in listed)
    return [] if found == sorted(keys) else [f"folders of one day: {found}"]


def list_splits(stage: Stage, between: Callable[[], None]) -> list[Json]:
    """Lists all splits, and calls `between` after the first page."""
    function = stage.function()
    table = answer(function, QUERY.get_table())
    layout = answer(function, QUERY.get_table_layout(table, NO_CONSTRAINTS))
    splits: list[Json] = []
    token = None
    while True:
        page = answer(function, QUERY.get_splits(layout, table, NO_CONSTRAINTS, token))
        if token is None:
            between()
        splits += page["splits"]
        token = page["continuationToken"]
        if token is None:
            return splits
