//! Metadata operations: schemas, tables, partitions and splits.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::{
    Constraints, Error, Request, Response, Result, Split, TableName,
    message::{
        GetSplitsRequest, GetTableLayoutRequest, GetTableRequest, ListSchemasRequest,
        ListTablesRequest,
    },
};
use futures::stream::{self, BoxStream, StreamExt};

use super::{CallOutcome, FederatedClient, FederationOperation, constraints_to_sql, trace::plural};

/// The definition of a table, as its connector returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDefinition {
    /// Name in the connector's spelling, which may differ from the requested one.
    pub name: TableName,
    /// Columns in the connector's order. Requests have to repeat the schema metadata.
    pub schema: SchemaRef,
    /// Names of the partition columns. Each is a column of `schema`.
    pub partition_columns: Vec<String>,
}

/// One page of the tables of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePage {
    /// Tables in the connector's order. May be empty before the last page, too.
    pub tables: Vec<TableName>,
    /// Token of the next page; `None` on the last.
    pub next_token: Option<String>,
}

impl FederatedClient {
    /// Lists all schemas, in the connector's order.
    ///
    /// # Errors
    ///
    /// If the call fails, or with `InvalidResponse` if its response is of another type.
    pub async fn list_schemas(&self) -> Result<Vec<String>> {
        let request = Request::ListSchemas(ListSchemasRequest {
            identity: Some(self.identity()),
            query_id: Some(self.query_id.to_string()),
            catalog_name: self.catalog().to_owned(),
        });
        let (response, index) = self.call(&request, &"", "").await?;
        let Response::ListSchemas(answer) = response else {
            return Err(self.wrong_type(
                FederationOperation::ListSchemas,
                &"",
                &response,
                "ListSchemasResponse",
            ));
        };
        self.trace()
            .set_outcome(index, CallOutcome::Response(plural(answer.schemas.len(), "schema")));
        Ok(answer.schemas)
    }

    /// Lists all tables of `schema`, page by page, in the connector's order.
    ///
    /// # Errors
    ///
    /// If a call fails, or with `InvalidResponse` if a connector returns the same token twice:
    /// the list would never end.
    pub async fn list_tables(&self, schema: &str) -> Result<Vec<TableName>> {
        let mut tables = Vec::new();
        let mut token = None;
        let mut seen = HashSet::new();
        loop {
            let page = self
                .list_tables_page(schema, token.as_deref(), ListTablesRequest::UNLIMITED)
                .await?;
            tables.extend(page.tables);
            if page.next_token.is_none() {
                return Ok(tables);
            }
            token = page.next_token;
            if !seen.insert(token.clone()) {
                return Err(self.repeated_token(
                    FederationOperation::ListTables,
                    schema,
                    token.as_deref(),
                ));
            }
        }
    }

    /// Lists one page of the tables of `schema`: the page of `token`, or the first.
    ///
    /// A connector may return fewer or more tables than `page_size`;
    /// [`ListTablesRequest::UNLIMITED`] requests all.
    ///
    /// # Errors
    ///
    /// If the call fails, or with `InvalidResponse` if its response is of another type.
    pub async fn list_tables_page(
        &self,
        schema: &str,
        token: Option<&str>,
        page_size: i32,
    ) -> Result<TablePage> {
        let request = Request::ListTables(ListTablesRequest {
            identity: Some(self.identity()),
            query_id: Some(self.query_id.to_string()),
            catalog_name: self.catalog().to_owned(),
            schema_name: Some(schema.to_owned()),
            next_token: token.map(str::to_owned),
            page_size,
        });
        let (response, index) = self.call(&request, &schema, "").await?;
        let Response::ListTables(answer) = response else {
            return Err(self.wrong_type(
                FederationOperation::ListTables,
                &schema,
                &response,
                "ListTablesResponse",
            ));
        };
        let more = if answer.next_token.is_some() { ", more pages" } else { "" };
        self.trace()
            .set_outcome(index, CallOutcome::Response(plural(answer.tables.len(), "table") + more));
        Ok(TablePage { tables: answer.tables, next_token: answer.next_token })
    }

    /// Requests the definition of `table`.
    ///
    /// # Errors
    ///
    /// If the call fails, with the connector's kind: `NotFound` for a table that does not exist.
    /// `InvalidResponse` for a definition without columns, or with a partition column that is not
    /// one of them.
    pub async fn get_table(&self, table: &TableName) -> Result<TableDefinition> {
        self.describe(table, BTreeMap::new()).await
    }

    /// Requests the definition of the result of a table function with `arguments` by name.
    ///
    /// The requests for its partitions, splits and rows have the same arguments, in
    /// [`Constraints::query_passthrough_arguments`].
    ///
    /// # Errors
    ///
    /// As of [`get_table`](Self::get_table).
    pub async fn get_query(
        &self,
        function: &TableName,
        arguments: BTreeMap<String, Option<String>>,
    ) -> Result<TableDefinition> {
        self.describe(function, arguments).await
    }

    async fn describe(
        &self,
        table: &TableName,
        query_passthrough_arguments: BTreeMap<String, Option<String>>,
    ) -> Result<TableDefinition> {
        let request = Request::GetTable(GetTableRequest {
            identity: Some(self.identity()),
            query_id: Some(self.query_id.to_string()),
            catalog_name: self.catalog().to_owned(),
            table_name: table.clone(),
            query_passthrough_arguments,
        });
        let (response, index) = self.call(&request, table, "").await?;
        let Response::GetTable(answer) = response else {
            return Err(self.wrong_type(
                FederationOperation::GetTable,
                table,
                &response,
                "GetTableResponse",
            ));
        };
        let invalid = |text: &str| {
            Error::invalid_response(self.site(FederationOperation::GetTable, table, text))
        };
        if answer.schema.fields().is_empty() {
            return Err(invalid("the table has no columns"));
        }
        for column in &answer.partition_columns {
            if answer.schema.column_with_name(column).is_none() {
                return Err(invalid(&format!(
                    "partition column {column:?} is not a column of the table"
                )));
            }
        }
        let partitioned = match answer.partition_columns.as_slice() {
            [] => String::new(),
            columns => format!(", partitioned by {}", columns.join(", ")),
        };
        let columns = answer.schema.fields().len();
        self.trace()
            .set_outcome(index, CallOutcome::Response(plural(columns, "column") + &partitioned));
        Ok(TableDefinition {
            name: answer.table_name,
            schema: answer.schema,
            partition_columns: answer.partition_columns,
        })
    }

    /// Requests the partitions of `table` that can match `constraints`, one per row.
    ///
    /// # Errors
    ///
    /// If the call fails, or with `InvalidResponse` for partitions without one of the partition
    /// columns.
    pub async fn get_table_layout(
        &self,
        table: &TableDefinition,
        constraints: &Constraints,
    ) -> Result<RecordBatch> {
        let request = Request::GetTableLayout(GetTableLayoutRequest {
            identity: Some(self.identity()),
            query_id: Some(self.query_id.to_string()),
            catalog_name: self.catalog().to_owned(),
            table_name: table.name.clone(),
            constraints: constraints.clone(),
            schema: Arc::clone(&table.schema),
            partition_columns: table.partition_columns.clone(),
        });
        let (response, index) =
            self.call(&request, &table.name, &constraints_to_sql(constraints)).await?;
        let Response::GetTableLayout(answer) = response else {
            return Err(self.wrong_type(
                FederationOperation::GetTableLayout,
                &table.name,
                &response,
                "GetTableLayoutResponse",
            ));
        };
        let rows = answer.partitions.num_rows();
        self.trace().set_outcome(index, CallOutcome::Response(plural(rows, "partition")));
        for column in &table.partition_columns {
            if rows > 0 && answer.partitions.schema().column_with_name(column).is_none() {
                let text = format!("its partitions lack the partition column {column:?}");
                return Err(Error::invalid_response(self.site(
                    FederationOperation::GetTableLayout,
                    &table.name,
                    &text,
                )));
            }
        }
        Ok(answer.partitions)
    }

    /// Streams the splits of `partitions`, in the connector's order.
    ///
    /// Requests each page when the stream reaches it. Ends after the first error: one of a call, or
    /// `InvalidResponse` if a connector returns the same token twice. Dropping the stream stops
    /// the requests.
    pub fn get_splits(
        &self,
        table: &TableDefinition,
        partitions: RecordBatch,
        constraints: &Constraints,
    ) -> BoxStream<'static, Result<Split>> {
        let first = SplitsPage {
            client: self.clone(),
            request: GetSplitsRequest {
                identity: Some(self.identity()),
                query_id: Some(self.query_id.to_string()),
                catalog_name: self.catalog().to_owned(),
                table_name: table.name.clone(),
                partitions,
                partition_columns: table.partition_columns.clone(),
                constraints: constraints.clone(),
                continuation_token: None,
            },
            seen: HashSet::new(),
        };
        stream::unfold(Some(first), |page| async move {
            let (splits, next) = match page?.get().await {
                Ok((splits, next)) => (splits.into_iter().map(Ok).collect::<Vec<_>>(), next),
                Err(error) => (vec![Err(error)], None),
            };
            Some((stream::iter(splits), next))
        })
        .flatten()
        .boxed()
    }

    fn repeated_token(
        &self,
        operation: FederationOperation,
        subject: &str,
        token: Option<&str>,
    ) -> Error {
        let text = format!(
            "it returned the token {:?} twice: the list would never end",
            token.unwrap_or_default()
        );
        Error::invalid_response(self.site(operation, &subject, &text))
    }
}

/// A page of splits that is not requested yet.
struct SplitsPage {
    client: FederatedClient,
    request: GetSplitsRequest,
    /// Tokens of the pages so far.
    seen: HashSet<String>,
}

impl SplitsPage {
    async fn get(self) -> Result<(Vec<Split>, Option<Self>)> {
        let Self { client, request, mut seen } = self;
        let subject = match request.continuation_token {
            None => request.table_name.to_string(),
            Some(_) => format!("{}, next page", request.table_name),
        };
        let pushed = constraints_to_sql(&request.constraints);
        let message = Request::GetSplits(request);
        let (response, index) = client.call(&message, &subject, &pushed).await?;
        let Request::GetSplits(mut request) = message else {
            unreachable!("the request was constructed above");
        };
        let Response::GetSplits(answer) = response else {
            return Err(client.wrong_type(
                FederationOperation::GetSplits,
                &subject,
                &response,
                "GetSplitsResponse",
            ));
        };
        let more = if answer.continuation_token.is_some() { ", more pages" } else { "" };
        client
            .trace()
            .set_outcome(index, CallOutcome::Response(plural(answer.splits.len(), "split") + more));
        client.trace().add_splits(answer.splits.len());
        let next = match answer.continuation_token {
            None => None,
            Some(token) if !seen.insert(token.clone()) => {
                return Err(client.repeated_token(
                    FederationOperation::GetSplits,
                    &subject,
                    Some(&token),
                ));
            }
            token => {
                request.continuation_token = token;
                Some(Self { client, request, seen })
            }
        };
        Ok((answer.splits, next))
    }
}
