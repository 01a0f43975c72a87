//! What there is to read: schemas, tables, partitions, splits.

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

use super::{
    FederatedClient, Operation, Outcome,
    words::{constraints_in_words, plural},
};

/// A table as its connector defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDefinition {
    /// Its name.
    pub name: TableName,
    /// Its columns, with the schema metadata that the connector wants back.
    pub schema: SchemaRef,
    /// Names of its partition columns.
    pub partition_columns: Vec<String>,
}

/// One page of the tables of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePage {
    /// Tables in the connector's order.
    pub tables: Vec<TableName>,
    /// Token of the next page; `None` on the last.
    pub next_token: Option<String>,
}

impl FederatedClient {
    /// All schemas, in the connector's order.
    pub async fn list_schemas(&self) -> Result<Vec<String>> {
        let request = Request::ListSchemas(ListSchemasRequest {
            identity: Some(self.identity()),
            query_id: Some(self.query_id.to_string()),
            catalog_name: self.catalog().to_owned(),
        });
        let (response, place) = self.call(&request, &"", "").await?;
        let Response::ListSchemas(answer) = response else {
            return Err(self.wrong_type(
                Operation::ListSchemas,
                &"",
                &response,
                "ListSchemasResponse",
            ));
        };
        self.trace().set_outcome(place, Outcome::Answer(plural(answer.schemas.len(), "schema")));
        Ok(answer.schemas)
    }

    /// All tables of `schema`, page after page, in the connector's order.
    ///
    /// # Errors
    ///
    /// `InvalidResponse` for a connector that answers the same token twice in a row, which would go
    /// on for ever.
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
                return Err(self.repeated_token(Operation::ListTables, schema, token.as_deref()));
            }
        }
    }

    /// One page of the tables of `schema`: the one after `token`, or the first.
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
        let (response, place) = self.call(&request, &schema, "").await?;
        let Response::ListTables(answer) = response else {
            return Err(self.wrong_type(
                Operation::ListTables,
                &schema,
                &response,
                "ListTablesResponse",
            ));
        };
        let more = if answer.next_token.is_some() { ", more to come" } else { "" };
        self.trace()
            .set_outcome(place, Outcome::Answer(plural(answer.tables.len(), "table") + more));
        Ok(TablePage { tables: answer.tables, next_token: answer.next_token })
    }

    /// The definition of `table`.
    ///
    /// # Errors
    ///
    /// `InvalidResponse` for a definition without columns, or with a partition column that is not
    /// among them.
    pub async fn get_table(&self, table: &TableName) -> Result<TableDefinition> {
        let request = Request::GetTable(GetTableRequest {
            identity: Some(self.identity()),
            query_id: Some(self.query_id.to_string()),
            catalog_name: self.catalog().to_owned(),
            table_name: table.clone(),
            query_passthrough_arguments: BTreeMap::new(),
        });
        let (response, place) = self.call(&request, table, "").await?;
        let Response::GetTable(answer) = response else {
            return Err(self.wrong_type(Operation::GetTable, table, &response, "GetTableResponse"));
        };
        let invalid =
            |text: &str| Error::invalid_response(self.site(Operation::GetTable, table, text));
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
        self.trace().set_outcome(place, Outcome::Answer(plural(columns, "column") + &partitioned));
        Ok(TableDefinition {
            name: answer.table_name,
            schema: answer.schema,
            partition_columns: answer.partition_columns,
        })
    }

    /// The partitions of `table` that `constraints` can match, one a row.
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
        let (response, place) =
            self.call(&request, &table.name, &constraints_in_words(constraints)).await?;
        let Response::GetTableLayout(answer) = response else {
            return Err(self.wrong_type(
                Operation::GetTableLayout,
                &table.name,
                &response,
                "GetTableLayoutResponse",
            ));
        };
        let rows = answer.partitions.num_rows();
        self.trace().set_outcome(place, Outcome::Answer(plural(rows, "partition")));
        for column in &table.partition_columns {
            if rows > 0 && answer.partitions.schema().column_with_name(column).is_none() {
                let text = format!("its partitions lack the partition column {column:?}");
                return Err(Error::invalid_response(self.site(
                    Operation::GetTableLayout,
                    &table.name,
                    &text,
                )));
            }
        }
        Ok(answer.partitions)
    }

    /// The splits of `partitions`, page after page as they are asked for.
    pub fn get_splits(
        &self,
        table: &TableDefinition,
        partitions: RecordBatch,
        constraints: &Constraints,
    ) -> BoxStream<'static, Result<Split>> {
        let first = Page {
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

    fn repeated_token(&self, operation: Operation, subject: &str, token: Option<&str>) -> Error {
        let text = format!(
            "it answered the token {:?} once more, so that its list would never end",
            token.unwrap_or_default()
        );
        Error::invalid_response(self.site(operation, &subject, &text))
    }
}

/// A page of splits that is still to be asked for.
struct Page {
    client: FederatedClient,
    request: GetSplitsRequest,
    /// The tokens of the pages so far.
    seen: HashSet<String>,
}

impl Page {
    async fn get(self) -> Result<(Vec<Split>, Option<Self>)> {
        let Self { client, request, mut seen } = self;
        let table = request.table_name.clone();
        let words = match request.continuation_token {
            None => constraints_in_words(&request.constraints),
            Some(_) => "next page".to_owned(),
        };
        let message = Request::GetSplits(request);
        let (response, place) = client.call(&message, &table, &words).await?;
        let Request::GetSplits(mut request) = message else {
            return Err(Error::internal("a request changed its kind"));
        };
        let Response::GetSplits(answer) = response else {
            return Err(client.wrong_type(
                Operation::GetSplits,
                &table,
                &response,
                "GetSplitsResponse",
            ));
        };
        let more = if answer.continuation_token.is_some() { ", more to come" } else { "" };
        client
            .trace()
            .set_outcome(place, Outcome::Answer(plural(answer.splits.len(), "split") + more));
        client.trace().add_splits(answer.splits.len());
        let next = match answer.continuation_token {
            None => None,
            Some(token) if !seen.insert(token.clone()) => {
                return Err(client.repeated_token(
                    Operation::GetSplits,
                    &table.to_string(),
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
