//! Honest connectors: a source behind the SDK, with none, some or all kinds of pushdown.

use std::{fmt, sync::Arc};

use arrow::{array::AsArray as _, datatypes::Int64Type, record_batch::RecordBatch};
use athena_client::{Invoke, InvokeError};
use athena_connector_sdk::{
    Connector, Error, GetPartitions, GetSplits, GetTable, Handler, ListSchemas, ListTables,
    PageStream, ReadRecords, RecordBatchStream, Result, Settings, Split, TableDef, TableName,
    async_trait,
};
use athena_protocol::{Constraints, Request, Response, error::FunctionError, predicate::ValueSet};
use athena_spill::testing::MemoryStore;
use bytes::Bytes;

use super::tables::{Source, SourceTable};

pub(crate) const BUCKET: &str = "mutants";

/// Pushdown of an honest connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Announces and applies nothing.
    None,
    /// Announces and applies ranges and lists, and keeps all nulls.
    Partial,
    /// Announces and applies everything that the SDK evaluates.
    Full,
}

impl Level {
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::Partial, Self::Full];

    /// Removes the constraints that a connector of this level does not apply.
    fn lower(self, constraints: &mut Constraints) {
        match self {
            Self::None => *constraints = Constraints::default(),
            Self::Partial => {
                let mut summary = std::mem::take(&mut constraints.summary);
                summary.retain(|_, set| !matches!(set, ValueSet::AllOrNone(_)));
                for set in summary.values_mut() {
                    match set {
                        ValueSet::SortedRange(set) => set.null_allowed = true,
                        ValueSet::Equatable(set) => set.null_allowed = true,
                        ValueSet::AllOrNone(set) => set.null_allowed = true,
                    }
                }
                *constraints = Constraints { summary, ..Constraints::default() };
            }
            Self::Full => {}
        }
    }

    fn lower_announcement(self, response: &mut Response) {
        let Response::GetDataSourceCapabilities(response) = response else { return };
        match self {
            Self::None => response.capabilities.clear(),
            Self::Partial => {
                response.capabilities.retain(|name, _| name.contains("filter"));
                for sub_types in response.capabilities.values_mut() {
                    let kept = ["sorted_range_set", "equatable_range_set"];
                    sub_types.retain(|sub_type| {
                        kept.contains(&sub_type.sub_type.to_ascii_lowercase().as_str())
                    });
                }
            }
            Self::Full => {}
        }
    }
}

/// Connector of the tables of a source. Returns all rows of a split; the SDK applies constraints.
#[derive(Debug)]
struct Tables {
    schema: &'static str,
    all: Vec<SourceTable>,
    /// Rows to return instead of the rows of the requested split.
    prepared: Option<RecordBatch>,
}

impl Tables {
    fn table(&self, name: &TableName) -> Result<&SourceTable> {
        let known = self.all.iter().find(|table| table.name == name.table);
        known
            .filter(|_| name.schema == self.schema)
            .ok_or_else(|| Error::not_found(format!("unknown table {name}; list the tables first")))
    }
}

#[async_trait]
impl Connector for Tables {
    fn source_type(&self) -> &'static str {
        self.schema
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list([self.schema.to_owned()], request.start_after.as_ref())
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        let names: Vec<String> = self.all.iter().map(|table| table.name.to_owned()).collect();
        PageStream::from_list(names, request.start_after.as_ref())
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        let table = self.table(&request.table)?;
        let mut definition = TableDef::new([]);
        definition.schema = table.rows.schema();
        let columns = table.partitions.as_ref().map_or(&[][..], |partitions| partitions.columns);
        Ok(definition.with_partition_columns(columns.iter().copied()))
    }

    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream> {
        Ok(match &self.table(&request.table)?.partitions {
            Some(partitions) => partitions.values.clone().into(),
            None => RecordBatchStream::unpartitioned(),
        })
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        let table = self.table(&request.table)?;
        let numbers: Vec<usize> = match &table.partitions {
            None => (0..table.splits.len()).collect(),
            Some(partitions) => {
                let column = request.partitions.column_by_name("number").ok_or_else(|| {
                    Error::invalid_input("the partitions lack the column number; pass it on")
                })?;
                let numbers = column.as_primitive::<Int64Type>().values();
                let first = |number: &i64| {
                    usize::try_from(*number).expect("a partition of the table") * partitions.splits
                };
                numbers
                    .iter()
                    .map(first)
                    .flat_map(|first| first..first + partitions.splits)
                    .collect()
            }
        };
        let splits = numbers.into_iter().map(|number| Split::new().with("split", number));
        PageStream::from_list(splits.collect::<Vec<_>>(), request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let table = self.table(&request.table)?;
        if let Some(rows) = &self.prepared {
            return Ok(rows.clone().into());
        }
        let number: usize = request.split.get("split")?;
        if number >= table.splits.len() {
            return Err(Error::invalid_input(format!("unknown split {number}; plan again")));
        }
        let rows = table.split(number);
        let schema = rows.schema();
        let columns = request.projection.fields().iter().map(|field| schema.index_of(field.name()));
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>().map_err(|error| {
            Error::invalid_input("unknown column; describe the table again").with_source(error)
        })?;
        Ok(rows.project(&columns).expect("the columns exist").into())
    }
}

/// Honest connector, called with bytes.
pub(crate) struct Honest {
    pub(crate) source: Source,
    pub(crate) level: Level,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) tables: Vec<SourceTable>,
    handler: Handler,
}

impl fmt::Debug for Honest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} with {:?} pushdown", self.source, self.level)
    }
}

impl Honest {
    pub(crate) fn new(source: Source, level: Level) -> Self {
        let store = Arc::new(MemoryStore::new());
        let tables = source.tables();
        let handler = handler(source, tables.clone(), None, &store);
        Self { source, level, store, tables, handler }
    }

    /// Answers a request.
    pub(crate) async fn answer(
        &self,
        mut request: Request,
        version: athena_protocol::SerdeVersion,
    ) -> std::result::Result<Response, InvokeError> {
        if let Request::ReadRecords(request) = &mut request {
            self.level.lower(&mut request.constraints);
        }
        let bytes = request.encode(version).map_err(|error| refusal(&error))?;
        let mut response = call(&self.handler, &bytes).await?;
        self.level.lower_announcement(&mut response);
        Ok(response)
    }

    /// Answers bytes that are no request.
    pub(crate) async fn answer_bytes(
        &self,
        bytes: &Bytes,
    ) -> std::result::Result<Bytes, InvokeError> {
        self.handler.handle(bytes, None).await.map(Bytes::from).map_err(|error| refusal(&error))
    }

    /// Returns the constraints that this connector applies.
    pub(crate) fn applied(&self, constraints: &Constraints) -> Constraints {
        let mut constraints = constraints.clone();
        self.level.lower(&mut constraints);
        constraints
    }

    /// Returns `rows`, all of them, as the response to a read.
    pub(crate) async fn respond(
        &self,
        request: &Request,
        version: athena_protocol::SerdeVersion,
        rows: RecordBatch,
    ) -> std::result::Result<Response, InvokeError> {
        let mut request = request.clone();
        if let Request::ReadRecords(request) = &mut request {
            request.constraints = Constraints::default();
        }
        let handler = handler(self.source, self.tables.clone(), Some(rows), &self.store);
        let bytes = request.encode(version).map_err(|error| refusal(&error))?;
        call(&handler, &bytes).await
    }
}

async fn call(handler: &Handler, bytes: &[u8]) -> std::result::Result<Response, InvokeError> {
    let response = handler.handle(bytes, None).await.map_err(|error| refusal(&error))?;
    Response::decode(&response).map_err(|error| refusal(&error))
}

fn handler(
    source: Source,
    tables: Vec<SourceTable>,
    prepared: Option<RecordBatch>,
    store: &Arc<MemoryStore>,
) -> Handler {
    let settings = Settings::from_vars([("spill_bucket", BUCKET)]).expect("the settings are valid");
    Handler::new(Tables { schema: source.schema(), all: tables, prepared })
        .with_settings(settings)
        .with_object_store(Arc::clone(store) as _)
}

/// Returns an error as a function returns it.
pub(crate) fn refusal(error: &athena_protocol::Error) -> InvokeError {
    InvokeError::Function(FunctionError::from(error))
}

#[async_trait]
impl Invoke for Honest {
    async fn invoke(&self, bytes: Bytes) -> std::result::Result<Bytes, InvokeError> {
        let Ok((request, version)) = Request::decode(&bytes) else {
            return self.answer_bytes(&bytes).await;
        };
        let response = self.answer(request, version).await?;
        response.encode(version).map(Bytes::from).map_err(|error| refusal(&error))
    }
}
