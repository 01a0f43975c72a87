//! Sends any bytes to a function: a valid response, or an error that does not blame the function.
#![no_main]

use std::sync::{Arc, LazyLock};

use arrow::{
    array::{
        ArrayRef, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, StringArray,
        new_null_array,
    },
    datatypes::{DataType, Field, Schema},
    record_batch::{RecordBatch, RecordBatchOptions},
};
use athena_connector_sdk::{
    Connector, Error, GetPartitions, GetSplits, GetTable, Handler, ListSchemas, ListTables,
    PageStream, ReadRecords, RecordBatchStream, Result, Settings, Split, TableDef, Udfs,
    async_trait,
};
use athena_fuzz::RUNTIME;
use athena_protocol::{ErrorKind, Response};
use athena_spill::testing::MemoryStore;
use libfuzzer_sys::fuzz_target;

/// Connector with tables of the recorded requests, all with the same rows.
struct Orders;

fn rows() -> RecordBatch {
    let columns: [(_, ArrayRef); 7] = [
        (
            "order_id",
            Arc::new(Int64Array::from(vec![Some(1), Some(2_024_001), None, Some(i64::MIN)])),
        ),
        (
            "region",
            Arc::new(StringArray::from(vec![Some("emea"), None, Some(""), Some("ap\u{1F600}ac")])),
        ),
        ("amount", Arc::new(Float64Array::from(vec![Some(-0.0), Some(f64::NAN), None, Some(1.5)]))),
        ("year", Arc::new(Int32Array::from(vec![Some(2024), Some(2022), None, Some(i32::MAX)]))),
        ("part", Arc::new(StringArray::from(vec!["0", "1", "2", "3"]))),
        (
            "price",
            Arc::new(Decimal128Array::from(vec![Some(i128::MAX / 1_000), Some(0), None, Some(-1)])),
        ),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(i32::MIN), None, Some(19_800)]))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
        .expect("columns of equal length")
}

#[async_trait]
impl Connector for Orders {
    fn source_type(&self) -> &'static str {
        "fuzz"
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list(["sales".to_owned()], request.start_after.as_ref())
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        PageStream::from_list(
            ["orders".to_owned(), "returns".to_owned()],
            request.start_after.as_ref(),
        )
    }

    async fn get_table(&self, _: GetTable) -> Result<TableDef> {
        let mut definition = TableDef::new([]).with_partition_columns(["year"]);
        definition.schema = rows().schema();
        Ok(definition)
    }

    async fn get_partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
        Ok(rows().into())
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        let splits =
            (0..request.partitions.num_rows().min(100)).map(|n| Split::new().with("part", n));
        PageStream::from_list(splits, request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        // Every requested column exists: the connector accepts the names and types of the request.
        let rows = rows();
        let column =
            |field: &Arc<Field>| match (rows.column_by_name(field.name()), field.data_type()) {
                (Some(column), data_type) if column.data_type() == data_type => {
                    Ok(Arc::clone(column))
                }
                (_, DataType::FixedSizeBinary(_) | DataType::FixedSizeList(..)) => {
                    Err(Error::invalid_input(format!("column {:?} does not exist", field.name())))
                }
                (_, data_type) => Ok(new_null_array(data_type, rows.num_rows())),
            };
        let columns = request.projection.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
        let fields: Vec<_> = request
            .projection
            .fields()
            .iter()
            .zip(&columns)
            .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let batch =
            RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options);
        Ok(batch
            .map_err(|error| {
                Error::invalid_input("the requested columns do not form a batch").with_source(error)
            })?
            .into())
    }
}

static HANDLER: LazyLock<Handler> = LazyLock::new(|| {
    let variables =
        [("spill_bucket", "demo-spill"), ("athena_connector_allow_foreign_spill", "true")];
    let settings = Settings::from_vars(variables).expect("valid settings");
    let udfs = Udfs::new()
        .scalar("my_len", |text: Option<&str>| text.and_then(|text| i32::try_from(text.len()).ok()))
        .scalar("my_fn", |text: &str, n: i32| format!("{text}{n}"))
        .scalar("addup", |left: i64, right: i64| left.checked_add(right));
    Handler::new(Orders)
        .with_udfs(udfs)
        .with_settings(settings)
        .with_object_store(Arc::new(MemoryStore::discarding()))
});

fuzz_target!(|bytes: &[u8]| {
    match RUNTIME.block_on(HANDLER.handle(bytes, None)) {
        Ok(response) => {
            Response::decode(&response).expect("a valid response");
        }
        Err(error) => assert_ne!(error.kind(), ErrorKind::Internal, "{error}"),
    }
});
