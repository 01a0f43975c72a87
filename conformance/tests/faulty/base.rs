//! The correct connector in which faults are injected: a table with a column of every type, a
//! partitioned table, and empty ones to list.

use std::{collections::HashMap, ops::Range, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array,
        Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, Int64Builder,
        ListBuilder, MapBuilder, MapFieldNames, StringArray, StringBuilder, StructArray,
        TimestampMillisecondArray,
    },
    datatypes::{DataType, Field, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use athena_client::{Invoke, InvokeError};
use athena_connector_sdk::{
    Connector, Error, GetPartitions, GetSplits, GetTable, Handler, ListSchemas, ListTables,
    PageStream, ReadRecords, RecordBatchStream, Result, Settings, Split, TableDef, TableName,
    async_trait,
};
use athena_protocol::error::FunctionError;
use athena_spill::testing::MemoryStore;
use bytes::Bytes;

pub(crate) const BUCKET: &str = "faulty";
const SCHEMA: &str = "s";
/// Names of the tables. All but `events` and `kinds` are empty.
const TABLES: [&str; 9] = ["a", "b", "c", "d", "e", "empty", "events", "kinds", "z"];
const KINDS: i64 = 90;
const KINDS_OF_A_SPLIT: usize = 30;
const EVENTS_OF_A_SPLIT: i64 = 8;
const SPLITS_OF_A_PARTITION: i64 = 2;
const YEARS: [i32; 3] = [2022, 2023, 2024];
const REGIONS: [Option<&str>; 2] = [Some("amer"), None];

/// Handler in this process, called with bytes.
#[derive(Debug)]
pub(crate) struct InProcess(Handler);

impl InProcess {
    pub(crate) fn new(store: &Arc<MemoryStore>) -> Self {
        Self::with(store, &[])
    }

    pub(crate) fn with(store: &Arc<MemoryStore>, more: &[(&str, &str)]) -> Self {
        let settings = [("spill_bucket", BUCKET)].into_iter().chain(more.iter().copied());
        let settings = Settings::from_vars(settings).expect("the settings are valid");
        Self(Handler::new(Base).with_settings(settings).with_object_store(Arc::clone(store) as _))
    }
}

#[async_trait]
impl Invoke for InProcess {
    async fn invoke(&self, request: Bytes) -> std::result::Result<Bytes, InvokeError> {
        let response = self.0.handle(&request, None).await;
        response
            .map(Bytes::from)
            .map_err(|error| InvokeError::Function(FunctionError::from(&error)))
    }
}

#[derive(Debug)]
struct Base;

fn check(table: &TableName) -> Result<()> {
    if table.schema == SCHEMA && TABLES.contains(&table.table.as_str()) {
        return Ok(());
    }
    Err(Error::not_found(format!(
        "unknown table {table}; schema {SCHEMA} has {}",
        TABLES.join(", ")
    )))
}

fn definition(schema: SchemaRef) -> TableDef {
    let mut definition = TableDef::new([]);
    definition.schema = schema;
    definition
}

#[async_trait]
impl Connector for Base {
    fn source_type(&self) -> &'static str {
        "base"
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list([SCHEMA.to_owned()], request.start_after.as_ref())
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        PageStream::from_list(TABLES.map(str::to_owned), request.start_after.as_ref())
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        check(&request.table)?;
        Ok(match request.table.table.as_str() {
            "events" => {
                definition(events(0..0).schema()).with_partition_columns(["year", "region"])
            }
            "kinds" => definition(kinds().schema()),
            _ => definition(events(0..0).schema()),
        })
    }

    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream> {
        check(&request.table)?;
        if request.table.table != "events" {
            return Ok(RecordBatchStream::unpartitioned());
        }
        let (years, regions): (Vec<i32>, Vec<Option<&str>>) = partitions().unzip();
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..partitions_count()));
        let columns: [(&str, ArrayRef, bool); 3] = [
            ("year", Arc::new(Int32Array::from(years)), true),
            ("region", Arc::new(StringArray::from(regions)), true),
            ("number", numbers, true),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length").into())
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        check(&request.table)?;
        let splits: Vec<Range<i64>> = match request.table.table.as_str() {
            "events" => {
                let numbers = request.partitions.column_by_name("number");
                let numbers = numbers
                    .ok_or_else(|| Error::invalid_input("the partitions lack the column number"))?;
                let numbers = numbers.as_any().downcast_ref::<Int64Array>().expect("numbers");
                let begins = numbers.values().iter().flat_map(|number| {
                    (0..SPLITS_OF_A_PARTITION).map(move |part| {
                        (number * SPLITS_OF_A_PARTITION + part) * EVENTS_OF_A_SPLIT
                    })
                });
                begins.map(|begin| begin..begin + EVENTS_OF_A_SPLIT).collect()
            }
            "kinds" => {
                (0..KINDS).step_by(KINDS_OF_A_SPLIT).map(|begin| begin..begin + 30).collect()
            }
            _ => std::iter::once(0..0).collect(),
        };
        let splits = splits
            .into_iter()
            .map(|rows| Split::new().with("from", rows.start).with("to", rows.end));
        PageStream::from_list(splits.collect::<Vec<_>>(), request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        check(&request.table)?;
        let from: i64 = request.split.get("from")?;
        let to: i64 = request.split.get("to")?;
        let rows = match request.table.table.as_str() {
            "kinds" => {
                let from = usize::try_from(from.clamp(0, KINDS)).unwrap();
                let to = usize::try_from(to.clamp(0, KINDS)).unwrap();
                kinds().slice(from, to - from)
            }
            _ => {
                events(from..to.min(partitions_count() * SPLITS_OF_A_PARTITION * EVENTS_OF_A_SPLIT))
            }
        };
        let columns =
            request.projection.fields().iter().map(|field| rows.schema().index_of(field.name()));
        let columns: Vec<usize> =
            columns.collect::<std::result::Result<_, _>>().map_err(|error| {
                Error::invalid_input(format!("{} lacks a requested column", request.table))
                    .with_source(error)
            })?;
        Ok(rows.project(&columns).expect("the columns exist").into())
    }
}

fn partitions() -> impl Iterator<Item = (i32, Option<&'static str>)> + Clone {
    YEARS.into_iter().flat_map(|year| REGIONS.map(|region| (year, region)))
}

fn partitions_count() -> i64 {
    i64::try_from(partitions().count()).expect("a small number")
}

/// Returns the rows with the given ids, which determine their values.
fn events(ids: Range<i64>) -> RecordBatch {
    let partition = |id: i64| {
        let number = id / (SPLITS_OF_A_PARTITION * EVENTS_OF_A_SPLIT);
        partitions()
            .nth(usize::try_from(number).expect("not negative"))
            .expect("a number below the count")
    };
    let amount =
        |id: i64| (id % 5 != 3).then(|| f64::from(i32::try_from(id % 7).expect("small")) / 4.0);
    let columns: [(&str, ArrayRef, bool); 6] = [
        (
            "year",
            Arc::new(ids.clone().map(|id| Some(partition(id).0)).collect::<Int32Array>()),
            true,
        ),
        ("region", Arc::new(ids.clone().map(|id| partition(id).1).collect::<StringArray>()), true),
        ("id", Arc::new(Int64Array::from_iter_values(ids.clone())), false),
        ("amount", Arc::new(ids.clone().map(amount).collect::<Float64Array>()), true),
        (
            "first",
            Arc::new(
                ids.clone().map(|id| Some(format!("first {}", id % 9))).collect::<StringArray>(),
            ),
            true,
        ),
        (
            "last",
            Arc::new(
                ids.map(|id| (id % 4 != 0).then(|| format!("last {id}"))).collect::<StringArray>(),
            ),
            true,
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

/// Repeats the values of `pool` and a null in steps of `step`.
fn cycle<T: Clone, A: FromIterator<Option<T>>>(pool: &[T], step: usize) -> A {
    let rows = usize::try_from(KINDS).expect("a small number");
    (0..rows).map(|row| pool.get(row * step % (pool.len() + 1)).cloned()).collect()
}

/// Returns rows with a column of every type: extremes, nulls, and values whose difference is easily
/// lost.
fn kinds() -> RecordBatch {
    let texts = [
        "",
        "one",
        "one ",
        "ONE",
        "two",
        "\u{1F600} häuser",
        "\u{FFFF}",
        "a%b_c",
        "a\\b",
        "a much longer text than others",
    ]
    .map(str::to_owned);
    let bytes: [&[u8]; 5] = [b"", b"\0", b"one", b"\x7f", b"\x80\xff"];
    let singles = [f32::NEG_INFINITY, -1.5, -0.0, 0.0, 0.1, f32::NAN, f32::INFINITY];
    let doubles = [f64::MIN, -1.5, -0.0, 0.0, 0.1, f64::NAN, f64::MAX, 5e-324];
    let hour = 3_600_000;
    let instants = [0, hour, 4 * hour, 5 * hour, 5 * hour + 1, 10 * hour, 1_709_294_400_000];
    let prices: Decimal128Array = cycle(&[-150_i128, -1, 0, 1, 149, 150, 151, 99_999_999_999], 5);
    let huge = 10_i128.pow(37);
    let wide: Decimal128Array = cycle(&[-huge, 0, 1, huge], 3);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(0..KINDS))),
        ("flag", Arc::new(cycle::<bool, BooleanArray>(&[true, false], 1))),
        ("tiny", Arc::new(cycle::<i8, Int8Array>(&[i8::MIN, -1, 0, 1, i8::MAX], 1))),
        ("small", Arc::new(cycle::<i16, Int16Array>(&[i16::MIN, -1, 0, 1, i16::MAX], 5))),
        ("whole", Arc::new(cycle::<i32, Int32Array>(&[i32::MIN, -7, 0, 1, 7, i32::MAX], 3))),
        ("large", Arc::new(cycle::<i64, Int64Array>(&[i64::MIN, -1, 0, 1, 2, 3, i64::MAX], 5))),
        ("real4", Arc::new(cycle::<f32, Float32Array>(&singles, 3))),
        ("real8", Arc::new(cycle::<f64, Float64Array>(&doubles, 2))),
        ("price", Arc::new(prices.with_precision_and_scale(12, 2).expect("12 digits"))),
        ("wide", Arc::new(wide.with_precision_and_scale(38, 10).expect("38 digits"))),
        ("name", Arc::new(cycle::<String, StringArray>(&texts, 3))),
        ("bytes", Arc::new(cycle::<&[u8], BinaryArray>(&bytes, 5))),
        ("born", Arc::new(cycle::<i32, Date32Array>(&[-25_567, -1, 0, 1, 19_783], 1))),
        ("seen", Arc::new(cycle::<i64, Date64Array>(&[-86_399_999, -1, 0, 1, 86_400_001], 5))),
        (
            "zoned",
            Arc::new(
                cycle::<i64, TimestampMillisecondArray>(&instants, 3)
                    .with_timezone("America/New_York"),
            ),
        ),
        ("tags", tags()),
        ("point", Arc::new(points())),
        ("counts", counts()),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), *name != "id"))
        .collect();
    let comments = HashMap::from([("price".to_owned(), "price in euros".to_owned())]);
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(Schema::new_with_metadata(fields, comments)), columns)
        .expect("columns of one length")
}

fn tags() -> ArrayRef {
    let mut tags = ListBuilder::new(StringBuilder::new());
    for row in 0..KINDS {
        (0..row % 3)
            .for_each(|tag| tags.values().append_option((tag != 1).then(|| format!("tag {row}"))));
        tags.append(row % 5 != 0);
    }
    Arc::new(tags.finish())
}

fn points() -> StructArray {
    let x: ArrayRef =
        Arc::new((0..KINDS).map(|row| (row % 4 != 0).then_some(row)).collect::<Int64Array>());
    let label: ArrayRef =
        Arc::new((0..KINDS).map(|row| Some(format!("p{}", row % 6))).collect::<StringArray>());
    let fields =
        vec![Field::new("x", DataType::Int64, true), Field::new("label", DataType::Utf8, true)];
    StructArray::new(
        fields.into(),
        vec![x, label],
        Some((0..KINDS).map(|row| row % 7 != 0).collect::<Vec<_>>().into()),
    )
}

fn counts() -> ArrayRef {
    let names = MapFieldNames { entry: "entries".into(), key: "key".into(), value: "value".into() };
    let mut counts = MapBuilder::new(Some(names), StringBuilder::new(), Int64Builder::new());
    for row in 0..KINDS {
        for entry in 0..row % 3 {
            counts.keys().append_value(format!("k{entry}"));
            counts.values().append_option((entry != 1).then_some(row));
        }
        counts.append(row % 8 != 0).expect("as many keys as values");
    }
    Arc::new(counts.finish())
}
