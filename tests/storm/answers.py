"""Answers of a store that fails: each replaces that of `s3_http.serve`."""

import random

from tests.storm.s3_http import CHECKSUM, Exchange, crc32, selected, serve, store_object
from tests.storm.s3_list import list_objects
from tests.storm.store import Action, StoredObject

FOREVER = 60.0
"""Seconds, longer than any run."""


def reset_before(exchange: Exchange) -> None:
    exchange.reset()


def reset_within(exchange: Exchange) -> None:
    """Resets the connection in the middle of the request."""
    exchange.handler.rfile.read(int(exchange.headers.get("Content-Length") or 0) // 2)
    exchange.reset()


def reset_after(exchange: Exchange) -> None:
    """Stores the object, but does not say so."""
    store_object(exchange)
    exchange.reset()


def close_after(exchange: Exchange) -> None:
    store_object(exchange)
    exchange.finish()


def cut_status(exchange: Exchange) -> None:
    """Stores the object, and ends the answer within its headers."""
    store_object(exchange)
    exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Len")
    exchange.finish()


def garbage(exchange: Exchange) -> None:
    """Answers with bytes that are not HTTP."""
    exchange.body()
    exchange.raw(bytes(range(1, 200)) + b"\r\n\r\n")
    exchange.finish()


def failing(status: int, code: str, headers: dict[str, str] | None = None) -> Action:
    """Returns an answer with an error of S3."""

    def fail(exchange: Exchange) -> None:
        exchange.body()
        exchange.error(status, code, headers)

    return fail


def page_of_a_proxy(exchange: Exchange) -> None:
    """Answers with an error that is not S3's."""
    exchange.body()
    exchange.send(502, b"<html><body>Bad Gateway</body></html>", {"Content-Type": "text/html"})


def slow(dice: random.Random, least: float, most: float) -> Action:
    """Returns the right answer after a random time in seconds."""

    def answer(exchange: Exchange) -> None:
        exchange.store.wait(dice.uniform(least, most))
        serve(exchange)

    return answer


def stalled(exchange: Exchange) -> None:
    """Takes the request, and never answers."""
    exchange.body()
    exchange.store.wait(FOREVER)
    exchange.reset()


def stalled_before(exchange: Exchange) -> None:
    """Does not even read the request."""
    exchange.store.wait(FOREVER)
    exchange.reset()


def interim(exchange: Exchange) -> None:
    """Sends the right answer after three interim ones."""
    exchange.raw(b"HTTP/1.1 102 Processing\r\n\r\n" * 3)
    serve(exchange)


def wrong_checksum(exchange: Exchange) -> None:
    """Stores the object, and reports the checksum of another one."""
    store_object(exchange)
    exchange.send(200, headers={CHECKSUM: crc32(b"another"), "ETag": '"0"'})


def damaged_in_transit(exchange: Exchange) -> None:
    """Answers as S3 does if the object arrives with other bytes."""
    body = bytearray(exchange.body())
    body[len(body) // 2] ^= 1
    if exchange.checksum() == crc32(bytes(body)) or exchange.checksum() is None:
        exchange.store.put(exchange.bucket, exchange.key, StoredObject(bytes(body)))
        exchange.send(200, headers={"ETag": '"0"'})
        return
    exchange.error(400, "BadDigest")


def reset_body(exchange: Exchange) -> None:
    """Resets the connection in the middle of an object or a list."""
    _begin(exchange)
    exchange.reset()


def close_body(exchange: Exchange) -> None:
    """Closes the connection in the middle of an object or a list."""
    _begin(exchange)
    exchange.finish()


def stalled_body(exchange: Exchange) -> None:
    """Goes silent in the middle of an object or a list."""
    _begin(exchange)
    exchange.store.wait(FOREVER)
    exchange.reset()


def _begin(exchange: Exchange) -> None:
    status, body, headers = right_answer(exchange)
    exchange.start(status, {**headers, "Content-Length": str(len(body))})
    exchange.raw(body[: len(body) // 2])


def right_answer(exchange: Exchange) -> tuple[int, bytes, dict[str, str]]:
    """Returns status, body and headers for an object or a list."""
    if exchange.operation == "LIST":
        return 200, list_objects(exchange), {"Content-Type": "application/xml"}
    stored = exchange.store.get(exchange.bucket, exchange.key)
    return selected(exchange, stored or StoredObject(b""))


def chunks_without_end(exchange: Exchange) -> None:
    """Sends half of the object in chunks, and closes without the last one."""
    status, body, headers = right_answer(exchange)
    exchange.start(status, {**headers, "Transfer-Encoding": "chunked"})
    half = body[: len(body) // 2]
    if half:
        exchange.raw(b"%x\r\n%s\r\n" % (len(half), half))
    exchange.finish()


def dripping(exchange: Exchange) -> None:
    """Sends an object in pieces, one at a time."""
    status, body, headers = right_answer(exchange)
    exchange.start(status, {**headers, "Content-Length": str(len(body))})
    size = max(1, len(body) // 20)
    for at in range(0, len(body), size):
        exchange.raw(body[at : at + size])
        exchange.store.wait(0.02)


def flipped_bit(exchange: Exchange) -> None:
    """Sends an object with one bit changed, under the checksum of the right one."""
    status, body, headers = right_answer(exchange)
    if CHECKSUM not in headers or not body:
        reset_body(exchange)
        return
    changed = bytearray(body)
    changed[len(changed) // 2] ^= 1
    exchange.send(status, bytes(changed), headers)


def half_of_an_object(exchange: Exchange) -> None:
    """Sends half an object as if it were all, under the checksum of the whole."""
    status, body, headers = right_answer(exchange)
    if CHECKSUM not in headers:
        reset_body(exchange)
        return
    exchange.send(status, body[: len(body) // 2], headers)


def half_of_the_document(exchange: Exchange) -> None:
    """Sends a list whose XML ends in the middle."""
    document = list_objects(exchange)
    exchange.send(200, document[: len(document) // 2], {"Content-Type": "application/xml"})


def list_without_token(exchange: Exchange) -> None:
    """Sends a part of the list that says there is more, but not how to get it."""
    exchange.store.page_size = 1
    document = list_objects(exchange)
    start, end = document.find(b"<NextCont"), document.find(b"</NextContinuationToken>")
    if start >= 0:
        document = document[:start] + document[end + len("</NextContinuationToken>") :]
    exchange.send(200, document, {"Content-Type": "application/xml"})


def first_page_again(exchange: Exchange) -> None:
    """Sends the first page of the list whatever token it is asked for."""
    exchange.store.page_size = 1
    exchange.query.pop("continuation-token", None)
    serve(exchange)
