"""Faults of invocations and processes: deadlines, callers that go, signals, repeated reads."""

import signal
import threading
import time

from tests.storm import answers, caller, scenes
from tests.storm.answers import failing
from tests.storm.function import Function
from tests.storm.kinds_store import ANY
from tests.storm.reading import Answered, Manner, Must, PartReading, Reading, read
from tests.storm.s3_http import Exchange, serve
from tests.storm.scenes import Maker
from tests.storm.stage import Kind, Play, Stage
from tests.storm.store import Rule

TIMEOUT = ("OperationTimeout",)
ENDLESS: dict[str, Maker] = {"bench": scenes.endless}


def short_deadline(stage: Stage) -> list[Reading]:
    """The rows never end, and the time does."""
    seconds = stage.dice.uniform(0.3, 2.0)
    manner = Manner(f"deadline of {seconds:.2f} s", Must.FAIL, seconds, TIMEOUT)
    return [read(stage.first, stage.played(), stage.plan(), manner)]


def short_deadline_slow_store(stage: Stage) -> list[Reading]:
    """The rows never end, the store is slow, and memory is short."""
    parts, seconds = stage.plan(), stage.dice.uniform(0.5, 2.0)
    stage.store.rules = [Rule("PUT", answers.slow(stage.dice, 0.1, 0.5))]
    manner = Manner(f"deadline of {seconds:.2f} s", Must.FAIL, seconds, TIMEOUT)
    return [read(stage.first, stage.played(), parts, manner)]


def deadline_within(stage: Stage) -> list[Reading]:
    """The deadline falls somewhere into a read."""
    parts, seconds = stage.plan(), stage.dice.uniform(0.3, 1.0)
    stage.store.rules = [Rule("PUT", answers.slow(stage.dice, 0.0, 0.4))]
    manner = Manner(f"deadline of {seconds:.2f} s", Must.EITHER, seconds, TIMEOUT)
    return [read(stage.first, stage.played(), parts, manner)]


def past_deadline(stage: Stage) -> list[Reading]:
    """The deadline has passed before the function gets the event."""
    scene, parts = stage.played(), stage.plan()
    late = read(
        stage.first, scene, parts, Manner("deadline in the past", Must.EITHER, -1.0, TIMEOUT)
    )
    after = read(stage.first, scene, parts, Manner("after it", Must.COMPLETE))
    return [late, after]


def caller_gone(stage: Stage) -> list[Reading]:
    """The first caller does not wait; the next one gets its own rows."""
    scene, parts, others = stage.played(), stage.plan(), stage.plan()
    abandoned = [split for part in others for split in part.splits][:1]
    until = time.time() + caller.PATIENCE
    for split in abandoned:
        stage.first.start(scene.request(split), until)
    return [read(stage.first, scene, parts, Manner("after an abandoned read", Must.COMPLETE))]


def answer_refused(stage: Stage) -> list[Reading]:
    """Lambda refuses the answer, as after a timeout; the next one is not disturbed."""
    scene, parts = stage.played(), stage.plan()
    split = next((split for part in parts for split in part.splits), None)
    if split is not None:
        until = time.time() + caller.PATIENCE
        stage.first.wait(stage.first.start(scene.request(split), until, refuse=True))
    return [read(stage.first, scene, parts, Manner("after a refused answer", Must.COMPLETE))]


def after_failure(stage: Stage) -> list[Reading]:
    """A read fails, and the next one on the same process does not."""
    scene, parts = stage.played(), stage.plan()
    stalled = (answers.stalled, TIMEOUT)
    action, errors = stage.dice.choice([(failing(403, "AccessDenied"), ("AccessDenied",)), stalled])
    stage.store.rules = [Rule("PUT", action)]
    failed = read(stage.first, scene, parts, Manner("failing", Must.FAIL, 1.5, errors))
    if not stage.store.struck():
        failed.must = Must.COMPLETE
    stage.store.rules = []
    again = parts if stage.dice.random() < 0.5 else stage.plan()
    return [failed, read(stage.first, scene, again, Manner("after a failure", Must.COMPLETE))]


def twice_at_once(stage: Stage) -> list[Reading]:
    """Two processes read the same splits at the same time."""
    scene, parts, second = stage.played(), stage.plan(), stage.function()
    stage.store.rules = [Rule("PUT", answers.slow(stage.dice, 0.0, 0.03))]
    readings: list[Reading] = []

    def run(label: str, function: Function) -> None:
        readings.append(read(function, scene, parts, Manner(label, Must.COMPLETE)))

    threads = [
        threading.Thread(target=run, args=(label, function))
        for label, function in (("one of two", stage.first), ("other of two", second))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return readings


def one_after_another(stage: Stage) -> list[Reading]:
    """One process reads the same splits twice."""
    scene, parts = stage.played(), stage.plan()
    return [read(stage.first, scene, parts, Manner(f"time {n}", Must.COMPLETE)) for n in (1, 2)]


def killed(stage: Stage) -> list[Reading]:
    """The process is killed in the middle of a read, and another one reads the split again."""
    scene, parts, victim = stage.played(), stage.plan(), stage.function()
    before = stage.dice.random() < 0.5

    def kill(exchange: Exchange) -> None:
        if not before:
            serve(exchange)
        victim.send(signal.SIGKILL)
        exchange.reset()

    stage.store.rules = [Rule("PUT", kill, skip=stage.position("PUT"), times=1)]
    for split in [split for part in parts for split in part.splits]:
        invocation = caller.ask(victim, scene.request(split))
        if invocation.outcome is None:
            break
    return [read(stage.first, scene, parts, Manner("after a kill", Must.COMPLETE))]


def stopped(stage: Stage) -> list[Reading]:
    """The process is stopped in the middle of a read, as Lambda freezes it, and continued."""
    scene, parts = stage.played(), stage.plan()

    def stop(exchange: Exchange) -> None:
        stage.first.send(signal.SIGSTOP)
        exchange.store.wait(stage.dice.uniform(0.1, 0.5))
        stage.first.send(signal.SIGCONT)
        serve(exchange)

    stage.store.rules = [Rule("PUT", stop, skip=stage.position("PUT"), times=1)]
    return [read(stage.first, scene, parts, Manner("stopped for a while", Must.COMPLETE))]


def other_query(stage: Stage) -> list[Reading]:
    """Reads of two plans alternate on one process."""
    scene, plans = stage.played(), [stage.plan(), stage.plan()]
    readings = [Reading(f"plan {n}", Must.COMPLETE) for n in (1, 2)]
    for parts, reading in zip(plans, readings, strict=True):
        reading.parts = [PartReading(part) for part in parts]
    for pair in zip(*(reading.parts for reading in readings), strict=True):
        for splits in zip(*(part.part.splits for part in pair), strict=True):
            for part, split in zip(pair, splits, strict=True):
                part.answers.append(Answered(split, caller.ask(stage.first, scene.request(split))))
    return readings


def _spilled(name: str, play: Play) -> Kind:
    return Kind(name, play, ANY, spilled=True)


KINDS = [
    Kind("deadline: endless rows", short_deadline, ENDLESS, spilled=True, is_endless=True),
    Kind(
        "deadline: endless rows, slow store",
        short_deadline_slow_store,
        ENDLESS,
        spilled=True,
        is_endless=True,
    ),
    _spilled("deadline: within a read", deadline_within),
    Kind("deadline: in the past", past_deadline, ANY),
    Kind("caller: gone", caller_gone, ANY),
    Kind("caller: answer refused", answer_refused, ANY),
    _spilled("process: read after a failed one", after_failure),
    _spilled("process: killed, then read again", killed),
    _spilled("process: stopped and continued", stopped),
    _spilled("split: read by two processes at once", twice_at_once),
    _spilled("split: read twice by one process", one_after_another),
    _spilled("query: two plans in turn", other_query),
]
