//! Connector for JSON over HTTP: the tables of an API, by a declared schema.
//!
//! | Part | Code |
//! |---|---|
//! | declaration of an API | [`config`], with the types of columns in [`types`] and variables in [`environment`] |
//! | requests: time limits, sizes, retries, errors | [`client`] |
//! | pages of a list | [`paging`] |
//! | rows to Arrow batches | [`json`] |
//! | conditions of a query to parameters | [`predicate`] |
//! | reading page by page | [`read`] |
//!
//! The parts are public for connectors of APIs that no declaration can describe.

pub mod client;
pub mod config;
pub mod environment;
pub mod json;
pub mod paging;
pub mod predicate;
pub mod read;
pub mod types;

use std::sync::Arc;

use athena_connector_sdk::{
    Connector, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, PageStream,
    ReadRecords, RecordBatchStream, Result, Secrets, Split, TableDef, TableName,
    arrow::{
        array::{ArrayRef, StringArray},
        record_batch::RecordBatch,
    },
    async_trait,
};

use crate::{
    client::Client,
    config::{Api, Base, Table},
    json::Decoder,
    read::{List, Pages},
};

/// Connector for one API.
#[derive(Debug)]
pub struct Http {
    api: Arc<Api>,
    client: Arc<Client>,
}

impl Http {
    /// Creates the connector of `api`, whose headers contain `secrets`.
    pub fn new(api: Api, secrets: Secrets) -> Self {
        let api = Arc::new(api);
        Self { client: Arc::new(Client::new(Arc::clone(&api), Arc::new(secrets))), api }
    }

    fn table(&self, name: &TableName) -> Result<&Arc<Table>> {
        let table = self.api.schemas.get(&name.schema).and_then(|tables| tables.get(&name.table));
        table.ok_or_else(|| {
            let names = self.api.schemas.iter().flat_map(|(schema, tables)| {
                tables.keys().map(move |table| format!("{schema}.{table}"))
            });
            let names = names.take(20).collect::<Vec<_>>().join(", ");
            Error::not_found(format!("table {name} is not declared; there are {names}"))
        })
    }
}

#[async_trait]
impl Connector for Http {
    fn source_type(&self) -> &'static str {
        "http"
    }

    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
        let schemas = self.api.schemas.keys().cloned().collect::<Vec<_>>();
        PageStream::from_list(schemas, request.start_after.as_ref())
    }

    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
        let tables = self.api.schemas.get(&request.schema).ok_or_else(|| {
            Error::not_found(format!("schema {:?} is not declared", request.schema))
        })?;
        let tables = tables.keys().cloned().collect::<Vec<_>>();
        PageStream::from_list(tables, request.start_after.as_ref())
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        Ok(self.table(&request.table)?.definition.clone())
    }

    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream> {
        let table = self.table(&request.table)?;
        let Some(partition) = &table.declaration.partition else {
            return Ok(RecordBatchStream::unpartitioned());
        };
        let values: ArrayRef = Arc::new(StringArray::from_iter_values(&partition.values));
        let batch = RecordBatch::try_from_iter([(partition.column.as_str(), values)])
            .map_err(|error| Error::internal("no batch of partitions").with_source(error))?;
        Ok(batch.into())
    }

    // One split for each partition.
    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        self.table(&request.table)?;
        let splits = (0..request.partitions.num_rows())
            .map(|row| request.split_for_partition(row))
            .collect::<Result<Vec<_>>>()?;
        PageStream::from_list(splits, request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let table = self.table(&request.table)?;
        let declaration = &table.declaration;
        let partition = match &declaration.partition {
            Some(partition) => {
                let value = request.split.partition::<String>(&partition.column)?;
                Some((partition.parameter.clone(), value.unwrap_or_default()))
            }
            None => None,
        };
        let list = match &self.api.base {
            // A saved response has all rows of a partition: nothing filters or divides it.
            Base::Folder(_) => List {
                path: match &partition {
                    Some((_, value)) => format!("{}-{value}", declaration.path),
                    None => declaration.path.clone(),
                },
                ..List::default()
            },
            Base::Server(_) => {
                let constant = declaration.query.iter();
                let constant = constant.map(|(name, value)| (name.clone(), value.clone()));
                let pushed = predicate::push_down(&request, table);
                List {
                    path: declaration.path.clone(),
                    query: constant.chain(partition).chain(pushed.parameters).collect(),
                    paging: declaration.paging.clone(),
                    limit: pushed.limit,
                }
            }
        };
        let decoder = Decoder::new(&request.projection, &table.columns);
        let pages = Pages {
            client: Arc::clone(&self.client),
            context: request.context,
            list,
            rows: table.rows.clone(),
        };
        Ok(pages.batches(decoder))
    }
}
