"""Faults of a source: CSV objects in S3, listed, read and changed by others."""

import pyarrow as pa

from tests.storm import answers, scenes
from tests.storm.answers import failing
from tests.storm.kinds_store import always, during_plan, during_read, once
from tests.storm.reading import Manner, Must, Reading, read
from tests.storm.s3_http import Exchange, serve
from tests.storm.scene import Part, Scene
from tests.storm.scenes import Maker
from tests.storm.stage import Kind, Stage
from tests.storm.store import DATA_BUCKET, Action, Rule
from tests.storm.visits import VisitsObject, key_of

GONE = ("EntityNotFound",)
MALFORMED = ("InvalidResponse",)
DENIED = ("AccessDenied",)
VISITS: dict[str, Maker] = {"example": scenes.example}


def replacement(stage: Stage) -> tuple[VisitsObject, VisitsObject]:
    """Chooses an object with rows, and another version of it."""
    candidates = [item for item in stage.played().objects if item.visits]
    old = stage.dice.choice(candidates)
    return old, old.changed(stage.dice)


def deleted(stage: Stage) -> list[Reading]:
    """An object is deleted after the plan: its rows cannot be left out."""
    scene, parts = stage.played(), stage.plan()
    old, _ = replacement(stage)
    stage.store.remove(DATA_BUCKET, old.key)
    must = _must_fail_if_read(scene, parts, old, needs_all=False)
    return [read(stage.first, scene, parts, Manner("object deleted", must, errors=GONE))]


def _must_fail_if_read(
    scene: Scene, parts: list[Part], item: VisitsObject, needs_all: bool
) -> Must:
    """Returns how a read ends if an object is damaged: with an error, if it is read that far."""
    planned = [key_of(split) for part in parts for split in part.splits]
    if item.key not in planned:
        return Must.COMPLETE
    limit = scene.selection.limit
    is_skipped = limit == 0 or (needs_all and limit is not None)
    return Must.EITHER if is_skipped else Must.FAIL


def replaced(stage: Stage) -> list[Reading]:
    """An object is replaced after the plan: rows of two plans are not mixed."""
    scene, parts = stage.played(), stage.plan()
    old, new = replacement(stage)
    stage.store.place(DATA_BUCKET, new.key, new.csv())
    must = _must_fail_if_read(scene, parts, old, needs_all=False)
    return [read(stage.first, scene, parts, Manner("object replaced", must, errors=GONE))]


def replaced_within(stage: Stage) -> list[Reading]:
    """An object is replaced while it is being read."""
    scene, parts = stage.played(), stage.plan()
    old, new = replacement(stage)
    parts[0].versions.append(_with(stage, old, new))

    def replace(exchange: Exchange) -> None:
        if exchange.key != old.key:
            serve(exchange)
            return
        status, body, headers = answers.right_answer(exchange)
        exchange.start(status, {**headers, "Content-Length": str(len(body))})
        exchange.raw(body[: len(body) // 3])
        stage.store.place(DATA_BUCKET, new.key, new.csv())
        exchange.raw(body[len(body) // 3 :])

    stage.store.rules = [Rule("GET", replace)]
    return [read(stage.first, scene, parts, Manner("replaced while read", Must.EITHER))]


def shortened(stage: Stage) -> list[Reading]:
    """An object has lost its end before the plan, in the middle of a row."""
    scene = stage.played()
    old, _ = replacement(stage)
    body = old.csv()
    end = body.rindex(b"\n", 0, len(body) - 1) + 3
    stage.store.place(DATA_BUCKET, old.key, body[:end])
    parts = stage.plan()
    must = _must_fail_if_read(scene, parts, old, needs_all=True)
    return [read(stage.first, scene, parts, Manner("object shortened", must, errors=MALFORMED))]


def damaged(stage: Stage) -> list[Reading]:
    """A number of one row is a text."""
    scene = stage.played()
    old, _ = replacement(stage)
    stage.store.place(DATA_BUCKET, old.key, old.damaged(stage.dice))
    parts = stage.plan()
    must = _must_fail_if_read(scene, parts, old, needs_all=True)
    return [read(stage.first, scene, parts, Manner("object damaged", must, errors=MALFORMED))]


def read_again(stage: Stage) -> list[Reading]:
    """Splits are read again after an object was replaced: the first answer keeps its blocks."""
    scene, parts = stage.played(), stage.plan()
    old, new = replacement(stage)
    before = read(stage.first, scene, parts, Manner("before", Must.COMPLETE))
    stage.store.place(DATA_BUCKET, new.key, new.csv())
    again = stage.plan()
    again[0].splits = parts[0].splits
    must = _must_fail_if_read(scene, again, old, needs_all=False)
    return [before, read(stage.function(), scene, again, Manner("after", must, errors=GONE))]


def _with(stage: Stage, old: VisitsObject, new: VisitsObject) -> pa.Table:
    """Returns the rows of the scene with one object replaced."""
    scene = stage.played()
    return scenes.rows_of([new if item is old else item for item in scene.objects], scene.schema)


def small_pages(_: Stage) -> list[Rule]:
    def answer(exchange: Exchange) -> None:
        exchange.store.page_size = 1
        serve(exchange)

    return [Rule("LIST", answer)]


def _get(name: str, action: Action, must: Must, seconds: float = 20.0) -> Kind:
    return Kind(name, during_read(once("GET", action), must, seconds=seconds), VISITS)


def _list(name: str, action: Action, must: Must) -> Kind:
    return Kind(name, during_plan(once("LIST", action), must), VISITS)


KINDS = [
    _get("get: reset before the answer", answers.reset_before, Must.COMPLETE),
    _get("get: reset within the object", answers.reset_body, Must.EITHER),
    _get("get: closed within the object", answers.close_body, Must.EITHER),
    _get("get: chunks without an end", answers.chunks_without_end, Must.EITHER),
    _get("get: flipped bit", answers.flipped_bit, Must.EITHER),
    _get("get: half an object", answers.half_of_an_object, Must.EITHER),
    _get("get: drips", answers.dripping, Must.COMPLETE),
    _get("get: silent within the object", answers.stalled_body, Must.EITHER, seconds=1.5),
    _get("get: 503 SlowDown once", failing(503, "SlowDown"), Must.COMPLETE),
    Kind(
        "get: 403 for good",
        during_read(always("GET", failing(403, "AccessDenied")), Must.FAIL, DENIED),
        VISITS,
    ),
    _list("list: reset within the document", answers.reset_body, Must.EITHER),
    _list("list: half a document", answers.half_of_the_document, Must.EITHER),
    _list("list: 500 InternalError once", failing(500, "InternalError"), Must.COMPLETE),
    Kind(
        "list: 403",
        during_plan(always("LIST", failing(403, "AccessDenied")), Must.FAIL, DENIED),
        VISITS,
    ),
    Kind("list: pages of one", during_plan(small_pages, Must.COMPLETE), VISITS),
    _list("list: more without a token", answers.list_without_token, Must.EITHER),
    Kind(
        "list: first page again",
        during_plan(always("LIST", answers.first_page_again), Must.EITHER),
        VISITS,
    ),
    Kind("source: object deleted", deleted, VISITS),
    Kind("source: object replaced", replaced, VISITS),
    Kind("source: object replaced while read", replaced_within, VISITS),
    Kind("source: object shortened", shortened, VISITS),
    Kind("source: object damaged", damaged, VISITS),
    Kind("source: split read again after a change", read_again, VISITS, spilled=True),
]
