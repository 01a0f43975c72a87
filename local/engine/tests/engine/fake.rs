//! A fake function with configurable responses, which encodes real messages.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use arrow::{
    array::{ArrayRef, Float64Array, Int64Array, StringArray},
    datatypes::{DataType, Field, Schema, SchemaRef},
    record_batch::RecordBatch,
    util::pretty::pretty_format_batches,
};
use async_trait::async_trait;
use athena_client::{ClientOptions, FederatedClient};
use athena_client::{Invoke, InvokeError};
use athena_engine::{Engine, EngineOptions, PushdownMode};
use athena_protocol::{
    Constraints, EncryptionKey, Error, MAX_PAYLOAD_BYTES, Request, Response, S3SpillLocation,
    SerdeVersion, Split, TableName,
    block::{Framing, encode_batch},
    error::FunctionError,
    message::{
        CapabilitySubType, GetDataSourceCapabilitiesResponse, GetSplitsResponse,
        GetTableLayoutResponse, GetTableResponse, ListSchemasResponse, ListTablesResponse,
        PingResponse, ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse,
        UserDefinedFunctionRequest, UserDefinedFunctionResponse,
    },
    predicate::functions as f,
};
use athena_spill::{ObjectStore, testing::MemoryStore};
use bytes::Bytes;

/// Delivery of the rows of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Delivery {
    #[default]
    Inline,
    Spilled,
}

type Responder<Q, A> = Arc<dyn Fn(&Q) -> A + Send + Sync>;

/// A connector with the table `shop.orders`: `id`, `region`, `amount`, and one split per batch. It
/// ignores predicates and limits, and records all requests.
#[derive(Clone)]
pub(super) struct Fake {
    pub(super) serde_version: i32,
    pub(super) capabilities: BTreeMap<String, Vec<CapabilitySubType>>,
    pub(super) splits: Vec<RecordBatch>,
    pub(super) splits_per_page: usize,
    pub(super) tables_per_page: usize,
    pub(super) delivery: Delivery,
    /// Replaces the response to `ReadRecords`.
    pub(super) read:
        Option<Responder<ReadRecordsRequest, std::result::Result<Response, FunctionError>>>,
    pub(super) udf: Option<Responder<UserDefinedFunctionRequest, ArrayRef>>,
    pub(super) requests: Arc<Mutex<Vec<Request>>>,
    pub(super) store: Arc<MemoryStore>,
    /// A table whose definition fails.
    pub(super) broken: Option<&'static str>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

pub(super) fn orders_schema() -> SchemaRef {
    let fields = vec![
        Field::new("id", DataType::Int64, true),
        Field::new("region", DataType::Utf8, true),
        Field::new("amount", DataType::Float64, true),
    ];
    let metadata = [("source", "fake"), ("region", "where it was sold")];
    let metadata: HashMap<_, _> =
        metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Arc::new(Schema::new_with_metadata(fields, metadata))
}

/// Returns rows with these ids. Regions and amounts follow from the ids; every fourth amount is
/// null.
pub(super) fn orders(ids: std::ops::Range<i64>) -> RecordBatch {
    let regions: StringArray = ids
        .clone()
        .map(|id| Some(["amer", "apac", "emea"][usize::try_from(id % 3).unwrap()]))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "the ids of tests are small")]
    let amounts: Float64Array =
        ids.clone().map(|id| (id % 4 != 3).then_some(id as f64 * 1.5)).collect();
    let ids = Int64Array::from_iter_values(ids);
    RecordBatch::try_new(orders_schema(), vec![Arc::new(ids), Arc::new(regions), Arc::new(amounts)])
        .unwrap()
}

/// Returns all capabilities for value sets, and those for `functions`, `limit` and `top_n`.
pub(super) fn announce(
    functions: &[&str],
    limit: bool,
    top_n: bool,
) -> BTreeMap<String, Vec<CapabilitySubType>> {
    let sub = |name: &str, properties: &[&str]| CapabilitySubType {
        sub_type: name.to_owned(),
        properties: properties.iter().map(|&property| property.to_owned()).collect(),
    };
    let mut all = BTreeMap::from([(
        "supports_filter_pushdown".to_owned(),
        vec![sub("sorted_range_set", &[]), sub("nullable_comparison", &[])],
    )]);
    if !functions.is_empty() {
        let name = "supports_complex_expression_pushdown".to_owned();
        all.insert(name, vec![sub("supported_function_expression_types", functions)]);
    }
    if limit {
        all.insert("supports_limit_pushdown".to_owned(), vec![sub("integer_constant", &[])]);
    }
    if top_n {
        all.insert("supports_top_n_pushdown".to_owned(), vec![sub("SUPPORTS_ORDER_BY", &[])]);
    }
    all
}

pub(super) const FUNCTIONS: &[&str] =
    &[f::AND, f::OR, f::NOT, f::EQUAL, f::LIKE_PATTERN, f::IS_NULL];

impl Fake {
    /// Creates a fake that returns `splits` inline and announces all capabilities.
    pub(super) fn new(splits: Vec<RecordBatch>) -> Self {
        Self {
            serde_version: 6,
            capabilities: announce(FUNCTIONS, true, true),
            splits,
            splits_per_page: 100,
            tables_per_page: 100,
            delivery: Delivery::Inline,
            read: None,
            udf: None,
            requests: Arc::default(),
            store: Arc::default(),
            broken: None,
        }
    }

    /// Returns an engine with this fake as the catalog `lake`.
    pub(super) fn engine(&self, options: EngineOptions) -> Engine {
        let store: Arc<dyn ObjectStore> = Arc::<MemoryStore>::clone(&self.store);
        let client = FederatedClient::new(
            "lake",
            Arc::new(self.clone()),
            Some(store),
            ClientOptions::default(),
        );
        Engine::try_new(vec![client], options).unwrap()
    }

    /// Runs `sql` with full pushdown and returns its rows as a table.
    pub(super) async fn rows(&self, sql: &str) -> String {
        self.rows_with(sql, EngineOptions::default()).await
    }

    pub(super) async fn rows_with(&self, sql: &str, options: EngineOptions) -> String {
        let batches = self.engine(options).query(sql).await.unwrap().collect().await.unwrap();
        pretty_format_batches(&batches).unwrap().to_string()
    }

    /// Returns the error of planning or running `sql`.
    pub(super) async fn error(&self, sql: &str) -> String {
        match self.engine(EngineOptions::default()).query(sql).await {
            Err(error) => format!("{error:#}"),
            Ok(query) => format!("{:#}", query.collect().await.unwrap_err()),
        }
    }

    /// Returns all `ReadRecords` requests.
    pub(super) fn reads(&self) -> Vec<ReadRecordsRequest> {
        let requests = self.requests.lock().unwrap();
        let reads = requests.iter().filter_map(|request| match request {
            Request::ReadRecords(read) => Some(read.clone()),
            _ => None,
        });
        reads.collect()
    }

    /// Returns the constraints of the first `ReadRecords` request.
    pub(super) fn constraints(&self) -> Constraints {
        self.reads().swap_remove(0).constraints
    }

    /// Counts the requests of a kind.
    pub(super) fn count(&self, kind: impl Fn(&Request) -> bool) -> usize {
        self.requests.lock().unwrap().iter().filter(|&request| kind(request)).count()
    }

    fn respond(&self, request: Request) -> std::result::Result<Response, FunctionError> {
        let catalog_name = "lake".to_owned();
        let table_name = TableName::new("shop", "orders");
        Ok(match request {
            Request::Ping(ping) => Response::Ping(PingResponse {
                catalog_name,
                query_id: ping.query_id,
                source_type: Some("fake".to_owned()),
                capabilities: 24,
                serde_version: self.serde_version,
            }),
            Request::ListSchemas(_) => Response::ListSchemas(ListSchemasResponse {
                catalog_name,
                schemas: vec!["shop".to_owned()],
            }),
            Request::ListTables(list) => {
                let names = ["customers", "orders", "returns"];
                let start: usize = list.next_token.map_or(0, |token| token.parse().unwrap());
                let end = (start + self.tables_per_page).min(names.len());
                Response::ListTables(ListTablesResponse {
                    tables: names[start..end]
                        .iter()
                        .map(|&name| TableName::new("shop", name))
                        .collect(),
                    catalog_name,
                    next_token: (end < names.len()).then(|| end.to_string()),
                })
            }
            Request::GetTable(get) if get.table_name.table == "missing" => {
                return Err(FunctionError::from(&Error::not_found(
                    "there is no table shop.missing",
                )));
            }
            Request::GetTable(get) if self.broken == Some(get.table_name.table.as_str()) => {
                let message = format!("{} is broken", get.table_name);
                return Err(FunctionError::from(&Error::internal(message)));
            }
            Request::GetTable(get) => Response::GetTable(GetTableResponse {
                catalog_name,
                table_name: get.table_name,
                schema: orders_schema(),
                partition_columns: vec![],
            }),
            Request::GetTableLayout(_) => Response::GetTableLayout(GetTableLayoutResponse {
                catalog_name,
                table_name,
                partitions: RecordBatch::try_from_iter([(
                    "partitionId",
                    Arc::new(arrow::array::Int32Array::from(vec![1])) as ArrayRef,
                )])
                .unwrap(),
            }),
            Request::GetSplits(get) => {
                let start: usize = get.continuation_token.map_or(0, |token| token.parse().unwrap());
                let end = (start + self.splits_per_page).min(self.splits.len());
                Response::GetSplits(GetSplitsResponse {
                    catalog_name,
                    splits: (start..end).map(split).collect(),
                    continuation_token: (end < self.splits.len()).then(|| end.to_string()),
                })
            }
            Request::GetDataSourceCapabilities(_) => {
                Response::GetDataSourceCapabilities(GetDataSourceCapabilitiesResponse {
                    catalog_name,
                    capabilities: self.capabilities.clone(),
                })
            }
            Request::ReadRecords(read) => match &self.read {
                Some(respond) => respond(&read)?,
                None => self.read_response(&read),
            },
            Request::UserDefinedFunction(call) => {
                let column = self.udf.as_ref().unwrap()(&call);
                let records = RecordBatch::try_from_iter([("result", column)]).unwrap();
                Response::UserDefinedFunction(UserDefinedFunctionResponse {
                    records,
                    method_name: call.method_name,
                })
            }
        })
    }

    /// Removes a spilled object.
    pub(super) fn remove_object(&self, key: &str) {
        self.store.remove_object("spill", key);
    }

    /// Returns the rows of a split.
    pub(super) fn read_response(&self, read: &ReadRecordsRequest) -> Response {
        let number: usize = read.split.properties["number"].parse().unwrap();
        let records = selected(&self.splits[number], &read.schema);
        let catalog_name = "lake".to_owned();
        match self.delivery {
            Delivery::Inline => {
                Response::ReadRecords(ReadRecordsResponse { catalog_name, records })
            }
            Delivery::Spilled => {
                // Two blocks, the first of one row.
                let blocks = [records.slice(0, 1), records.slice(1, records.num_rows() - 1)];
                let location = read.split.spill_location.clone().unwrap();
                let key = read.split.encryption_key.clone().unwrap();
                let mut remote_blocks = Vec::new();
                for (index, block) in blocks.iter().enumerate() {
                    let mut bytes = Vec::new();
                    encode_batch(block, Framing::Legacy, &mut bytes).unwrap();
                    athena_spill::encrypt_in_place(&key, &mut bytes).unwrap();
                    let name = format!("{}.{index}", location.key.as_deref().unwrap());
                    self.store.set_object("spill", &name, bytes.into());
                    let bucket = location.bucket.clone();
                    remote_blocks.push(S3SpillLocation {
                        bucket,
                        key: Some(name),
                        directory: false,
                    });
                }
                Response::RemoteReadRecords(RemoteReadRecordsResponse {
                    catalog_name,
                    schema: SchemaRef::clone(&read.schema),
                    remote_blocks,
                    encryption_key: Some(key),
                })
            }
        }
    }
}

/// Selects the columns of `schema` by name.
fn selected(batch: &RecordBatch, schema: &SchemaRef) -> RecordBatch {
    let columns = schema
        .fields()
        .iter()
        .map(|field| ArrayRef::clone(batch.column_by_name(field.name()).unwrap()));
    RecordBatch::try_new(SchemaRef::clone(schema), columns.collect()).unwrap()
}

fn split(number: usize) -> Split {
    Split {
        spill_location: Some(S3SpillLocation {
            bucket: Some("spill".to_owned()),
            key: Some(format!("query/{number}")),
            directory: true,
        }),
        encryption_key: Some(EncryptionKey {
            key: vec![u8::try_from(number).unwrap(); 32],
            nonce: vec![7; 12],
        }),
        properties: BTreeMap::from([("number".to_owned(), number.to_string())]),
    }
}

/// Returns default options with a pushdown mode.
pub(super) fn with_pushdown(pushdown: PushdownMode) -> EngineOptions {
    EngineOptions { pushdown, ..EngineOptions::default() }
}

#[async_trait]
impl Invoke for Fake {
    async fn invoke(&self, request: Bytes) -> std::result::Result<Bytes, InvokeError> {
        if request.len() > MAX_PAYLOAD_BYTES {
            return Err(InvokeError::Host(format!("a request of {} bytes", request.len())));
        }
        let (request, version) =
            Request::decode(&request).map_err(|error| InvokeError::Host(error.to_string()))?;
        self.requests.lock().unwrap().push(request.clone());
        let version = match request {
            // A ping does not carry its version.
            Request::Ping(_) => SerdeVersion::V2,
            _ => version,
        };
        let response = self.respond(request).map_err(InvokeError::Function)?;
        Ok(response.encode(version).map_err(|error| InvokeError::Host(error.to_string()))?.into())
    }
}
