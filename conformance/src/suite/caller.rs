//! Requests to the function, one method per operation; every answer with the request that it
//! answers.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
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

use super::{Kind, report::Fault};
use athena_client::{Capabilities, Invoke, InvokeError};

/// An answer and its request.
#[derive(Debug)]
pub(crate) struct Exchange<T> {
    pub(crate) request: Bytes,
    pub(crate) answer: T,
}

/// A table as the function described it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: TableName,
    pub(crate) schema: SchemaRef,
    pub(crate) partition_columns: Vec<String>,
}

/// Most pages of a list that are followed.
const PAGES: usize = 10_000;

/// Speaks with one function.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(super) function: Arc<dyn Invoke>,
    pub(super) store: Option<Arc<dyn ObjectStore>>,
    pub(crate) version: SerdeVersion,
    pub(crate) catalog: String,
    pub(crate) query_id: String,
    pub(crate) requests: AtomicU64,
}

/// Takes the answer of the kind that was asked for.
macro_rules! answer {
    ($exchange:expr, $variant:ident) => {{
        let Exchange { request, answer } = $exchange;
        match answer {
            Response::$variant(answer) => Exchange { request, answer },
            other => return Err(wrong_answer(&request, &other, stringify!($variant))),
        }
    }};
}

pub(super) fn wrong_answer(request: &Bytes, answer: &Response, expected: &str) -> Fault {
    let sentence = format!("the answer is a {}, expected one to {expected}", answer.type_name());
    Fault::new(Kind::AnswerUnreadable, request, sentence)
}

impl Caller {
    pub(crate) fn new(
        function: Arc<dyn Invoke>,
        store: Option<Arc<dyn ObjectStore>>,
        seed: u64,
    ) -> Self {
        Self {
            function,
            store,
            // A ping is the same in every version.
            version: SerdeVersion::V2,
            catalog: "conformance".to_owned(),
            query_id: format!("00000000-0000-4000-8000-{:012x}", seed & 0xFFFF_FFFF_FFFF),
            requests: AtomicU64::new(0),
        }
    }

    /// Made up, and shaped like the real ones, because connectors may parse them.
    pub(super) fn identity() -> FederatedIdentity {
        FederatedIdentity {
            account: Some("111122223333".to_owned()),
            arn: Some("arn:aws:sts::111122223333:assumed-role/conformance/analyst".to_owned()),
            ..FederatedIdentity::default()
        }
    }

    /// Sends bytes as they are.
    pub(super) async fn send(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.function.invoke(request).await
    }

    pub(super) fn encode(&self, request: &Request) -> Result<Bytes, Fault> {
        request.encode(self.version).map(Bytes::from).map_err(|error| {
            let sentence = format!("a {} has no form on the wire: {error}", request.type_name());
            Fault::new(Kind::LegalRequestRefused, &Bytes::new(), sentence)
        })
    }

    /// Asks what a function must answer.
    pub(super) async fn ask(&self, request: &Request) -> Result<Exchange<Response>, Fault> {
        let bytes = self.encode(request)?;
        match self.send(bytes.clone()).await {
            Ok(answer) => match Response::decode(&answer) {
                Ok(answer) => Ok(Exchange { request: bytes, answer }),
                Err(error) => {
                    let sentence =
                        format!("the answer to a {} cannot be read: {error}", request.type_name());
                    Err(Fault::new(Kind::AnswerUnreadable, &bytes, sentence))
                }
            },
            Err(error) => {
                let sentence =
                    format!("a {} is answered by an error: {error}", request.type_name());
                Err(Fault::new(Kind::LegalRequestRefused, &bytes, sentence))
            }
        }
    }

    /// Asks what a function is and which version it speaks, and speaks that from then on.
    pub(crate) async fn ping(&mut self) -> Result<Exchange<PingResponse>, Fault> {
        let request = Request::Ping(PingRequest {
            identity: Some(Self::identity()),
            catalog_name: self.catalog.clone(),
            query_id: self.query_id.clone(),
        });
        let pong = answer!(self.ask(&request).await?, Ping);
        self.version = SerdeVersion::negotiate(pong.answer.serde_version);
        Ok(pong)
    }

    pub(crate) async fn capabilities(&self) -> Result<Exchange<Capabilities>, Fault> {
        if self.version < SerdeVersion::V4 {
            // There is no way to say so, and no promise.
            return Ok(Exchange { request: Bytes::new(), answer: Capabilities::default() });
        }
        let request = Request::GetDataSourceCapabilities(GetDataSourceCapabilitiesRequest {
            identity: Some(Self::identity()),
            query_id: Some(self.query_id.clone()),
            catalog_name: self.catalog.clone(),
        });
        let Exchange { request, answer } =
            answer!(self.ask(&request).await?, GetDataSourceCapabilities);
        Ok(Exchange { request, answer: Capabilities::from_wire(&answer.capabilities) })
    }

    pub(crate) async fn list_schemas(&self) -> Result<Exchange<Vec<String>>, Fault> {
        let request = Request::ListSchemas(ListSchemasRequest {
            identity: Some(Self::identity()),
            query_id: Some(self.query_id.clone()),
            catalog_name: self.catalog.clone(),
        });
        let Exchange { request, answer } = answer!(self.ask(&request).await?, ListSchemas);
        Ok(Exchange { request, answer: answer.schemas })
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

    /// One page of the tables of a schema.
    pub(crate) async fn list_page(
        &self,
        schema: &str,
        token: Option<&str>,
        page_size: i32,
    ) -> Result<Exchange<ListTablesResponse>, Fault> {
        Ok(answer!(self.ask(&self.tables_request(schema, token, page_size)).await?, ListTables))
    }

    /// All tables of a schema, page by page, in pages of `page_size`.
    pub(crate) async fn list_tables(
        &self,
        schema: &str,
        page_size: i32,
    ) -> Result<Exchange<Vec<Vec<TableName>>>, Fault> {
        let (mut pages, mut token, mut seen) = (Vec::new(), None::<String>, HashSet::new());
        loop {
            let page = self.list_page(schema, token.as_deref(), page_size).await?;
            pages.push(page.answer.tables);
            match page.answer.next_token {
                None => return Ok(Exchange { request: page.request, answer: pages }),
                Some(next) if !seen.insert(next.clone()) || pages.len() >= PAGES => {
                    let sentence = format!(
                        "page {} of the tables of {schema:?} has a token again",
                        pages.len()
                    );
                    return Err(Fault::new(Kind::PagesNeverEnd, &page.request, sentence));
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
        let Exchange { request, answer } =
            answer!(self.ask(&self.table_request(name)).await?, GetTable);
        let definition = Definition {
            name: answer.table_name,
            schema: answer.schema,
            partition_columns: answer.partition_columns,
        };
        Ok(Exchange { request, answer: definition })
    }

    /// The partitions that `constraints` leave.
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
        let Exchange { request, answer } = answer!(self.ask(&request).await?, GetTableLayout);
        Ok(Exchange { request, answer: answer.partitions })
    }

    pub(super) fn splits_request(
        &self,
        table: &Definition,
        partitions: &RecordBatch,
        constraints: &Constraints,
        token: Option<&str>,
    ) -> Request {
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

    /// One page of the splits of some partitions, and the token of the next.
    pub(crate) async fn splits_page(
        &self,
        table: &Definition,
        partitions: &RecordBatch,
        constraints: &Constraints,
        token: Option<&str>,
    ) -> Result<Exchange<(Vec<Split>, Option<String>)>, Fault> {
        let request = self.splits_request(table, partitions, constraints, token);
        let Exchange { request, answer } = answer!(self.ask(&request).await?, GetSplits);
        Ok(Exchange { request, answer: (answer.splits, answer.continuation_token) })
    }

    /// All splits of some partitions, page by page, each page with the token that asked for it.
    pub(crate) async fn splits(
        &self,
        table: &Definition,
        partitions: &RecordBatch,
        constraints: &Constraints,
    ) -> Result<Exchange<Vec<SplitsPage>>, Fault> {
        let (mut pages, mut token, mut seen) = (Vec::new(), None::<String>, HashSet::new());
        loop {
            let page = self.splits_page(table, partitions, constraints, token.as_deref()).await?;
            let (splits, next) = page.answer;
            pages.push(SplitsPage { token, splits });
            match next {
                None => return Ok(Exchange { request: page.request, answer: pages }),
                Some(next) if !seen.insert(next.clone()) || pages.len() >= PAGES => {
                    let sentence = format!(
                        "page {} of the splits of {} has a token again",
                        pages.len(),
                        table.name
                    );
                    return Err(Fault::new(Kind::SplitsNeverEnd, &page.request, sentence));
                }
                next => token = next,
            }
        }
    }
}

/// One page of splits, and what asked for it.
#[derive(Debug)]
pub(crate) struct SplitsPage {
    pub(crate) token: Option<String>,
    pub(crate) splits: Vec<Split>,
}

/// The kind that a function gave its error, if the error has a code.
pub(super) fn coded(error: &InvokeError) -> Option<ErrorKind> {
    match error {
        InvokeError::Function(document) => {
            let message = document.error_message.as_deref()?;
            let code = message.split_once(": ")?.0;
            ErrorKind::from_wire_code(code).map(|_| Error::from(document).kind())
        }
        InvokeError::Host(_) => None,
    }
}
