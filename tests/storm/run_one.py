"""One run: a scene is made and read without a fault, then a kind of fault plays."""

import random
from dataclasses import dataclass, field
from pathlib import Path

from tests.storm import caller
from tests.storm.caller import Failed, Rows
from tests.storm.judge import Finding, Observation, judge
from tests.storm.kinds import KINDS
from tests.storm.reading import Manner, Must, Reading, read
from tests.storm.scene import Scene
from tests.storm.scenes import Setting
from tests.storm.stage import Kind, Stage
from tests.storm.store import BUCKET, PREFIX, Store
from tests.storm.visits import MARK

DECOYS = {
    (BUCKET, f"{PREFIX}/other-query/other-split.0"): b"blocks of another query",
    (BUCKET, "elsewhere/object"): b"an object outside of the prefix",
    ("storm-other", f"{PREFIX}/object"): b"an object of another bucket",
}


@dataclass(frozen=True)
class Folders:
    """Where the connectors are, and where their logs go."""

    programs: Path
    logs: Path


@dataclass
class Outcome:
    """What became of one run."""

    number: int
    kind: str
    connector: str
    findings: list[Finding] = field(default_factory=list)
    complete: bool = False  # whether every reading with the fault had all rows
    struck: bool | None = None  # whether a rule of the store met a request
    errors: list[str] = field(default_factory=list)  # messages of failed readings

    def __str__(self) -> str:
        return f"run {self.number}, {self.kind}, {self.connector}"


def kind_of(number: int) -> Kind:
    return KINDS[number % len(KINDS)]


def run(seed: int, number: int, folders: Folders) -> Outcome:
    """Runs `number` of the storm with this seed."""
    dice = random.Random(f"{seed}/{number}")
    kind = kind_of(number)
    connector = dice.choice(sorted(kind.makers))
    outcome = Outcome(number, kind.name, connector)
    with Stage(dice, folders.programs, folders.logs / f"{number}.log", connector) as stage:
        place_decoys(stage.store)
        try:
            readings = [calm(stage, kind), *kind.play(stage)]
        except Failed as failed:
            # Kinds that disturb a plan catch its failure; here, nothing has disturbed it.
            outcome.findings.append(Finding("unexpected", "plan", str(failed)))
            readings = []
        _conclude(stage, readings, outcome)
    return outcome


def place_decoys(store: Store) -> None:
    """Stores objects of others, which no run may change."""
    for (bucket, key), body in DECOYS.items():
        store.place(bucket, key, body)


def calm(stage: Stage, kind: Kind) -> Reading:
    """Makes the scene and reads it while nothing fails."""
    setting = Setting(stage.dice, stage.function(), stage.store, kind.spilled)
    stage.scene = kind.makers[stage.connector](setting)
    manner = Manner("without a fault", Must.COMPLETE)
    if kind.is_endless:
        return Reading("not read without a fault", Must.EITHER)
    stage.store.requests.clear()
    reading = read(stage.first, stage.scene, stage.plan(), manner)
    stage.usual = stage.store.requests.copy()
    return reading


def _conclude(stage: Stage, readings: list[Reading], outcome: Outcome) -> None:
    for reading in readings:
        outcome.findings += judge(observe(stage.played(), reading, stage.store))
    outcome.findings += deaths(stage) + stray_writes(stage.store) + leaks(stage)
    failures = [
        item.body[:300].decode(errors="replace")
        for reading in readings[1:]
        for item in reading.invocations()
        if item.outcome != "response"
    ]
    outcome.errors, outcome.complete = failures, not failures
    outcome.struck = stage.store.struck()


def observe(scene: Scene, reading: Reading, store: Store) -> Observation:
    """Opens the answers of a reading as a caller does that has waited for all of them."""
    opened: list[list[Rows]] = []
    for part in reading.parts:
        answers = [item for item in part.answers if item.invocation.outcome == "response"]
        opened.append(
            [
                caller.open_answer(item.invocation.document(), item.split, scene.limits, store)
                for item in answers
            ]
        )
    return Observation(scene, reading, opened)


def deaths(stage: Stage) -> list[Finding]:
    """Returns the processes that are gone without being killed by the run."""
    reasons = [function.death() for function in stage.functions]
    return [Finding("dead", "process", reason) for reason in reasons if reason]


def leaks(stage: Stage) -> list[Finding]:
    """Returns lines of the log with a text of a row."""
    lines = stage.log.read_text(errors="replace").splitlines()
    return [Finding("leak", "log", line[:300]) for line in lines if MARK in line]


def stray_writes(store: Store) -> list[Finding]:
    """Returns writes that are not below the prefix, and changes of the objects of others."""
    findings = []
    for bucket, key in store.writes:
        if bucket != BUCKET or not key.startswith(f"{PREFIX}/"):
            findings.append(Finding("foreign", "store", f"s3://{bucket}/{key} was written"))
    for (bucket, key), body in DECOYS.items():
        stored = store.get(bucket, key)
        if stored is None or stored.body != body:
            findings.append(Finding("foreign", "store", f"s3://{bucket}/{key} was changed"))
    return findings
