"""Faults of the store while blocks are spilled."""

from collections.abc import Callable

from tests.storm import answers, scenes
from tests.storm.answers import failing
from tests.storm.reading import Manner, Must, Reading, plan_and_read, read
from tests.storm.scenes import Maker
from tests.storm.stage import Kind, Play, Stage
from tests.storm.store import Action, Rule

ANY: dict[str, Maker] = {
    "tpch": scenes.tpch,
    "bench": scenes.bench,
    "example": scenes.example,
}
Rules = Callable[[Stage], list[Rule]]

DENIALS = ["AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId", "AllAccessDisabled"]
TRANSIENT: list[Action] = [
    answers.reset_before,
    answers.reset_within,
    answers.reset_after,
    answers.close_after,
    answers.cut_status,
    answers.page_of_a_proxy,
    failing(500, "InternalError"),
    failing(503, "SlowDown"),
]


def during_read(
    rules: Rules, must: Must, errors: tuple[str, ...] = (), seconds: float = 20.0
) -> Play:
    """Plans, then reads while the rules hold. Without effect, the read has to be complete."""

    def play(stage: Stage) -> list[Reading]:
        parts = stage.plan()
        stage.store.rules = rules(stage)
        manner = Manner("with the fault", must, seconds, errors)
        reading = read(stage.first, stage.played(), parts, manner)
        if not stage.store.struck():
            reading.must = Must.COMPLETE
        return [reading]

    return play


def during_plan(rules: Rules, must: Must, errors: tuple[str, ...] = ()) -> Play:
    """Plans and reads in a new process while the rules hold."""

    def play(stage: Stage) -> list[Reading]:
        function = stage.function()
        stage.store.rules = rules(stage)
        manner = Manner("with the fault", must, errors=errors)
        reading = plan_and_read(function, stage.played(), manner)
        if not stage.store.struck():
            reading.must = Must.COMPLETE
        return [reading]

    return play


def once(operation: str, action: Action) -> Rules:
    """Returns a fault of one request."""
    return lambda stage: [Rule(operation, action, skip=stage.position(operation), times=1)]


def always(operation: str, action: Action) -> Rules:
    """Returns a fault that lasts, from any request on."""
    return lambda stage: [Rule(operation, action, skip=stage.position(operation))]


def denied(stage: Stage) -> list[Rule]:
    return always("PUT", failing(403, stage.dice.choice(DENIALS)))(stage)


def slow(stage: Stage) -> list[Rule]:
    return [Rule("PUT", answers.slow(stage.dice, 0.0, 0.15), times=20)]


def mixture(stage: Stage) -> list[Rule]:
    """Returns up to six faults, each of one request."""
    dice = stage.dice
    actions = [dice.choice(TRANSIENT) for _ in range(dice.randint(2, 6))]
    return [Rule("PUT", action, skip=stage.position("PUT"), times=1) for action in actions]


def bucket_denied(stage: Stage) -> list[Rule]:
    status, code = stage.dice.choice([(403, "AccessDenied"), (404, "NoSuchBucket")])
    return [Rule("HEAD", failing(status, code))]


def bucket_unreliable(_: Stage) -> list[Rule]:
    return [
        Rule("HEAD", failing(500, "InternalError"), times=1),
        Rule("HEAD", answers.reset_before, times=1),
    ]


def refused(stage: Stage) -> list[Reading]:
    """The store stops listening in the middle of a read."""
    parts = stage.plan()

    def stop(exchange: answers.Exchange) -> None:
        stage.server.refuse()
        exchange.reset()

    stage.store.rules = always("PUT", stop)(stage)
    manner = Manner("with the fault", Must.FAIL, errors=("OperationTimeout",))
    reading = read(stage.first, stage.played(), parts, manner)
    if not stage.store.struck():
        reading.must = Must.COMPLETE
    return [reading]


def plain_text(stage: Stage) -> list[Reading]:
    """The function speaks TLS to a store that does not."""
    parts = stage.plan()
    function = stage.function(AWS_ENDPOINT_URL_S3=f"https://127.0.0.1:{stage.server.port}")
    return [read(function, stage.played(), parts, Manner("over TLS", Must.EITHER))]


def _put(name: str, rules: Rules, must: Must, *errors: str) -> Kind:
    return Kind(name, during_read(rules, must, errors), ANY, spilled=True)


def _unanswered(name: str, rules: Rules) -> Kind:
    play = during_read(rules, Must.FAIL, ("OperationTimeout",), seconds=1.5)
    return Kind(name, play, ANY, spilled=True)


_REDIRECT = {"x-amz-bucket-region": "eu-central-1"}
KINDS = [
    _put("put: reset before the request", once("PUT", answers.reset_before), Must.COMPLETE),
    _put("put: reset within the request", once("PUT", answers.reset_within), Must.COMPLETE),
    _put("put: stored, then reset", once("PUT", answers.reset_after), Must.COMPLETE),
    _put("put: stored, then closed", once("PUT", answers.close_after), Must.COMPLETE),
    _put("put: answer cut in its headers", once("PUT", answers.cut_status), Must.COMPLETE),
    _put("put: 500 InternalError once", once("PUT", failing(500, "InternalError")), Must.COMPLETE),
    _put("put: 503 SlowDown once", once("PUT", failing(503, "SlowDown")), Must.COMPLETE),
    _put("put: page of a proxy once", once("PUT", answers.page_of_a_proxy), Must.COMPLETE),
    _put(
        "put: 503 SlowDown for good",
        always("PUT", failing(503, "SlowDown")),
        Must.FAIL,
        "Throttling",
    ),
    _put("put: reset for good", always("PUT", answers.reset_before), Must.FAIL, "OperationTimeout"),
    _put("put: 403 for good", denied, Must.FAIL, "AccessDenied", "InvalidCredentials"),
    _put(
        "put: 404 NoSuchBucket",
        always("PUT", failing(404, "NoSuchBucket")),
        Must.FAIL,
        "EntityNotFound",
    ),
    _put(
        "put: 400 ExpiredToken",
        always("PUT", failing(400, "ExpiredToken")),
        Must.FAIL,
        "InvalidCredentials",
    ),
    _put(
        "put: 403 RequestTimeTooSkewed",
        once("PUT", failing(403, "RequestTimeTooSkewed")),
        Must.EITHER,
    ),
    _put(
        "put: 301 PermanentRedirect",
        always("PUT", failing(301, "PermanentRedirect", _REDIRECT)),
        Must.FAIL,
        "InvalidInput",
    ),
    _put("put: answer that is not HTTP", once("PUT", answers.garbage), Must.EITHER),
    _put("put: checksum of another object", once("PUT", answers.wrong_checksum), Must.EITHER),
    _put("put: damaged in transit", once("PUT", answers.damaged_in_transit), Must.EITHER),
    _put("put: interim answers", always("PUT", answers.interim), Must.COMPLETE),
    _put("put: slow", slow, Must.COMPLETE),
    _put("put: mixture", mixture, Must.EITHER),
    _unanswered("put: no answer", once("PUT", answers.stalled)),
    _unanswered("put: not read", once("PUT", answers.stalled_before)),
    Kind("put: connection refused", refused, ANY, spilled=True),
    Kind("put: TLS to plain text", plain_text, ANY, spilled=True),
    Kind(
        "head: 403 or 404 of the bucket",
        during_plan(bucket_denied, Must.FAIL, ("AccessDenied", "EntityNotFound")),
        ANY,
    ),
    Kind("head: 500, then reset", during_plan(bucket_unreliable, Must.COMPLETE), ANY),
]
