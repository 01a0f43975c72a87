//! Tests of limits and orders.

use std::{cmp::Ordering, sync::Arc};

use arrow::{
    array::{
        ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, ListArray, StringArray,
        UInt32Array,
    },
    compute::{concat_batches, take},
    datatypes::{DataType, Field, Int32Type, Int64Type, Schema},
    record_batch::RecordBatch,
};
use athena_protocol::predicate::{Constraints, Direction, OrderByField};

use super::{
    oracle::{Value, compare, read},
    sample::{Rng, batch, pools},
};
use crate::residual::RowLimit;

const PLENTY: usize = 1 << 30;

fn order(columns: &[(&str, Direction)]) -> Vec<OrderByField> {
    let field = |(name, direction): &(&str, Direction)| OrderByField {
        column_name: Some((*name).to_owned()),
        direction: *direction,
    };
    columns.iter().map(field).collect()
}

fn constraints(limit: Option<u64>, order_by: Vec<OrderByField>) -> Constraints {
    Constraints { limit, order_by, ..Constraints::default() }
}

/// Returns all rows of the result, in output order.
fn run(constraints: &Constraints, batches: &[RecordBatch], cap_bytes: usize) -> RecordBatch {
    let schema = batches[0].schema();
    let mut limit = RowLimit::try_new(constraints, &schema, cap_bytes).expect("a limit");
    let mut out = Vec::new();
    for batch in batches {
        out.extend(limit.push(batch.clone()).expect("pushed"));
    }
    out.extend(limit.finish().expect("finished"));
    concat_batches(&schema, &out).expect("batches of one schema")
}

fn numbers(from: i64, count: usize) -> RecordBatch {
    let id: ArrayRef = Arc::new((from..).take(count).collect::<Int64Array>());
    RecordBatch::try_from_iter([("id", id)]).expect("one column")
}

fn ids(batch: &RecordBatch) -> Vec<i64> {
    batch.column_by_name("id").expect("numbered rows").as_primitive::<Int64Type>().values().to_vec()
}

#[test]
fn without_an_order_the_first_rows_pass_in_input_order() {
    let schema = numbers(0, 0).schema();
    let mut limit =
        RowLimit::try_new(&constraints(Some(5), vec![]), &schema, PLENTY).expect("a limit");
    assert!(!limit.is_satisfied());
    assert_eq!(ids(&limit.push(numbers(0, 3)).expect("pushed").expect("three rows")), [0, 1, 2]);
    assert_eq!(limit.push(numbers(0, 0)).expect("pushed"), None);
    assert!(!limit.is_satisfied());
    assert_eq!(ids(&limit.push(numbers(3, 3)).expect("pushed").expect("two rows")), [3, 4]);
    assert!(limit.is_satisfied());
    assert_eq!(limit.push(numbers(6, 3)).expect("pushed"), None);
    assert!(limit.finish().expect("finished").is_empty());
}

#[test]
fn zero_is_a_limit() {
    for order_by in [vec![], order(&[("id", Direction::AscNullsLast)])] {
        let schema = numbers(0, 0).schema();
        let mut limit =
            RowLimit::try_new(&constraints(Some(0), order_by), &schema, PLENTY).expect("a limit");
        assert!(limit.is_satisfied());
        assert_eq!(limit.push(numbers(0, 3)).expect("pushed"), None);
        assert!(limit.finish().expect("finished").is_empty());
    }
}

#[test]
fn rows_without_an_applicable_limit_all_pass() {
    let ascending = Direction::AscNullsLast;
    let lists: ArrayRef =
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)]), None]));
    let id: ArrayRef = Arc::new(Int64Array::from(vec![1, 0]));
    let batches = [RecordBatch::try_from_iter([("list", lists), ("id", id)]).expect("two columns")];
    let unnamed = vec![OrderByField { column_name: None, direction: ascending }];
    let cases = [
        constraints(None, vec![]),
        constraints(None, order(&[("id", ascending)])),
        constraints(Some(1), order(&[("absent", ascending)])),
        constraints(Some(1), order(&[("id", ascending), ("list", ascending)])),
        constraints(Some(1), unnamed),
    ];
    for constraints in cases {
        assert_eq!(ids(&run(&constraints, &batches, PLENTY)), [1, 0], "{constraints:?}");
    }
}

/// Compares two values in Trino's order: NaN after all numbers, nulls by direction.
fn trino(left: &Value, right: &Value, direction: Direction) -> Ordering {
    let nan = |value: &Value| match value {
        Value::Single(value) => value.is_nan(),
        Value::Double(value) => value.is_nan(),
        _ => false,
    };
    match (*left == Value::Null, *right == Value::Null) {
        (true, true) => return Ordering::Equal,
        (true, false) => {
            return if direction.nulls_first() { Ordering::Less } else { Ordering::Greater };
        }
        (false, true) => {
            return if direction.nulls_first() { Ordering::Greater } else { Ordering::Less };
        }
        (false, false) => {}
    }
    let order = compare(left, right).unwrap_or_else(|| nan(left).cmp(&nan(right)));
    if direction.descending() { order.reverse() } else { order }
}

const DIRECTIONS: [Direction; 4] = [
    Direction::AscNullsFirst,
    Direction::AscNullsLast,
    Direction::DescNullsFirst,
    Direction::DescNullsLast,
];

/// Asserts that the first rows by `columns` are as many as requested, each with the same keys as
/// the sorted rows at that position.
#[track_caller]
fn check_top(batches: &[RecordBatch], columns: &[(&str, Direction)], limit: usize) {
    let schema = batches[0].schema();
    let result = run(&constraints(Some(limit as u64), order(columns)), batches, PLENTY);
    let keys = |batch: &RecordBatch| -> Vec<Vec<Value>> {
        let column = |name: &str| Arc::clone(batch.column_by_name(name).expect("a known column"));
        let columns: Vec<ArrayRef> = columns.iter().map(|(name, _)| column(name)).collect();
        (0..batch.num_rows())
            .map(|row| columns.iter().map(|column| read(column, row, false)).collect())
            .collect()
    };
    let row_order = |left: &Vec<Value>, right: &Vec<Value>| {
        let pairs = left.iter().zip(right).zip(columns);
        pairs
            .map(|((left, right), (_, direction))| trino(left, right, *direction))
            .fold(Ordering::Equal, Ordering::then)
    };
    let mut expected = keys(&concat_batches(&schema, batches).expect("batches of one schema"));
    expected.sort_by(row_order);
    expected.truncate(limit);
    let result = keys(&result);
    assert_eq!(result.len(), expected.len(), "{limit} rows by {columns:?}");
    for (row, (left, right)) in result.iter().zip(&expected).enumerate() {
        assert_eq!(row_order(left, right), Ordering::Equal, "row {row} of {limit} by {columns:?}");
    }
}

#[test]
fn top_n_is_a_prefix_of_the_sorted_rows() {
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let sizes: Vec<usize> =
            (0..=rng.below(6)).map(|_| *rng.pick(&[0, 1, 7, 50, 3_000])).collect();
        let batches: Vec<RecordBatch> =
            sizes.into_iter().map(|size| batch(size, &mut rng)).collect();
        let schema = batches[0].schema();
        let columns: Vec<(&str, Direction)> = (0..=rng.below(3))
            .map(|_| {
                (
                    schema.field(rng.below(schema.fields().len())).name().as_str(),
                    *rng.pick(&DIRECTIONS),
                )
            })
            .collect();
        check_top(&batches, &columns, *rng.pick(&[1_usize, 3, 20, 400, 9_000]));
    }
}

/// Checks every edge value and null of every type, in two batches so that each is tied, cut at
/// every position.
#[test]
fn every_type_orders_in_all_four_ways_with_ties_and_nulls() {
    for (name, values) in pools() {
        let rows = u32::try_from(values.len()).expect("a small pool");
        let indices: UInt32Array = (0..rows).rev().map(Some).chain([None]).collect();
        let values = take(&values, &indices, None).expect("indices within the pool");
        let numbered = |from: i64| {
            let id: ArrayRef = Arc::new((from..).take(values.len()).collect::<Int64Array>());
            let c = Arc::clone(&values);
            RecordBatch::try_from_iter_with_nullable([("c", c, true), ("id", id, false)])
                .expect("two columns")
        };
        let batches = [numbered(0), numbered(100)];
        for direction in DIRECTIONS {
            for limit in 1..=2 * values.len() + 1 {
                check_top(&batches, &[("c", direction)], limit);
                check_top(&batches, &[("c", direction), ("id", Direction::DescNullsLast)], limit);
            }
        }
        println!("{name}: {} rows in four orders", 2 * values.len());
    }
}

#[test]
fn nan_is_the_largest_and_negative_zero_ties_with_zero() {
    let c: ArrayRef =
        Arc::new(Float64Array::from(vec![-f64::NAN, f64::INFINITY, f64::NAN, 0.0, -0.0, -1.0]));
    let second: ArrayRef = Arc::new(Int64Array::from(vec![0, 1, 2, 3, 4, 5]));
    let batches = [RecordBatch::try_from_iter([("c", c), ("id", second)]).expect("two columns")];
    let by = |direction| order(&[("c", direction), ("id", Direction::DescNullsLast)]);
    let result = run(&constraints(Some(6), by(Direction::AscNullsLast)), &batches, PLENTY);
    assert_eq!(ids(&result), [5, 4, 3, 1, 2, 0]);
    let result = run(&constraints(Some(3), by(Direction::DescNullsLast)), &batches, PLENTY);
    assert_eq!(ids(&result), [2, 0, 1]);
}

/// Creates rows of about a kilobyte in an order other than their key's.
fn wide(from: i64, count: usize) -> RecordBatch {
    let key: ArrayRef = Arc::new(
        (from..).take(count).map(|id| Some((id * 7_919) % 10_007)).collect::<Int64Array>(),
    );
    let id: ArrayRef = Arc::new((from..).take(count).collect::<Int64Array>());
    let text: ArrayRef =
        Arc::new((0..count).map(|_| Some("x".repeat(1_000))).collect::<StringArray>());
    RecordBatch::try_from_iter([("key", key), ("id", id), ("text", text)]).expect("three columns")
}

#[test]
fn rows_beyond_the_cap_become_a_superset() {
    let batches: Vec<RecordBatch> = (0..50).map(|batch| wide(batch * 100, 100)).collect();
    let by_key = || order(&[("key", Direction::AscNullsLast)]);
    let fits = run(&constraints(Some(100), by_key()), &batches, 1 << 20);
    assert_eq!(fits.num_rows(), 100);

    let passed_all = run(&constraints(Some(3_000), by_key()), &batches, 1 << 20);
    assert!(passed_all.num_rows() > 3_000);
    let mut all = ids(&passed_all);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), passed_all.num_rows(), "no row twice");
    let whole = run(&constraints(Some(3_000), by_key()), &batches, PLENTY);
    assert!(
        ids(&whole).iter().all(|id| all.binary_search(id).is_ok()),
        "a row of the result is lost"
    );
}

#[test]
fn candidates_never_retain_much_more_than_the_cap() {
    let schema = wide(0, 0).schema();
    let cap = 1 << 20;
    for limit in [10, 300, 5_000] {
        let order_by = order(&[("key", Direction::DescNullsLast)]);
        let mut rows =
            RowLimit::try_new(&constraints(Some(limit), order_by), &schema, cap).expect("a limit");
        for batch in 0..100 {
            // Slices that would keep their whole batch alive if they were retained as they are.
            rows.push(wide(batch * 1_000, 1_000).slice(3, 100)).expect("pushed");
            assert!(rows.kept_bytes() <= cap + 200_000, "{} bytes for {limit}", rows.kept_bytes());
        }
    }
}

#[test]
fn slices_of_large_batches_do_not_exhaust_the_cap() {
    let batches: Vec<RecordBatch> =
        (0..20).map(|batch| wide(batch * 2_000, 2_000).slice(7, 20)).collect();
    let by_key = order(&[("key", Direction::AscNullsLast)]);
    assert_eq!(run(&constraints(Some(200), by_key), &batches, 1 << 20).num_rows(), 200);
}

#[test]
fn no_rows_give_no_batches() {
    let schema = Arc::new(Schema::new(vec![Field::new("c", DataType::Int32, true)]));
    let order_by = order(&[("c", Direction::AscNullsLast)]);
    let mut limit =
        RowLimit::try_new(&constraints(Some(5), order_by), &schema, PLENTY).expect("a limit");
    let empty = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![Arc::new(Int32Array::from(Vec::<i32>::new()))],
    );
    assert_eq!(limit.push(empty.expect("no rows")).expect("pushed"), None);
    assert!(limit.finish().expect("finished").is_empty());
}
