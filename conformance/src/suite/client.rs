//! Typed requests to the function, one method per operation.
//!
//! Each response comes with the bytes of its request, so that a finding can reproduce it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_client::{Capabilities, Invoke, InvokeError};
use athena_protocol::{
    Constraints, Error, ErrorKind, FederatedIdentity, Request, Response, SerdeVersion, Split,
    TableName,
    message::{
        GetDataSourceCapabilitiesRequest, GetSplitsRequest, GetTableLayoutRequest, GetTableRequest,
        ListSchemasRequest, ListTablesRequest, ListTablesResponse, PingRequest, PingResponse,
    },
};
use athena_spill::ObjectStore;
use bytes::Bytes;

use super::{
    Kind, Options,
    report::{Fault, Report},
};

/// Response and its request, as sent.
#[derive(Debug)]
pub(crate) struct Exchange<T> {
    pub(crate) request: Bytes,
    pub(crate) response: T,
}

/// Table as the function describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: TableName,
    pub(crate) schema: SchemaRef,
    pub(crate) partition_columns: Vec<String>,
}

/// Number of pages after which a list counts as endless.
const MAX_PAGES: usize = 10_000;

/// Client of one function.
#[derive(Debug)]
pub(crate) struct Client {
    pub(super) function: Arc<dyn Invoke>,
    pub(super) store: Option<Arc<dyn ObjectStore>>,
    pub(crate) version: SerdeVersion,
    pub(crate) catalog: String,
    pub(crate) query_id: String,
    pub(crate) requests: AtomicU64,
    /// Inline size of reads, in bytes.
    pub(crate) max_inline_size: u64,
    fail_fast: bool,
}

/// Unwraps the expected variant of a response; any other is a fault.
macro_rules! expect_response {
    ($exchange:expr, $variant:ident) => {{
        let Exchange { request, response } = $exchange;
        match response {
            Response::$variant(response) => Exchange { request, response },
            other => return Err(wrong_answer(&request, &other, stringify!($variant))),
        }
    }};
}

pub(super) fn wrong_answer(request: &Bytes, response: &Response, expected: &str) -> Fault {
    let message =
        format!("the response is a {}, expected a {expected} response", response.type_name());
    Fault::new(Kind::InvalidResponse, request, message)
}

impl Client {
    /// Creates a client without a store.
    pub(crate) fn new(function: Arc<dyn Invoke>, options: &Options) -> Self {
        let seed = options.seed;
        Self {
            function,
            store: None,
            max_inline_size: options.max_inline_block_size,
            fail_fast: options.fail_fast,
            // A ping has the same form in every version.
            version: SerdeVersion::V2,
            catalog: "conformance".to_owned(),
            query_id: format!("00000000-0000-4000-8000-{:012x}", seed & 0xFFFF_FFFF_FFFF),
            requests: AtomicU64::new(0),
        }
    }

    /// Returns true if the run ends, because it has a finding and is to stop at the first.
    pub(crate) fn stops(&self, report: &Report) -> bool {
        self.fail_fast && !report.is_clean()
    }

    /// Returns a fictitious identity in the form of real ones, because connectors may parse it.
    pub(super) fn identity() -> FederatedIdentity {
        FederatedIdentity {
            account: Some("111122223333".to_owned()),
            arn: Some("arn:aws:sts::111122223333:assumed-role/conformance/analyst".to_owned()),
            ..FederatedIdentity::default()
        }
    }

    /// Sends bytes unchanged.
    pub(super) async fn send(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.function.invoke(request).await
    }

    pub(super) fn encode(&self, request: &Request) -> Result<Bytes, Fault> {
        request.encode(self.version).map(Bytes::from).map_err(|error| {
            let message = format!("a {} cannot be encoded: {error}", request.type_name());
            Fault::new(Kind::ValidRequestRejected, &Bytes::new(), message)
        })
    }

    /// Sends a request that the function must answer.
    pub(super) async fn call(&self, request: &Request) -> Result<Exchange<Response>, Fault> {
        let bytes = self.encode(request)?;
        match self.send(bytes.clone()).await {
            Ok(response) => match Response::decode(&response) {
                Ok(response) => Ok(Exchange { request: bytes, response }),
                Err(error) => {
                    let message = format!(
                        "the response to a {} cannot be decoded: {error}",
                        request.type_name()
                    );
                    Err(Fault::new(Kind::InvalidResponse, &bytes, message))
                }
            },
            Err(error) => {
                let message = format!("a {} is refused: {error}", request.type_name());
                Err(Fault::new(Kind::ValidRequestRejected, &bytes, message))
            }
        }
    }

    /// Pings the function, and negotiates the version of all later requests.
    pub(crate) async fn ping(&mut self) -> Result<Exchange<PingResponse>, Fault> {
        let request = Request::Ping(PingRequest {
            identity: Some(Self::identity()),
            catalog_name: self.catalog.clone(),
            query_id: self.query_id.clone(),
        });
        let ping = expect_response!(self.call(&request).await?, Ping);
        self.version = SerdeVersion::negotiate(ping.response.serde_version);
        Ok(ping)
    }

    pub(crate) async fn capabilities(&self) -> Result<Exchange<Capabilities>, Fault> {
        if self.version < SerdeVersion::V4 {
            // Older versions cannot announce capabilities.
            return Ok(Exchange { request: Bytes::new(), response: Capabilities::default() });
        }
        let request = Request::GetDataSourceCapabilities(GetDataSourceCapabilitiesRequest {
            identity: Some(Self::identity()),
            query_id: Some(self.query_id.clone()),
            catalog_name: self.catalog.clone(),
        });
        let Exchange { request, response } =
            expect_response!(self.call(&request).await?, GetDataSourceCapabilities);
        Ok(Exchange { request, response: Capabilities::from_wire(&response.capabilities) })
    }

    pub(crate) async fn list_schemas(&self) -> Result<Exchange<Vec<String>>, Fault> {
        let request = Request::ListSchemas(ListSchemasRequest {
            identity: Some(Self::identity()),
            query_id: Some(self.query_id.clone()),
            catalog_name: self.catalog.clone(),
        });
        let Exchange { request, response } =
            expect_response!(self.call(&request).await?, ListSchemas);
        Ok(Exchange { request, response: response.schemas })
    }

    pub(super) fn tables_request(
        &self,
        schema: &str,
        token: Option<&str>,
        page_size: i32,
    ) -> Request {
        Request::ListTables(ListTablesRequest {
            identity: Some(Self::identity()),
            query_id: Some(self.query_id.clone()),
            catalog_name: self.catalog.clone(),
            schema_name: Some(schema.to_owned()),
            next_token: token.map(str::to_owned),
            page_size,
        })
    }

    /// Lists one page of the tables of a schema.
    pub(crate) async fn list_page(
        &self,
        schema: &str,
        token: Option<&str>,
        page_size: i32,
    ) -> Result<Exchange<ListTablesResponse>, Fault> {
        Ok(expect_response!(
            self.call(&self.tables_request(schema, token, page_size)).await?,
            ListTables
        ))
    }

    /// Lists all tables of a schema in pages of `page_size`.
    pub(crate) async fn list_tables(
        &self,
        schema: &str,
        page_size: i32,
    ) -> Result<Exchange<Vec<Vec<TableName>>>, Fault> {
        let mut pages = Vec::new();
        let mut token = None::<String>;
        let mut seen = HashSet::new();
        loop {
            let page = self.list_page(schema, token.as_deref(), page_size).await?;
            pages.push(page.response.tables);
            match page.response.next_token {
                None => return Ok(Exchange { request: page.request, response: pages }),
                Some(next) if !seen.insert(next.clone()) || pages.len() >= MAX_PAGES => {
                    let message = format!(
                        "the token of page {} of the tables of {schema:?} repeats an earlier one",
                        pages.len()
                    );
                    return Err(Fault::new(Kind::PagesNeverEnd, &page.request, message));
                }
                next => token = next,
            }
        }
    }

    pub(super) fn table_request(&self, name: &TableName) -> Request {
        Request::GetTable(GetTableRequest {
            identity: Some(Self::identity()),
            query_id: Some(self.query_id.clone()),
            catalog_name: self.catalog.clone(),
            table_name: name.clone(),
            query_passthrough_arguments: BTreeMap::new(),
        })
    }

    pub(crate) async fn get_table(&self, name: &TableName) -> Result<Exchange<Definition>, Fault> {
        let Exchange { request, response } =
            expect_response!(self.call(&self.table_request(name)).await?, GetTable);
        let definition = Definition {
            name: response.table_name,
            schema: response.schema,
            partition_columns: response.partition_columns,
        };
        Ok(Exchange { request, response: definition })
    }

    /// Requests the partitions that `constraints` can match.
    pub(crate) async fn get_table_layout(
        &self,
        table: &Definition,
        constraints: &Constraints,
    ) -> Result<Exchange<RecordBatch>, Fault> {
        let request = Request::GetTableLayout(GetTableLayoutRequest {
            identity: Some(Self::identity()),
            query_id: Some(self.query_id.clone()),
            catalog_name: self.catalog.clone(),
            table_name: table.name.clone(),
            constraints: constraints.clone(),
            schema: Arc::clone(&table.schema),
            partition_columns: table.partition_columns.clone(),
        });
        let Exchange { request, response } =
            expect_response!(self.call(&request).await?, GetTableLayout);
        Ok(Exchange { request, response: response.partitions })
    }

    pub(super) fn splits_request(&self, query: &SplitsQuery<'_>, token: Option<&str>) -> Request {
        let SplitsQuery { table, partitions, constraints } = *query;
        Request::GetSplits(GetSplitsRequest {
            identity: Some(Self::identity()),
            query_id: Some(self.query_id.clone()),
            catalog_name: self.catalog.clone(),
            table_name: table.name.clone(),
            partitions: partitions.clone(),
            partition_columns: table.partition_columns.clone(),
            constraints: constraints.clone(),
            continuation_token: token.map(str::to_owned),
        })
    }

    /// Requests one page of splits, and returns it with the token of the next.
    pub(crate) async fn splits_page(
        &self,
        query: &SplitsQuery<'_>,
        token: Option<&str>,
    ) -> Result<Exchange<(Vec<Split>, Option<String>)>, Fault> {
        let request = self.splits_request(query, token);
        let Exchange { request, response } =
            expect_response!(self.call(&request).await?, GetSplits);
        Ok(Exchange { request, response: (response.splits, response.continuation_token) })
    }

    /// Requests all pages of splits.
    pub(crate) async fn splits(
        &self,
        query: &SplitsQuery<'_>,
    ) -> Result<Exchange<Vec<SplitsPage>>, Fault> {
        let mut pages = Vec::new();
        let mut token = None::<String>;
        let mut seen = HashSet::new();
        loop {
            let page = self.splits_page(query, token.as_deref()).await?;
            let (splits, next) = page.response;
            pages.push(SplitsPage { token, splits });
            match next {
                None => return Ok(Exchange { request: page.request, response: pages }),
                Some(next) if !seen.insert(next.clone()) || pages.len() >= MAX_PAGES => {
                    let message = format!(
                        "the token of page {} of the splits of {} repeats an earlier one",
                        pages.len(),
                        query.table.name
                    );
                    return Err(Fault::new(Kind::SplitsNeverEnd, &page.request, message));
                }
                next => token = next,
            }
        }
    }
}

/// Query for the splits of some partitions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SplitsQuery<'a> {
    pub(crate) table: &'a Definition,
    pub(crate) partitions: &'a RecordBatch,
    pub(crate) constraints: &'a Constraints,
}

/// Page of splits, and the token with which it was requested.
#[derive(Debug)]
pub(crate) struct SplitsPage {
    pub(crate) token: Option<String>,
    pub(crate) splits: Vec<Split>,
}

/// Returns the kind of a function's error, if its message has a code.
pub(super) fn error_kind(error: &InvokeError) -> Option<ErrorKind> {
    match error {
        InvokeError::Function(document) => {
            let message = document.error_message.as_deref()?;
            let code = message.split_once(": ")?.0;
            ErrorKind::from_wire_code(code).map(|_| Error::from(document).kind())
        }
        InvokeError::Host(_) => None,
    }
}
