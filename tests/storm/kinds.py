"""All kinds of fault."""

from tests.storm import kinds_process, kinds_source, kinds_store
from tests.storm.stage import Kind

KINDS: list[Kind] = [*kinds_store.KINDS, *kinds_source.KINDS, *kinds_process.KINDS]
