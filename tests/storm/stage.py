"""The place of one run: a store, a scene, and the functions that it has started."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.storm.function import Function, Program
from tests.storm.reading import Reading
from tests.storm.s3_http import S3Server
from tests.storm.scene import Part, Scene
from tests.storm.scenes import Maker
from tests.storm.store import BUCKET, DATA_BUCKET, DATA_PREFIX, PREFIX, Store


@dataclass
class Stage:
    """Everything that a kind of fault needs to play."""

    dice: random.Random
    programs: Path  # folder of the connectors
    log: Path
    connector: str
    store: Store = field(default_factory=Store)
    functions: list[Function] = field(default_factory=list)
    usual: Counter[str] = field(default_factory=Counter)  # requests of a plan and a read
    _exits: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.server = S3Server(self.store)
        self._exits.callback(self.server.close)
        self.scene: Scene | None = None

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self.store.closed.set()
        self._exits.close()

    def function(self, **environment: str) -> Function:
        """Starts a function with the connector of the run."""
        variables = {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.server.port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "storm",
            "AWS_SECRET_ACCESS_KEY": "storm",
            "AWS_EC2_METADATA_DISABLED": "true",
            "spill_bucket": BUCKET,
            "spill_prefix": PREFIX,
            "data_bucket": DATA_BUCKET,
            "data_prefix": DATA_PREFIX,
            **environment,
        }
        if self.connector == "bench":
            # Scenes read fewer rows than the splits of this connector have.
            variables["athena_connector_seal"] = "off"
        path = self.programs / f"athena-connector-{self.connector}"
        function = self._exits.enter_context(Function(Program(path, variables, self.log)))
        self.functions.append(function)
        return function

    @property
    def first(self) -> Function:
        """Returns the function that has planned the scene."""
        return self.functions[0]

    def played(self) -> Scene:
        assert self.scene is not None, "a kind plays after its scene is made"
        return self.scene

    def position(self, operation: str) -> int:
        """Chooses one of the requests that the store gets without a fault."""
        return self.dice.randrange(max(1, self.usual[operation]))

    def plan(self) -> list[Part]:
        """Plans the scene again, without a fault: the splits have locations of their own."""
        return self.played().plan(self.first)


Play = Callable[[Stage], list[Reading]]


@dataclass(frozen=True)
class Kind:
    """A kind of fault, and how a run meets it."""

    name: str
    play: Play
    makers: dict[str, Maker]  # by the name of the connector
    spilled: bool = False  # whether every row has to be spilled for the fault to matter
    is_endless: bool = False  # whether the scene cannot be read to its end
