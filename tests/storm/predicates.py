"""Random predicates on a column: their form on the wire, and what they select."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tests.storm.blocks import Json, type_json, values

Mask = Callable[[pa.Table], pa.Array]
"""Returns which rows pass; null counts as no."""


@dataclass(frozen=True)
class Predicate:
    """A condition on one column, as a value set or else as an expression."""

    column: str
    select: Mask
    value_set: Json | None = None
    expression: Json | None = None


@dataclass(frozen=True)
class Column:
    """A column to constrain, with values that occur in it."""

    name: str
    type: pa.DataType
    samples: list[Any]  # without nulls, at least one


def is_supported(kind: pa.DataType) -> bool:
    return (
        pa.types.is_signed_integer(kind)
        or pa.types.is_string(kind)
        or pa.types.is_float64(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_date32(kind)
    )


def random_predicate(dice: random.Random, column: Column) -> Predicate:
    kinds = [in_list, ranges, is_null, comparison, either]
    return dice.choice(kinds)(dice, column)


def in_list(dice: random.Random, column: Column) -> Predicate:
    """`IN (...)` or `NOT IN (...)`, with or without nulls."""
    items = sorted(set(dice.choices(column.samples, k=dice.randint(1, 40))))
    inclusive, nulls = dice.random() < 0.7, dice.random() < 0.3
    value_set = {
        "@type": "EquatableValueSet",
        "valueBlock": values(column.type, items),
        "whiteList": inclusive,
        "nullAllowed": nulls,
    }

    def select(table: pa.Table) -> pa.Array:
        cells = table[column.name]
        found = pc.is_in(cells, pa.array(items, column.type))
        wanted = found if inclusive else pc.invert(found)
        return pc.if_else(pc.is_null(cells), nulls, wanted)

    return Predicate(column.name, select, value_set=value_set)


def ranges(dice: random.Random, column: Column) -> Predicate:
    """One to three ranges between values of the column, some without an end."""
    count = dice.randint(1, 3)
    bounds = sorted(set(dice.choices(column.samples, k=2 * count)))
    pairs = [(bounds[at], bounds[min(at + 1, len(bounds) - 1)]) for at in range(0, len(bounds), 2)]
    low_open, high_open = dice.random() < 0.3, dice.random() < 0.3
    exclusive, nulls = dice.random() < 0.3, dice.random() < 0.2
    # An exclusive range of one value is not one.
    exclusive = exclusive and all(low < high for low, high in pairs)
    encoded, tests = [], []
    for at, (low, high) in enumerate(pairs):
        no_low = low_open and at == 0
        no_high = high_open and at == len(pairs) - 1
        encoded.append(
            {
                "low": _marker(column, None if no_low else low, "ABOVE", exclusive),
                "high": _marker(column, None if no_high else high, "BELOW", exclusive),
            }
        )
        tests.append((None if no_low else low, None if no_high else high))
    value_set = {
        "@type": "SortedRangeSet",
        "type": type_json(column.type),
        "ranges": encoded,
        "nullAllowed": nulls,
    }

    def select(table: pa.Table) -> pa.Array:
        cells = table[column.name]
        passed = pc.is_null(cells) if nulls else pc.and_not(pc.is_valid(cells), True)
        for low, high in tests:
            passed = pc.or_(passed, _between(cells, column.type, low, high, exclusive))
        return passed

    return Predicate(column.name, select, value_set=value_set)


def _marker(column: Column, value: Any, outside: str, exclusive: bool) -> Json:
    is_open = value is None
    return {
        "valueBlock": values(column.type, [] if is_open else [value]),
        "bound": outside if is_open or exclusive else "EXACTLY",
        "nullValue": is_open,
    }


def _between(
    cells: pa.ChunkedArray, kind: pa.DataType, low: Any, high: Any, exclusive: bool
) -> pa.ChunkedArray:
    above, below = (pc.greater, pc.less) if exclusive else (pc.greater_equal, pc.less_equal)
    passed = pc.is_valid(cells)
    if low is not None:
        passed = pc.and_(passed, pc.fill_null(above(cells, pa.scalar(low, kind)), False))
    if high is not None:
        passed = pc.and_(passed, pc.fill_null(below(cells, pa.scalar(high, kind)), False))
    return passed


def is_null(dice: random.Random, column: Column) -> Predicate:
    """`IS NULL` or `IS NOT NULL`, as an expression."""
    negated = dice.random() < 0.6
    expression = _call("$is_null", _variable(column))
    if negated:
        expression = _call("$not", expression)

    def select(table: pa.Table) -> pa.Array:
        return (pc.is_valid if negated else pc.is_null)(table[column.name])

    return Predicate(column.name, select, expression=expression)


COMPARISONS: dict[str, Any] = {
    "$equal": pc.equal,
    "$not_equal": pc.not_equal,
    "$less_than": pc.less,
    "$less_than_or_equal": pc.less_equal,
    "$greater_than": pc.greater,
    "$greater_than_or_equal": pc.greater_equal,
}


def comparison(dice: random.Random, column: Column) -> Predicate:
    """A comparison with a value, as an expression."""
    name, value = dice.choice(sorted(COMPARISONS)), dice.choice(column.samples)
    expression = _call(name, _variable(column), _constant(column, value))

    def select(table: pa.Table) -> pa.Array:
        return COMPARISONS[name](table[column.name], pa.scalar(value, column.type))

    return Predicate(column.name, select, expression=expression)


def either(dice: random.Random, column: Column) -> Predicate:
    """`OR` of two comparisons, or its negation, as an expression."""
    left, right = comparison(dice, column), comparison(dice, column)
    negated = dice.random() < 0.3
    assert left.expression is not None
    assert right.expression is not None
    expression = _call("$or", left.expression, right.expression)
    if negated:
        expression = _call("$not", expression)

    def select(table: pa.Table) -> pa.Array:
        passed = pc.or_kleene(left.select(table), right.select(table))
        return pc.invert(passed) if negated else passed

    return Predicate(column.name, select, expression=expression)


def _call(name: str, *arguments: Json) -> Json:
    return {
        "@type": "FunctionCallExpression",
        "type": {"@type": "Bool"},
        "functionName": {"functionName": name},
        "arguments": list(arguments),
    }


def _variable(column: Column) -> Json:
    return {
        "@type": "VariableExpression",
        "columnName": column.name,
        "type": type_json(column.type),
    }


def _constant(column: Column, value: Any) -> Json:
    block = values(column.type, [value])
    return {"@type": "ConstantExpression", "valueBlock": block, "type": type_json(column.type)}
