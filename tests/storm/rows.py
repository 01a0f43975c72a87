"""Rows as a multiset, whatever their order and the blocks they come in."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

NULL = "\N{SYMBOL FOR NULL}"
SEPARATOR = "\N{SYMBOL FOR UNIT SEPARATOR}"


def keys(table: pa.Table, row_count: int | None = None) -> pa.Array:
    """Returns one text for each row, equal for equal rows.

    A table without columns does not know its number of rows.
    """
    if not table.num_columns:
        return pa.array([""] * (row_count or 0), pa.string())
    columns = [_text(column.combine_chunks()) for column in table.columns]
    return pc.binary_join_element_wise(*columns, SEPARATOR)


def _text(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_date64(column.type) or pa.types.is_timestamp(column.type):
        column = column.view(pa.int64())
    return pc.fill_null(column.cast(pa.string()), NULL)


def is_same(left: pa.Array, right: pa.Array) -> bool:
    """Returns whether two multisets are equal."""
    return len(left) == len(right) and left.sort().equals(right.sort())


def surplus(left: pa.Array, right: pa.Array) -> int:
    """Returns how many rows of `left` are not in `right`, or more often than there."""
    return sum((Counter(left.to_pylist()) - Counter(right.to_pylist())).values())
