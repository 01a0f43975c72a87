//! Arithmetic on every pair of number types: the value, null or failure of each combination of edge
//! values.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Float32Array, Float64Array, Int64Array},
    compute::cast,
    datatypes::DataType,
    record_batch::RecordBatch,
};
use athena_protocol::predicate::Expression;

use super::{
    super::{
        build::{call, column, shared, typed},
        oracle::{Value, evaluate},
        sample::decimal,
    },
    Table, combinations, constants,
};

const OPERATIONS: [&str; 5] = ["$add", "$subtract", "$multiply", "$divide", "$modulus"];
const NUMBERS: [&str; 9] = ["i8", "i16", "i32", "i64", "f32", "f64", "dec2", "dec0", "dec38"];

pub(super) fn run(table: &mut Table) {
    for (left, left_values) in numbers(table) {
        let single = combinations(&[("l", &left_values)]);
        negation(table, left_values.data_type(), &single);
        for (right, right_values) in numbers(table) {
            let rows = combinations(&[("l", &left_values), ("r", &right_values)]);
            for operation in OPERATIONS {
                let types = [left_values.data_type(), right_values.data_type()];
                let Some(result) = result_type(operation, types) else { continue };
                results(
                    table,
                    &typed(operation, [column("l"), column("r")], result.clone()),
                    &rows,
                );
                if left == right {
                    chained(table, operation, &result, &rows);
                }
                for constant in constants(&right_values) {
                    let constant = || shared(ArrayRef::clone(&constant));
                    results(
                        table,
                        &typed(operation, [constant(), column("l")], result.clone()),
                        &single,
                    );
                    results(
                        table,
                        &typed(operation, [column("l"), constant()], result.clone()),
                        &single,
                    );
                }
            }
        }
    }
}

fn numbers(table: &Table) -> Vec<(&'static str, ArrayRef)> {
    table.pools.iter().filter(|(name, _)| NUMBERS.contains(name)).cloned().collect()
}

/// Returns Trino's type of the result; `None` if it would take a cast, which the protocol lacks, or
/// is illegal.
fn result_type(operation: &str, [left, right]: [&DataType; 2]) -> Option<DataType> {
    let scale = |data_type: &DataType| match data_type {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    };
    match (left, right) {
        (left, right) if left.is_integer() && right.is_integer() => {
            Some(if left.primitive_width() >= right.primitive_width() {
                left.clone()
            } else {
                right.clone()
            })
        }
        (DataType::Float32, DataType::Float32 | DataType::Int8 | DataType::Int16)
        | (DataType::Int8 | DataType::Int16, DataType::Float32) => Some(DataType::Float32),
        (
            DataType::Float64,
            DataType::Float64
            | DataType::Float32
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32,
        )
        | (
            DataType::Float32 | DataType::Int8 | DataType::Int16 | DataType::Int32,
            DataType::Float64,
        ) => Some(DataType::Float64),
        (left, right) if left.is_floating() || right.is_floating() => None,
        (left, right) => {
            let left = scale(left);
            let right = scale(right);
            let scale = if operation == "$multiply" { left + right } else { left.max(right) };
            (scale <= 38).then_some(DataType::Decimal128(38, scale))
        }
    }
}

/// Compares the values with the oracle's, added to the batch as a column.
fn results(table: &mut Table, expression: &Expression, rows: &RecordBatch) {
    let Expression::Call { data_type, .. } = expression else {
        unreachable!("only calls are tried")
    };
    let values: Vec<Value> =
        (0..rows.num_rows()).map(|row| evaluate(expression, rows, row)).collect();
    let expected = column_of(&values, data_type);
    let mut columns: Vec<(String, ArrayRef)> = rows
        .schema_ref()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .zip(rows.columns().iter().cloned())
        .collect();
    columns.push(("e".to_owned(), expected));
    let rows = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )
    .expect("columns of one length");
    let differs = || call("$is_distinct_from", [expression.clone(), column("e")]);
    table.truths_if(true, &differs(), &rows);
}

/// Checks an operation on the result of an operation, which propagates failures and nulls.
fn chained(table: &mut Table, operation: &str, data_type: &DataType, rows: &RecordBatch) {
    let inner = || typed(operation, [column("l"), column("r")], data_type.clone());
    let less = call("$less_than", [inner(), column("l")]);
    table.truths_if(true, &call("$or", [less, call("$is_null", [inner()])]), rows);
}

fn negation(table: &mut Table, data_type: &DataType, rows: &RecordBatch) {
    results(table, &typed("$negate", [column("l")], data_type.clone()), rows);
    let twice =
        typed("$negate", [typed("$negate", [column("l")], data_type.clone())], data_type.clone());
    table.truths_if(true, &call("$equal", [twice, column("l")]), rows);
}

/// Creates a column of the values, with null where there is none.
fn column_of(values: &[Value], data_type: &DataType) -> ArrayRef {
    match data_type {
        DataType::Decimal128(precision, scale) => {
            let digits = |value: &Value| {
                if let Value::Decimal(digits, _) = value { Some(*digits) } else { None }
            };
            decimal(values.iter().map(digits).collect(), *precision, *scale)
        }
        DataType::Float32 => {
            let single =
                |value: &Value| if let Value::Single(value) = value { Some(*value) } else { None };
            Arc::new(values.iter().map(single).collect::<Float32Array>())
        }
        DataType::Float64 => {
            let double =
                |value: &Value| if let Value::Double(value) = value { Some(*value) } else { None };
            Arc::new(values.iter().map(double).collect::<Float64Array>())
        }
        _ => {
            let int =
                |value: &Value| if let Value::Int(value) = value { Some(*value) } else { None };
            let values: ArrayRef = Arc::new(values.iter().map(int).collect::<Int64Array>());
            cast(&values, data_type).expect("the oracle keeps to the type")
        }
    }
}
