//! Reference implementation of the semantics, one row at a time and as plain as possible. Shares no
//! code with the evaluator.

mod wide;

use std::cmp::Ordering;

use arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{
        DataType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
        Int16Type, Int32Type, Int64Type, TimestampMillisecondType,
    },
    record_batch::RecordBatch,
};
use athena_protocol::predicate::{Bound, Constraints, Expression, Marker, Range, ValueSet};

/// Value of one row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    /// Failure of a query that depends on the value.
    Failure,
    Bool(bool),
    Int(i64),
    Decimal(i128, i8),
    Single(f32),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Day(i32),
    Milli(i64),
    Instant(i64),
}

use Value::{Bool, Bytes, Day, Decimal, Double, Failure, Instant, Int, Milli, Null, Single, Text};
use wide::Wide;

/// Reads the value of a row. Instants are packed in wire form.
pub(super) fn read(array: &ArrayRef, row: usize, wire: bool) -> Value {
    if array.is_null(row) || *array.data_type() == DataType::Null {
        return Null;
    }
    match array.data_type() {
        DataType::Boolean => Bool(array.as_boolean().value(row)),
        DataType::Int8 => Int(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Int(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Int(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Int(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float32 => Single(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => Double(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            Decimal(array.as_primitive::<Decimal128Type>().value(row), *scale)
        }
        DataType::Utf8 => Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::Binary => Bytes(array.as_binary::<i32>().value(row).to_vec()),
        DataType::Date32 => Day(array.as_primitive::<Date32Type>().value(row)),
        DataType::Date64 => Milli(array.as_primitive::<Date64Type>().value(row)),
        DataType::Timestamp(_, _) => {
            let value = array.as_primitive::<TimestampMillisecondType>().value(row);
            Instant(if wire { value.div_euclid(4_096) } else { value })
        }
        other => panic!("no samples of {other}"),
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Single(value) => Some(f64::from(*value)),
        Double(value) => Some(*value),
        #[expect(
            clippy::cast_precision_loss,
            reason = "samples compare small integers with floats"
        )]
        Int(value) => Some(*value as f64),
        #[expect(clippy::cast_precision_loss, reason = "samples compare small numbers with floats")]
        Decimal(digits, 0) => Some(*digits as f64),
        _ => None,
    }
}

fn is_nan(value: &Value) -> bool {
    matches!(value, Single(value) if value.is_nan())
        || matches!(value, Double(value) if value.is_nan())
}

/// Returns sign, whole digits and fraction of a number, padded so that texts of one sign compare
/// like the numbers.
fn digits(value: &Value) -> Option<(bool, String)> {
    let (digits, scale) = match value {
        Int(value) => (i128::from(*value), 0),
        Decimal(digits, scale) => (*digits, usize::try_from(*scale).expect("no negative scales")),
        _ => return None,
    };
    let text = format!("{:0>80}", digits.unsigned_abs());
    let (whole, fraction) = text.split_at(80 - scale);
    Some((digits < 0, format!("{whole:0>80}.{fraction:0<40}")))
}

/// Compares two non-null values; `None` if one is NaN.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Bool(left), Bool(right)) => Some(left.cmp(right)),
        (Text(left), Text(right)) => Some(left.chars().cmp(right.chars())),
        (Bytes(left), Bytes(right)) => Some(left.cmp(right)),
        (Instant(left), Instant(right)) | (Milli(left), Milli(right)) => Some(left.cmp(right)),
        (Day(left), Day(right)) => Some(left.cmp(right)),
        (Day(left), Milli(right)) => {
            Some((i128::from(*left) * 86_400_000).cmp(&i128::from(*right)))
        }
        (Milli(left), Day(right)) => {
            Some(i128::from(*left).cmp(&(i128::from(*right) * 86_400_000)))
        }
        _ => match (digits(left), digits(right)) {
            (Some((false, left)), Some((false, right))) => Some(left.cmp(&right)),
            (Some((true, left)), Some((true, right))) => Some(right.cmp(&left)),
            (Some((left, _)), Some((right, _))) => Some(right.cmp(&left)),
            _ => float(left)
                .expect("a float or comparable")
                .partial_cmp(&float(right).expect("a float or comparable")),
        },
    }
}

/// Returns whether a value of a column is in a value set.
pub(super) fn in_set(set: &ValueSet, value: &Value) -> bool {
    if *value == Null {
        return set.null_allowed();
    }
    match set {
        ValueSet::AllOrNone(set) => set.all,
        ValueSet::Equatable(set) => {
            let equal = |row| {
                let item = read(&set.values, row, true);
                item != Null
                    && (compare(&item, value) == Some(Ordering::Equal)
                        || (is_nan(&item) && is_nan(value)))
            };
            let listed = (0..set.values.len()).any(equal);
            if set.inclusive { listed } else { !listed || is_nan(value) }
        }
        ValueSet::SortedRange(set) if is_nan(value) => nan_in_ranges(&set.ranges),
        ValueSet::SortedRange(set) => set.ranges.iter().any(|range| in_range(range, value)),
    }
}

fn in_range(range: &Range, value: &Value) -> bool {
    let above = match marker(&range.low) {
        Null => range.low.null_value && range.low.bound == Bound::Above,
        low if is_nan(&low) => false,
        low => {
            let order = compare(value, &low).expect("neither is NaN");
            order == Ordering::Greater
                || (order == Ordering::Equal && range.low.bound != Bound::Above)
        }
    };
    let below = match marker(&range.high) {
        Null => true,
        high if is_nan(&high) => true,
        high => {
            let order = compare(value, &high).expect("neither is NaN");
            order == Ordering::Less
                || (order == Ordering::Equal && range.high.bound != Bound::Below)
        }
    };
    above && below
}

fn marker(marker: &Marker) -> Value {
    match &marker.value {
        Some(value) if !marker.null_value && !value.is_empty() => read(value, 0, true),
        _ => Null,
    }
}

/// Returns whether NaN is in the ranges: if one names it, or if they cover every number, its
/// neighbors included.
fn nan_in_ranges(ranges: &[Range]) -> bool {
    let ends: Vec<Value> =
        ranges.iter().flat_map(|range| [&range.low, &range.high]).map(marker).collect();
    let named = ranges.iter().flat_map(|range| [&range.low, &range.high]);
    if named.into_iter().any(|end| end.bound == Bound::Exactly && is_nan(&marker(end))) {
        return true;
    }
    let mut probes = vec![f64::NEG_INFINITY, 0.0, f64::INFINITY];
    for end in ends.iter().filter_map(float).filter(|end| !end.is_nan()) {
        probes.extend([end, end.next_up(), end.next_down()]);
    }
    // A range above NaN is empty.
    let above_all =
        ranges.iter().any(|range| marker(&range.high) == Null && !is_nan(&marker(&range.low)));
    let from_start =
        ranges.iter().any(|range| range.low.null_value && range.low.bound == Bound::Above);
    above_all
        && from_start
        && probes
            .into_iter()
            .all(|probe| ranges.iter().any(|range| in_range(range, &Double(probe))))
}

/// Evaluates an expression on a row.
pub(super) fn evaluate(expression: &Expression, batch: &RecordBatch, row: usize) -> Value {
    match expression {
        Expression::Constant { values, .. } => {
            values.as_ref().map_or(Null, |values| read(values, 0, true))
        }
        Expression::Variable { column, .. } => {
            read(batch.column_by_name(column).expect("a known column"), row, false)
        }
        Expression::Call { function, arguments, data_type } => {
            let mut values: Vec<Value> = arguments
                .iter()
                .filter(|argument| !is_array(argument))
                .map(|argument| evaluate(argument, batch, row))
                .collect();
            match function.as_str() {
                "$and" => connect(&values, false),
                "$or" => connect(&values, true),
                _ if values.contains(&Failure) => Failure,
                "$is_null" => Bool(values[0] == Null),
                "$is_distinct_from" => Bool(distinct(&values[0], &values[1])),
                "$in" => {
                    let items = items(&arguments[1], batch, row);
                    if items.contains(&Failure) {
                        return Failure;
                    }
                    let equals: Vec<Value> =
                        items.iter().map(|item| comparison("$equal", &values[0], item)).collect();
                    connect(&equals, true)
                }
                "$nullif" if comparison("$equal", &values[0], &values[1]) == Bool(true) => Null,
                "$nullif" => values.swap_remove(0),
                _ if values.contains(&Null) => Null,
                "$not" => Bool(values[0] == Bool(false)),
                "$like_pattern" => like(&values),
                "$negate" => negate(&values[0], data_type),
                "$add" | "$subtract" | "$multiply" | "$divide" | "$modulus" => {
                    arithmetic(function, &values[0], &values[1], data_type)
                }
                _ => comparison(function, &values[0], &values[1]),
            }
        }
    }
}

fn is_array(expression: &Expression) -> bool {
    match expression {
        Expression::Call { function, .. } => function == "$array",
        Expression::Constant { values: Some(values), .. } => values.len() > 1,
        Expression::Constant { values: None, .. } | Expression::Variable { .. } => false,
    }
}

fn items(list: &Expression, batch: &RecordBatch, row: usize) -> Vec<Value> {
    match list {
        Expression::Constant { values: Some(values), .. } => {
            (0..values.len()).map(|row| read(values, row, true)).collect()
        }
        Expression::Call { arguments, .. } => {
            arguments.iter().flat_map(|argument| items(argument, batch, row)).collect()
        }
        other => vec![evaluate(other, batch, row)],
    }
}

/// Combines truth values by Kleene's logic, where a failure counts unless another arm decides.
fn connect(arms: &[Value], decisive: bool) -> Value {
    if arms.contains(&Bool(decisive)) {
        Bool(decisive)
    } else if arms.contains(&Failure) {
        Failure
    } else if arms.contains(&Null) {
        Null
    } else {
        Bool(!decisive)
    }
}

fn distinct(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Null, Null) => false,
        (Null, _) | (_, Null) => true,
        _ if is_nan(left) && is_nan(right) => false,
        _ => compare(left, right) != Some(Ordering::Equal),
    }
}

fn comparison(function: &str, left: &Value, right: &Value) -> Value {
    if *left == Null || *right == Null {
        return Null;
    }
    let order = compare(left, right);
    Bool(match function {
        "$equal" => order == Some(Ordering::Equal),
        "$not_equal" => order != Some(Ordering::Equal),
        "$less_than" => order == Some(Ordering::Less),
        "$less_than_or_equal" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        "$greater_than" => order == Some(Ordering::Greater),
        "$greater_than_or_equal" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        other => panic!("no function {other}"),
    })
}

/// Matches by trying every length for every `%`.
fn like(values: &[Value]) -> Value {
    fn matches(pattern: &[(char, bool)], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [('%', true), rest @ ..] => {
                (0..=text.len()).any(|skipped| matches(rest, &text[skipped..]))
            }
            [('_', true), rest @ ..] => !text.is_empty() && matches(rest, &text[1..]),
            [(literal, _), rest @ ..] => text.first() == Some(literal) && matches(rest, &text[1..]),
        }
    }
    let text = |value: &Value| match value {
        Text(text) => text.chars().collect::<Vec<char>>(),
        other => panic!("LIKE of {other:?}"),
    };
    let escape = values.get(2).and_then(|escape| text(escape).first().copied());
    let mut pattern = Vec::new();
    let mut escaped = false;
    for char in text(&values[1]) {
        if !escaped && Some(char) == escape {
            escaped = true;
        } else {
            pattern.push((char, !escaped && matches!(char, '%' | '_')));
            escaped = false;
        }
    }
    Bool(matches(&pattern, &text(&values[0])))
}

fn whole(value: i128, data_type: &DataType) -> Value {
    let bits = match data_type {
        DataType::Int8 => 7,
        DataType::Int16 => 15,
        DataType::Int32 => 31,
        _ => 63,
    };
    let limit = 1_i128 << bits;
    if (-limit..limit).contains(&value) {
        Int(i64::try_from(value).expect("at most 64 bits"))
    } else {
        Failure
    }
}

fn negate(value: &Value, data_type: &DataType) -> Value {
    match value {
        Int(value) => whole(-i128::from(*value), data_type),
        Decimal(digits, scale) => Decimal(-digits, *scale),
        Single(value) => Single(-value),
        Double(value) => Double(-value),
        other => panic!("no negative of {other:?}"),
    }
}

fn arithmetic(function: &str, left: &Value, right: &Value, data_type: &DataType) -> Value {
    match (left, right) {
        (Int(left), Int(right)) if data_type.is_integer() => {
            let left = i128::from(*left);
            let right = i128::from(*right);
            match function {
                "$add" => whole(left + right, data_type),
                "$subtract" => whole(left - right, data_type),
                "$multiply" => whole(left * right, data_type),
                _ if right == 0 => Failure,
                "$divide" => whole(left / right, data_type),
                _ => whole(left % right, data_type),
            }
        }
        _ if *data_type == DataType::Float32 => {
            let single = |value: &Value| match value {
                Single(value) => *value,
                Int(value) => {
                    f32::from(i16::try_from(*value).expect("wider integers are no singles"))
                }
                other => panic!("no single-precision arithmetic on {other:?}"),
            };
            let left = single(left);
            let right = single(right);
            Single(match function {
                "$add" => left + right,
                "$subtract" => left - right,
                "$multiply" => left * right,
                "$divide" => left / right,
                _ => left % right,
            })
        }
        _ if *data_type == DataType::Float64 => {
            let left = float(left).expect("a number");
            let right = float(right).expect("a number");
            Double(match function {
                "$add" => left + right,
                "$subtract" => left - right,
                "$multiply" => left * right,
                "$divide" => left / right,
                _ => left % right,
            })
        }
        _ => decimals(function, left, right),
    }
}

/// Computes exactly, and fails if the result has more than 38 digits.
fn decimals(function: &str, left: &Value, right: &Value) -> Value {
    let parts = |value: &Value| match value {
        Int(value) => (Wide::of(i128::from(*value)), 0_i8),
        Decimal(digits, scale) => (Wide::of(*digits), *scale),
        other => panic!("no arithmetic on {other:?}"),
    };
    let zeros = |scale: i8| usize::try_from(scale).expect("not negative");
    let (left, left_scale) = parts(left);
    let (right, right_scale) = parts(right);
    let scale = if function == "$multiply" {
        left_scale + right_scale
    } else {
        left_scale.max(right_scale)
    };
    let l = left.shifted(zeros(scale - left_scale));
    let r = right.shifted(zeros(scale - right_scale));
    let result = match function {
        "$add" => l.plus(&r),
        "$subtract" => l.plus(&r.negated()),
        "$multiply" => left.times(&right),
        _ if r.is_zero() => return Failure,
        "$modulus" => l.divided(&r).1,
        _ => {
            // Half of one more than twice the quotient rounds half away from zero.
            let negative = l.is_negative() != r.is_negative();
            let doubled =
                l.absolute().shifted(zeros(scale)).times(&Wide::of(2)).divided(&r.absolute()).0;
            let rounded = doubled.plus(&Wide::of(1)).divided(&Wide::of(2)).0;
            if negative { rounded.negated() } else { rounded }
        }
    };
    result.to_decimal().map_or(Failure, |digits| Decimal(digits, scale))
}

/// Returns whether a row is kept or dropped, or the failure of the query, which only a row that no
/// condition drops can cause.
pub(super) fn keeps(constraints: &Constraints, batch: &RecordBatch, row: usize) -> Value {
    let mut outcomes: Vec<Value> = Vec::new();
    for (name, set) in &constraints.summary {
        outcomes.push(Bool(in_set(
            set,
            &read(batch.column_by_name(name).expect("a known column"), row, false),
        )));
    }
    for condition in &constraints.expressions {
        outcomes.extend(
            conjuncts(condition).into_iter().map(|condition| evaluate(condition, batch, row)),
        );
    }
    if outcomes.iter().any(|outcome| matches!(outcome, Bool(false) | Null)) {
        Bool(false)
    } else if outcomes.contains(&Failure) {
        Failure
    } else {
        Bool(true)
    }
}

fn conjuncts(condition: &Expression) -> Vec<&Expression> {
    match condition {
        Expression::Call { function, arguments, .. } if function == "$and" => {
            arguments.iter().flat_map(conjuncts).collect()
        }
        other => vec![other],
    }
}
