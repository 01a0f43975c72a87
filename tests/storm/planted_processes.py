"""Planted faults of stores and processes, which a run has to notice in what really happens."""

import json
import random
import signal
import sys
import time
from collections.abc import Callable

from tests.storm import scenes
from tests.storm.blocks import Json
from tests.storm.function import Function, Program
from tests.storm.judge import Finding, judge
from tests.storm.memory import LIMIT
from tests.storm.reading import Manner, Must, Reading, read
from tests.storm.run_one import Folders, deaths, leaks, observe, place_decoys, stray_writes
from tests.storm.s3_http import Exchange, serve, store_object
from tests.storm.scenes import Setting
from tests.storm.stage import Stage
from tests.storm.store import BUCKET, PREFIX, Rule, StoredObject
from tests.storm.visits import MARK


def forgetful_store(stage: Stage) -> list[Finding]:
    """The store confirms a block and does not keep it."""

    def forget(exchange: Exchange) -> None:
        exchange.body()
        exchange.send(200)

    return _read(stage, Rule("PUT", forget, skip=1, times=1))


def mistaken_store(stage: Stage) -> list[Finding]:
    """The store keeps the first block of one split under the name of a block of another."""
    kept: list[StoredObject] = []

    def mistake(exchange: Exchange) -> None:
        store_object(exchange)
        stored = exchange.store.get(exchange.bucket, exchange.key)
        assert stored is not None
        kept.append(stored)
        exchange.store.put(exchange.bucket, exchange.key, kept[0])
        exchange.send(200)

    return _read(stage, Rule("PUT", mistake))


def sleeping_process(stage: Stage) -> list[Finding]:
    """The process is stopped until its deadline has passed."""

    def stop(exchange: Exchange) -> None:
        stage.first.send(signal.SIGSTOP)
        exchange.store.wait(1.0)
        stage.first.send(signal.SIGCONT)
        serve(exchange)

    return _read(stage, Rule("PUT", stop, times=1), seconds=0.5)


def other_bucket(stage: Stage) -> list[Finding]:
    """An answer names an object of another bucket, with the right rows."""
    return _relocated(stage, {"bucket": "storm-other"})


def other_location(stage: Stage) -> list[Finding]:
    """An answer names an object that is not at the location of its split, with the right rows."""
    return _relocated(stage, {"key": f"{PREFIX}/other-query/other-split.0"})


def _relocated(stage: Stage, location: Json) -> list[Finding]:
    """Moves the first block of a read, and changes the answer accordingly."""
    setting = Setting(stage.dice, stage.function(), stage.store, spilled=True)
    scene = stage.scene = scenes.blocks(setting)
    reading = read(stage.first, scene, stage.plan(), Manner("planted", Must.COMPLETE))
    first = reading.parts[0].answers[0].invocation
    document = first.document()
    block = document["remoteBlocks"][0]
    stored = stage.store.get(block["bucket"], block["key"])
    assert stored is not None, "a complete answer names objects that exist"
    block.update(location)
    stage.store.place(block["bucket"], block["key"], stored.body)
    first.body = json.dumps(document).encode()
    return judge(observe(scene, reading, stage.store))


def overwriting_process(stage: Stage) -> list[Finding]:
    """An object of another query is overwritten."""
    key = f"{PREFIX}/other-query/other-split.0"
    stage.store.put(BUCKET, key, StoredObject(b"mine"))
    return stray_writes(stage.store)


def writing_elsewhere(stage: Stage) -> list[Finding]:
    """An object is written outside of the prefix."""
    stage.store.put(BUCKET, "results/object", StoredObject(b"mine"))
    return stray_writes(stage.store)


def talkative_process(stage: Stage) -> list[Finding]:
    """A function writes a text of a row to its log."""
    _dead(stage, f"echo 'cannot parse {MARK}'")
    return leaks(stage)


def exiting_process(stage: Stage) -> list[Finding]:
    """A function exits instead of polling for events."""
    return _dead(stage, "exit 3")


def greedy_process(stage: Stage) -> list[Finding]:
    """A function takes more memory than it has."""
    program = f"import time; held = bytearray(b'x') * {LIMIT + (32 << 20)}; time.sleep(60)"
    return _dead(stage, f'exec {sys.executable} -c "{program}"')


def _dead(stage: Stage, script: str) -> list[Finding]:
    path = stage.log.with_suffix(".sh")
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    with Function(Program(path, {}, stage.log)) as function:
        stage.functions.append(function)
        function.wait(function.start(b"{}", time.time() + 1.5))
        return deaths(stage)


def _read(stage: Stage, rule: Rule, seconds: float = 10.0) -> list[Finding]:
    setting = Setting(stage.dice, stage.function(), stage.store, spilled=True)
    scene = stage.scene = scenes.blocks(setting)
    parts = stage.plan()
    stage.store.rules = [rule]
    manner = Manner("planted", Must.EITHER, seconds)
    reading: Reading = read(stage.first, scene, parts, manner)
    return judge(observe(scene, reading, stage.store))


PLANTS: list[tuple[Callable[[Stage], list[Finding]], str]] = [
    (forgetful_store, "short"),
    (mistaken_store, "foreign"),
    (sleeping_process, "late"),
    (other_bucket, "foreign"),
    (other_location, "foreign"),
    (overwriting_process, "foreign"),
    (writing_elsewhere, "foreign"),
    (talkative_process, "leak"),
    (exiting_process, "dead"),
    (greedy_process, "dead"),
]


def unnoticed(folders: Folders) -> tuple[int, list[str]]:
    """Plants every fault; returns their number and what was not noticed."""
    problems = []
    for plant, fault in PLANTS:
        log = folders.logs / f"{plant.__name__}.log"
        with Stage(random.Random(1), folders.programs, log, "bench") as stage:
            place_decoys(stage.store)
            faults = {finding.fault for finding in plant(stage)}
        if fault not in faults:
            problems.append(f"{plant.__name__}: {sorted(faults)}, expected {fault}")
    return len(PLANTS), problems
