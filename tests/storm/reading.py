"""Readings: every split of a scene read once, and what came of it."""

import enum
from dataclasses import dataclass, field

from tests.storm import caller
from tests.storm.blocks import Json
from tests.storm.caller import Failed
from tests.storm.function import Function
from tests.storm.runtime_api import Invocation
from tests.storm.scene import Part, Scene


class Must(enum.Enum):
    """How a reading has to end. It may never end in anything but all rows or a named error."""

    COMPLETE = "complete"
    FAIL = "fail"
    EITHER = "either"


@dataclass(frozen=True)
class Answered:
    """A split, and the invocation that read it."""

    split: Json
    invocation: Invocation


@dataclass
class PartReading:
    """The splits of a part, each read once."""

    part: Part
    answers: list[Answered] = field(default_factory=list)


@dataclass
class Reading:
    """A scene read once, or the failure of its plan."""

    label: str
    must: Must
    errors: tuple[str, ...] = ()  # names of the right errors, any if there are none
    parts: list[PartReading] = field(default_factory=list)
    plan_failure: Invocation | None = None

    def invocations(self) -> list[Invocation]:
        failure = [self.plan_failure] if self.plan_failure else []
        return failure + [item.invocation for part in self.parts for item in part.answers]


@dataclass(frozen=True)
class Manner:
    """How a scene is read."""

    label: str
    must: Must
    seconds: float = caller.PATIENCE
    errors: tuple[str, ...] = ()  # names of the right errors, any if there are none


def read(function: Function, scene: Scene, parts: list[Part], manner: Manner) -> Reading:
    """Reads the splits one after the other."""
    reading = Reading(manner.label, manner.must, manner.errors)
    for part in parts:
        part_reading = PartReading(part)
        reading.parts.append(part_reading)
        for split in part.splits:
            invocation = caller.ask(function, scene.request(split), manner.seconds)
            part_reading.answers.append(Answered(split, invocation))
            if invocation.outcome != "response":
                return reading
    return reading


def plan_and_read(function: Function, scene: Scene, manner: Manner) -> Reading:
    """Plans the query again and reads it."""
    try:
        parts = scene.plan(function)
    except Failed as failed:
        return Reading(manner.label, manner.must, manner.errors, plan_failure=failed.invocation)
    return read(function, scene, parts, manner)
