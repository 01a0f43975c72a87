//! The connector of the recorded exchanges on our SDK, as described in `tests/golden/README.md`.

use std::sync::Arc;

use arrow::{
    array::{
        Array as _, ArrayRef, AsArray as _, Float64Array, Int32Array, Int64Array, StringArray,
    },
    datatypes::{DataType, Field, Int32Type, Schema},
    record_batch::RecordBatch,
};
use athena_connector_sdk::{
    Connector, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, PageStream,
    ReadRecords, RecordBatchStream, Result, Split, TableDef, TableName, Udfs, async_trait,
    udf::Decimal,
};
use athena_protocol::{Response, timestamp_tz::unpack_batch};
use athena_tests::golden::Golden;

const REGIONS: [Option<&str>; 4] = [Some("amer"), Some("apac"), Some("emea"), None];

pub(super) struct Orders;

fn unknown(table: &TableName) -> Error {
    Error::not_found(format!("table not found: {table}"))
}

/// Returns a recorded response, for details that the README omits.
fn recorded(id: &str) -> Result<Response> {
    let unreadable = |error: std::io::Error| Error::internal(error.to_string());
    let golden = Golden::open().map_err(unreadable)?;
    let case = golden.cases.iter().find(|case| case.id == id);
    let name = case.and_then(|case| case.members["file"].as_str());
    let name = name.ok_or_else(|| Error::internal(format!("unknown case {id}")))?;
    Response::decode(&golden.file(name).map_err(unreadable)?)
}

/// Returns the rows of table `all`.
fn all_rows() -> Result<RecordBatch> {
    match recorded("v6.block.mixed-types")? {
        Response::ReadRecords(answer) => unpack_batch(&answer.records),
        other => {
            Err(Error::internal(format!("the response for mixed types is a {}", other.type_name())))
        }
    }
}

/// Returns the definition of table `all`.
fn all_columns() -> Result<TableDef> {
    let mut definition = TableDef::new([]);
    match recorded("v6.exchange.gettable-alltypes")? {
        Response::GetTable(answer) => definition.schema = answer.schema,
        other => {
            return Err(Error::internal(format!(
                "the response for table all is a {}",
                other.type_name()
            )));
        }
    }
    Ok(definition)
}

fn columns() -> Vec<Field> {
    vec![
        Field::new("order_id", DataType::Int64, true),
        Field::new("region", DataType::Utf8, true),
        Field::new("amount", DataType::Float64, true),
        Field::new("year", DataType::Int32, true),
    ]
}

#[async_trait]
impl Connector for Orders {
    fn source_type(&self) -> &'static str {
        "golden"
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list(
            ["sales", "types", "hr"].map(str::to_owned),
            request.start_after.as_ref(),
        )
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        let tables = ["customers", "items", "orders", "returns", "stock"];
        PageStream::from_list(tables.map(str::to_owned), request.start_after.as_ref())
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        match request.table.table.as_str() {
            "orders" => Ok(TableDef::new(columns())
                .with_comment("region", "Sales region")
                .with_comment("source", "golden")
                .with_partition_columns(["year", "region"])),
            "all" => all_columns(),
            _ => Err(unknown(&request.table)),
        }
    }

    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream> {
        if request.table.table == "all" {
            return Ok(RecordBatchStream::unpartitioned());
        }
        let partitions = || (2022..=2024).flat_map(|year| REGIONS.map(|region| (year, region)));
        let hint =
            |(year, region): (i32, Option<&str>)| format!("h-{year}-{}", region.unwrap_or("null"));
        let columns: [(_, ArrayRef, _); 3] = [
            ("year", Arc::new(partitions().map(|(year, _)| year).collect::<Int32Array>()), true),
            (
                "region",
                Arc::new(partitions().map(|(_, region)| region).collect::<StringArray>()),
                true,
            ),
            (
                "hint",
                Arc::new(
                    partitions().map(|partition| Some(hint(partition))).collect::<StringArray>(),
                ),
                true,
            ),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length").into())
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        let column = |name: &str| request.partitions.column_by_name(name).cloned();
        let (Some(years), Some(regions)) = (column("year"), column("region")) else {
            return PageStream::from_list([Split::new()], request.start_after.as_ref());
        };
        let regions = regions.as_string::<i32>();
        let split = |(index, year): (usize, Option<i32>)| {
            let split = Split::new().with("year", year.expect("every partition has a year"));
            if regions.is_null(index) { split } else { split.with("region", regions.value(index)) }
        };
        let splits: Vec<_> =
            years.as_primitive::<Int32Type>().iter().enumerate().map(split).collect();
        PageStream::from_list(splits, request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        if request.table.table == "all" {
            return Ok(all_rows()?.into());
        }
        let year: i64 = request.split.get("year")?;
        let rows = match request.split.get_str("rows") {
            Some(_) => request.split.get::<i32>("rows")?,
            None => 20,
        };
        let region = request.split.get_str("region").map(str::to_owned);
        let columns: Vec<ArrayRef> = vec![
            Arc::new((0..rows).map(|n| Some(year * 1_000 + i64::from(n))).collect::<Int64Array>()),
            Arc::new((0..rows).map(|_| region.as_deref()).collect::<StringArray>()),
            Arc::new(
                (0..rows)
                    .map(|n| (n % 4 != 3).then_some(f64::from(n) * 1.5))
                    .collect::<Float64Array>(),
            ),
            Arc::new((0..rows).map(|_| i32::try_from(year).ok()).collect::<Int32Array>()),
        ];
        let schema = Arc::new(Schema::new(self::columns()));
        Ok(RecordBatch::try_new(schema, columns).expect("columns of one length").into())
    }
}

pub(super) fn udfs() -> Udfs {
    let utf16_length = |text: Option<&str>| {
        text.map_or(Some(-1), |text| i32::try_from(text.encode_utf16().count()).ok())
    };
    Udfs::new()
        .scalar("my_len", utf16_length)
        .scalar("addup", |left: i64, right: i64| left + right)
        .scalar("half", |price: Decimal<10, 3>| {
            Decimal::<10, 3>::from_unscaled(price.unscaled() / 2)
        })
}
