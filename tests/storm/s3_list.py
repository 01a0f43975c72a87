"""ListObjectsV2: pages of keys and common prefixes as XML."""

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tests.storm.store import etag

if TYPE_CHECKING:
    from tests.storm.s3_http import Exchange


def list_objects(exchange: "Exchange") -> bytes:
    """Returns one page, which ends with a token if there are more."""
    query = exchange.query
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    entries = _entries(exchange.store.keys(exchange.bucket, prefix), prefix, delimiter)
    start = query.get("continuation-token") or query.get("start-after", "")
    after = [entry for entry in entries if entry > start]
    size = min(int(query.get("max-keys", "1000")), exchange.store.page_size)
    page, more = after[:size], len(after) > size
    lines = [_entry(exchange, entry, delimiter) for entry in page]
    token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{escape(exchange.bucket)}</Name><Prefix>{escape(prefix)}</Prefix>"
        f"<KeyCount>{len(page)}</KeyCount><MaxKeys>{size}</MaxKeys>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{''.join(lines)}</ListBucketResult>"
    )
    return text.encode()


def _entries(keys: list[str], prefix: str, delimiter: str) -> list[str]:
    """Returns keys, and in place of those with the delimiter their common prefixes."""
    entries = set()
    for key in keys:
        rest = key[len(prefix) :]
        if delimiter and delimiter in rest:
            key = prefix + rest.split(delimiter)[0] + delimiter
        entries.add(key)
    return sorted(entries)


def _entry(exchange: "Exchange", entry: str, delimiter: str) -> str:
    if delimiter and entry.endswith(delimiter):
        return f"<CommonPrefixes><Prefix>{escape(entry)}</Prefix></CommonPrefixes>"
    stored = exchange.store.get(exchange.bucket, entry)
    body = stored.body if stored else b""
    return (
        f"<Contents><Key>{escape(entry)}</Key><LastModified>2026-01-01T00:00:00.000Z"
        f"</LastModified><ETag>{escape(etag(body))}</ETag><Size>{len(body)}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
    )
