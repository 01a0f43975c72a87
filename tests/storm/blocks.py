"""Blocks, schemas and types of the protocol, encoded and decoded with Arrow."""

import base64
from typing import Any

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Json = dict[str, Any]


class UnreadableBlock(Exception):
    """An object that is not an encrypted block of the response."""


def encode_schema(schema: pa.Schema) -> str:
    return base64.b64encode(schema.serialize()).decode()


def decode_schema(text: str) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))


def encode_block(batch: pa.RecordBatch) -> Json:
    records = base64.b64encode(batch.serialize()).decode() if batch.num_rows else ""
    return {"aId": "storm", "schema": encode_schema(batch.schema), "records": records}


def decode_block(block: Json) -> pa.RecordBatch:
    schema = decode_schema(block["schema"])
    if not block["records"]:
        return pa.RecordBatch.from_pylist([], schema)
    return pa.ipc.read_record_batch(pa.py_buffer(base64.b64decode(block["records"])), schema)


def values(kind: pa.DataType, items: list[Any]) -> Json:
    """Encodes values as the block with the single column `col1` that value sets use."""
    schema = pa.schema([pa.field("col1", kind)])
    return encode_block(pa.record_batch([pa.array(items, kind)], schema=schema))


def open_object(body: bytes, schema: pa.Schema, key: Json | None) -> pa.RecordBatch:
    """Decrypts and decodes a spilled object."""
    if key is not None:
        secret, nonce = base64.b64decode(key["key"]), base64.b64decode(key["nonce"])
        try:
            body = AESGCM(secret).decrypt(nonce, body, None)
        except InvalidTag as error:
            raise UnreadableBlock("the key of the response does not decrypt it") from error
    try:
        return pa.ipc.read_record_batch(pa.py_buffer(body), schema)
    except (pa.ArrowInvalid, OSError) as error:
        raise UnreadableBlock(f"it is not a record batch of the schema: {error}") from error


def type_json(kind: pa.DataType) -> Json:
    """Returns the form of a type in value sets and expressions."""
    if pa.types.is_integer(kind):
        return {"@type": "Int", "bitWidth": kind.bit_width, "isSigned": True}
    if pa.types.is_float64(kind):
        return {"@type": "FloatingPoint", "precision": "DOUBLE"}
    if pa.types.is_decimal(kind):
        return {"@type": "Decimal", "precision": kind.precision, "scale": kind.scale}
    if pa.types.is_date32(kind):
        return {"@type": "Date", "unit": "DAY"}
    if pa.types.is_boolean(kind):
        return {"@type": "Bool"}
    if pa.types.is_string(kind):
        return {"@type": "Utf8"}
    raise ValueError(f"type {kind} is not used in constraints")
