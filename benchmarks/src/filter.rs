//! Cost of filtering: reads of the same rows with and without a condition, with otherwise equal
//! work.
//!
//! Blocks are neither encrypted nor sent over TLS here, so that the filter's share of the read is
//! as large as it gets.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use arrow::{
    array::{Array, ArrayRef, AsArray as _, BooleanArray, Int32Array, Int64Array, StringArray},
    datatypes::{DataType, Int32Type, Int64Type},
    record_batch::RecordBatch,
};
use athena_connector_bench::{BenchTable, Checksum};
use athena_protocol::{
    Constraints, Response,
    predicate::{
        Bound, EquatableValueSet, Expression, Marker, Range, SortedRangeSet, ValueSet, functions,
    },
};
use test_store::{Faults, Store};

use crate::{
    contestant::{Contestant, Contestants},
    process::cpu,
    read::check,
    report::{Figure, Report, Unit},
    running::{ReadOptions, RunningFunction, read_records},
    sample::Sample,
};

const TABLE: BenchTable = BenchTable::Wide16;
const ROWS: u64 = 1_000_000;

/// Number of values of an `IN`, as in a dashboard's list of customers.
const LISTED: i64 = 10_000;

/// Number of requests per measurement if there are no rows to read.
const REQUESTS: u32 = 20;

/// Condition, as sent and as checked.
struct Case {
    name: &'static str,
    constraints: Constraints,
    predicate: fn(&RecordBatch) -> BooleanArray,
}

pub(crate) async fn measure(
    contestants: &Contestants,
    rounds: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let contestant = contestants
        .all
        .iter()
        .find(|contestant| !contestant.is_java())
        .context("no Rust connector")?;
    for case in &cases() {
        let store = &Store::start(None, Faults::NONE).await?;
        let function = &RunningFunction::new(contestant, store, false);
        let run = FilterRun { case, function, contestant, store };
        let sample = run.rows_per_cpu_second(rounds).await.context(case.name)?;
        report.add(Figure {
            benchmark: case.name.to_owned(),
            name: "rows / CPU second",
            side: contestant.name,
            unit: Unit::RowsPerSecond,
            sample,
        });
    }
    let store = &Store::start(None, Faults::NONE).await?;
    let function = &RunningFunction::new(contestant, store, false);
    for case in cases().iter().filter(|case| case.name.contains("IN of")) {
        let run = FilterRun { case, function, contestant, store };
        let sample = run.request_cpu(rounds).await.context(case.name)?;
        report.add(Figure {
            benchmark: format!("{}, no rows", case.name),
            name: "CPU of a request",
            side: contestant.name,
            unit: Unit::Milliseconds,
            sample,
        });
    }
    Ok(())
}

fn cases() -> Vec<Case> {
    let listed: ArrayRef = Arc::new((0..LISTED).map(|n| n * 2).collect::<Int64Array>());
    let in_list =
        || EquatableValueSet { values: Arc::clone(&listed), inclusive: true, null_allowed: false };
    let all = |batch: &RecordBatch| BooleanArray::from(vec![true; batch.num_rows()]);
    let constant = |values: ArrayRef| Expression::Constant {
        data_type: values.data_type().clone(),
        values: Some(values),
    };
    let column =
        |name: &str, data_type| Expression::Variable { column: name.to_owned(), data_type };
    let array = call(functions::ARRAY, vec![constant(Arc::clone(&listed))], DataType::Null);
    let membership =
        call(functions::IN, vec![column("b1", DataType::Int64), array], DataType::Boolean);
    let pattern: ArrayRef = Arc::new(StringArray::from(vec!["%ab%"]));
    let like = call(
        functions::LIKE_PATTERN,
        vec![column("v48", DataType::Utf8), constant(pattern)],
        DataType::Boolean,
    );
    let number = |value: i32| constant(Arc::new(Int32Array::from(vec![value])));
    let rest =
        call(functions::MODULUS, vec![column("i1", DataType::Int32), number(100)], DataType::Int32);
    let arithmetic = call(functions::EQUAL, vec![rest, number(7)], DataType::Boolean);
    vec![
        Case { name: "filter: none", constraints: Constraints::default(), predicate: all },
        Case {
            name: "filter: a range that keeps all",
            constraints: set("id", from(0)),
            predicate: all,
        },
        Case {
            name: "filter: a range that keeps half",
            constraints: set("b1", from(1 << 19)),
            predicate: |batch| b1(batch, |value| value >= 1 << 19),
        },
        Case {
            name: "filter: IN of 10,000 values, set",
            constraints: set("b1", ValueSet::Equatable(in_list())),
            predicate: |batch| b1(batch, is_listed),
        },
        Case {
            name: "filter: IN of 10,000 values, $in",
            constraints: condition(membership),
            predicate: |batch| b1(batch, is_listed),
        },
        Case {
            name: "filter: LIKE '%ab%'",
            constraints: condition(like),
            predicate: |batch| {
                let texts = batch
                    .column_by_name("v48")
                    .expect("a column of the table")
                    .as_string::<i32>()
                    .iter();
                texts.map(|text| text.map(|text| text.contains("ab"))).collect()
            },
        },
        Case {
            name: "filter: i1 % 100 = 7",
            constraints: condition(arithmetic),
            predicate: |batch| {
                let values = batch
                    .column_by_name("i1")
                    .expect("a column of the table")
                    .as_primitive::<Int32Type>();
                values.iter().map(|value| value.map(|value| value % 100 == 7)).collect()
            },
        },
    ]
}

fn is_listed(value: i64) -> bool {
    value % 2 == 0 && (0..2 * LISTED).contains(&value)
}

fn b1(batch: &RecordBatch, predicate: impl Fn(i64) -> bool) -> BooleanArray {
    let values =
        batch.column_by_name("b1").expect("a column of the table").as_primitive::<Int64Type>();
    values.iter().map(|value| value.map(&predicate)).collect()
}

fn call(function: &str, arguments: Vec<Expression>, data_type: DataType) -> Expression {
    Expression::Call { function: function.to_owned(), arguments, data_type }
}

fn condition(expression: Expression) -> Constraints {
    Constraints { expressions: vec![expression], ..Constraints::default() }
}

fn set(column: &str, set: ValueSet) -> Constraints {
    Constraints { summary: [(column.to_owned(), set)].into(), ..Constraints::default() }
}

fn from(value: i64) -> ValueSet {
    let low = Marker::new(Bound::Exactly, Arc::new(Int64Array::from(vec![value])));
    let range = Range { low, high: Marker::upper_unbounded(DataType::Int64) };
    ValueSet::SortedRange(SortedRangeSet {
        data_type: DataType::Int64,
        ranges: vec![range],
        null_allowed: false,
    })
}

/// Returns the checksum of the rows that satisfy the condition, by the table's definition.
fn expected(case: &Case) -> anyhow::Result<Checksum> {
    Ok(TABLE.filtered_checksum(0..ROWS, |batch| Some((case.predicate)(batch)))?)
}

fn options(case: &Case) -> ReadOptions {
    ReadOptions {
        constraints: case.constraints.clone(),
        max_block_size: 16_000_000,
        max_inline_block_size: 5_242_880,
    }
}

/// Reads of one case.
struct FilterRun<'a> {
    case: &'a Case,
    function: &'a RunningFunction,
    contestant: &'a Contestant,
    store: &'a Store,
}

impl FilterRun<'_> {
    async fn rows_per_cpu_second(&self, rounds: usize) -> anyhow::Result<Sample> {
        let Self { case, function, contestant, store } = self;
        let expected = expected(case)?;
        ensure!(expected.rows > 0, "no row satisfies the condition, so nothing would be checked");
        let request = read_records(TABLE, function.split(TABLE, 0..ROWS).await?, &options(case));
        for _ in 0..contestant.warm_up {
            function.invoke(&request).await?;
            store.take();
        }
        let process = function.cold_start()?.process;
        let mut sample = Sample::default();
        for _ in 0..rounds {
            let before = cpu(process)?;
            let response = function.invoke(&request).await?;
            let used = cpu(process)?.saturating_sub(before);
            #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
            sample.push(ROWS as f64 / used.as_secs_f64());
            check(&Response::decode(&response)?, &store.take(), &expected)?;
        }
        Ok(sample)
    }

    /// Measures a request that reads no rows: decoding the list, building a set, and responding.
    async fn request_cpu(&self, rounds: usize) -> anyhow::Result<Sample> {
        let Self { case, function, contestant, .. } = self;
        let request = read_records(TABLE, function.split(TABLE, 0..0).await?, &options(case));
        for _ in 0..contestant.warm_up {
            function.invoke(&request).await?;
        }
        let process = function.cold_start()?.process;
        let mut sample = Sample::default();
        for _ in 0..rounds {
            let before = cpu(process)?;
            for _ in 0..REQUESTS {
                function.invoke(&request).await?;
            }
            let used = cpu(process)?.saturating_sub(before);
            sample.push(used.as_secs_f64() * 1e3 / f64::from(REQUESTS));
        }
        Ok(sample)
    }
}
