//! Comparisons of zoned columns, pushed to a connector of the SDK and not pushed, against instants.
//!
//! With trust, the engine does not filter again: rows come from the predicate that it sent and the
//! SDK evaluated.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use arrow::{
    array::{ArrayRef, AsArray, Date32Array, Int64Array, TimestampMillisecondArray},
    datatypes::{Field, Int64Type},
    record_batch::RecordBatch,
};
use async_trait::async_trait;
use athena_client::{ClientOptions, FederatedClient, Invoke, InvokeError};
use athena_connector_sdk::{
    Context, Handler, RecordBatchStream, Result, Scan, StaticConnector, Table, TableDef,
};
use athena_engine::{Engine, EngineOptions, PushdownMode};
use athena_protocol::Request;
use bytes::Bytes;

/// Midnight of 15 November 2022, UTC, in milliseconds.
const MIDNIGHT: i64 = 1_668_470_400_000;
const MINUTE: i64 = 60_000;
/// Instants of the rows, in minutes after midnight; null in the last row.
const INSTANTS: [i64; 9] = [-1_440, -691, -1, 0, 1, 60, 300, 330, 1_440];
/// Zones of columns and literals, with their offsets on that day in minutes.
const ZONES: [(&str, i64); 5] = [
    ("UTC", 0),
    ("America/New_York", -300),
    ("Asia/Kolkata", 330),
    ("Asia/Tokyo", 540),
    ("Pacific/Pago_Pago", -660),
];

/// Table of the instants as a timestamp, in each zone, and as dates.
struct Instants;

fn millis() -> Vec<Option<i64>> {
    INSTANTS.iter().map(|minutes| Some(MIDNIGHT + minutes * MINUTE)).chain([None]).collect()
}

fn columns() -> Vec<(String, ArrayRef)> {
    let instants = || TimestampMillisecondArray::from(millis());
    let days = INSTANTS.iter().map(|minutes| {
        let day = (MIDNIGHT + minutes * MINUTE).div_euclid(1_440 * MINUTE);
        Some(i32::try_from(day).unwrap())
    });
    let ids = 0..i64::try_from(INSTANTS.len()).unwrap() + 1;
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("id".to_owned(), Arc::new(Int64Array::from_iter_values(ids))),
        ("ts".to_owned(), Arc::new(instants())),
        ("day".to_owned(), Arc::new(days.chain([None]).collect::<Date32Array>())),
    ];
    for (number, (zone, _)) in ZONES.iter().enumerate() {
        columns.push((format!("tz{number}"), Arc::new(instants().with_timezone(*zone))));
    }
    columns
}

#[async_trait]
impl Table for Instants {
    async fn definition(&self, _: Context) -> Result<TableDef> {
        let columns = columns();
        Ok(TableDef::new(
            columns.iter().map(|(name, column)| Field::new(name, column.data_type().clone(), true)),
        ))
    }

    async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
        let columns = columns().into_iter().map(|(name, column)| (name, column, true));
        Ok(RecordBatch::try_from_iter_with_nullable(columns).expect("one length").into())
    }
}

/// Function in this process, which counts the reads with a predicate.
#[derive(Debug)]
struct InProcess {
    handler: Handler,
    pushed: Arc<AtomicUsize>,
}

#[async_trait]
impl Invoke for InProcess {
    async fn invoke(&self, request: Bytes) -> std::result::Result<Bytes, InvokeError> {
        if let Ok((Request::ReadRecords(read), _)) = Request::decode(&request)
            && !(read.constraints.summary.is_empty() && read.constraints.expressions.is_empty())
        {
            self.pushed.fetch_add(1, Ordering::Relaxed);
        }
        let response = self.handler.handle(&request, None).await;
        Ok(response.expect("requests of the engine are valid").into())
    }
}

/// Creates an engine, and the count of reads that got a predicate.
fn engine(pushdown: PushdownMode, trust: bool) -> (Engine, Arc<AtomicUsize>) {
    let handler = Handler::new(StaticConnector::new().table("lab", "instants", Instants));
    let pushed = Arc::<AtomicUsize>::default();
    let function = Arc::new(InProcess { handler, pushed: Arc::clone(&pushed) });
    let function: Arc<dyn Invoke> = function;
    let client = FederatedClient::new("clock", function, None, ClientOptions::default());
    let options = EngineOptions {
        schema: Some("lab".to_owned()),
        pushdown,
        trust,
        ..EngineOptions::default()
    };
    (Engine::try_new(vec![client], options).unwrap(), pushed)
}

fn wall(minutes: i64) -> String {
    let day = 15 + minutes.div_euclid(1_440);
    let minute = minutes.rem_euclid(1_440);
    format!("2022-11-{day} {:02}:{:02}:00", minute / 60, minute % 60)
}

/// Returns literals of the instant, each of another type or zone.
fn literals(minutes: i64) -> Vec<String> {
    let mut literals = vec![format!("TIMESTAMP '{}'", wall(minutes))];
    if minutes % 1_440 == 0 {
        literals.push(format!("DATE '{}'", &wall(minutes)[..10]));
    }
    for (zone, offset) in ZONES {
        literals.push(format!("TIMESTAMP '{} {zone}'", wall(minutes + offset)));
    }
    literals
}

/// Operator with its meaning on the instant of a row and two others.
type Operator = (&'static str, fn(i64, i64, i64) -> bool);

const OPERATORS: [Operator; 12] = [
    ("{c} = {a}", |row, a, _| row == a),
    ("{c} <> {a}", |row, a, _| row != a),
    ("{c} < {a}", |row, a, _| row < a),
    ("{c} <= {a}", |row, a, _| row <= a),
    ("{c} > {a}", |row, a, _| row > a),
    ("{c} >= {a}", |row, a, _| row >= a),
    ("{a} <= {c}", |row, a, _| a <= row),
    ("{c} BETWEEN {a} AND {b}", |row, a, b| (a..=b).contains(&row)),
    ("{c} NOT BETWEEN {a} AND {b}", |row, a, b| !(a..=b).contains(&row)),
    ("{c} IN ({b}, {a})", |row, a, b| row == a || row == b),
    ("{c} NOT IN ({a}, {b})", |row, a, b| row != a && row != b),
    ("({c} = {a} OR {c} > {b})", |row, a, b| row == a || row > b),
];

#[tokio::test]
async fn zoned_columns_compare_as_instants_whether_pushed_or_not() {
    let engines = [
        ("off", engine(PushdownMode::Off, false)),
        ("sets", engine(PushdownMode::Sets, true)),
        ("full", engine(PushdownMode::Full, true)),
    ];
    let (first, second) = (0, 330);
    let others = literals(second);
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (operator, holds) in OPERATORS {
        for (at, literal) in literals(first).iter().enumerate() {
            // The second literal is of another zone than the first.
            let other = &others[(at + 2) % others.len()];
            for column in ["ts", "day", "tz0", "tz1", "tz2", "tz3", "tz4"] {
                let condition =
                    operator.replace("{c}", column).replace("{a}", literal).replace("{b}", other);
                let instant = |minutes: i64| match column {
                    "day" => minutes.div_euclid(1_440) * 1_440,
                    _ => minutes,
                };
                let expected: Vec<i64> = (0..)
                    .zip(INSTANTS)
                    .filter(|(_, minutes)| holds(instant(*minutes), first, second))
                    .map(|(id, _)| id)
                    .collect();
                for (name, (engine, _)) in &engines {
                    let sql = format!("SELECT id FROM instants WHERE {condition} ORDER BY id");
                    let found = ids(engine, &sql).await;
                    checked += 1;
                    if found.as_ref().ok() != Some(&expected) {
                        wrong
                            .push(format!("{name}: {condition}: {found:?}, expected {expected:?}"));
                    }
                }
            }
        }
    }
    let [off, sets, full] = engines.map(|(_, (_, pushed))| pushed.load(Ordering::Relaxed));
    // A date and a time of day have no common type on the wire.
    assert!(off == 0 && sets * 5 > checked / 3 * 4 && full >= sets, "{off} {sets} {full} pushed");
    println!("zones: {checked} comparisons, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Answers that Trino 483 gave on 30 November 2026.
#[tokio::test]
async fn comparisons_of_literals_answer_as_recorded_from_trino() {
    let (engine, _) = engine(PushdownMode::Full, true);
    for sql in [
        "SELECT TIMESTAMP '2020-01-01 00:00:00 Europe/Berlin' = TIMESTAMP '2019-12-31 23:00:00 UTC'",
        "SELECT current_date = CAST(current_timestamp AS date)",
    ] {
        let batches = engine.query(sql).await.unwrap().collect().await.unwrap();
        assert!(batches[0].column(0).as_boolean().value(0), "{sql}");
    }
}

async fn ids(engine: &Engine, sql: &str) -> std::result::Result<Vec<i64>, String> {
    let query = engine.query(sql).await.map_err(|error| format!("{error:#}"))?;
    let batches = query.collect().await.map_err(|error| format!("{error:#}"))?;
    let ids = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values());
    Ok(ids.copied().collect())
}
