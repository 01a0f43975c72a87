//! Query of one table.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    compute::concat_batches,
    datatypes::{Schema, SchemaRef},
    record_batch::RecordBatch,
    util::pretty::pretty_format_batches,
};
use athena_client::{ClientOptions, FederatedClient, TableDefinition, TableRead};
use athena_protocol::{Constraints, Error, Result, Split, TableName};
use futures::TryStreamExt as _;

use super::{Harness, filter, in_process::InProcess};
use crate::predicate::{Expression, OrderByField, ValueSet};

/// A query of one table, or of the result of a passthrough query, as Athena sends it to a
/// connector: see [`Harness::table`] and [`Harness::query`].
///
/// Errors of its methods are the connector's own, with their kind, context and sources, or
/// `InvalidResponse` for a response that does not fit its request.
#[derive(Debug, Clone)]
pub struct TableQuery {
    harness: Harness,
    table: TableName,
    columns: Option<Vec<String>>,
    constraints: Constraints,
    filters: Vec<String>,
    options: ClientOptions,
}

impl TableQuery {
    pub(super) fn new(harness: Harness, table: TableName) -> Self {
        Self {
            harness,
            table,
            columns: None,
            constraints: Constraints::default(),
            filters: Vec::new(),
            options: ClientOptions::default(),
        }
    }

    pub(super) fn with_arguments(mut self, arguments: BTreeMap<String, Option<String>>) -> Self {
        self.constraints.query_passthrough_arguments = arguments;
        self
    }

    /// Selects `columns`, at least one, in this order.
    #[must_use]
    pub fn columns<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Requires the condition `filter` in SQL to be true, in addition to all others.
    ///
    /// It is sent as `athena-local` sends it: as value sets of single columns, and as expressions.
    /// It has `=`, `<>`, `<`, `<=`, `>`, `>=`, `IN`, `BETWEEN`, `LIKE`, `IS NULL`, `AND`, `OR` and
    /// `NOT`, of columns and literals that are exactly of their types. Anything else is
    /// `InvalidInput` when the query is sent.
    ///
    /// ```
    /// # use athena_connector_sdk::{Handler, StaticConnector, testing::Harness};
    /// # let harness = Harness::new(Handler::new(StaticConnector::new()));
    /// let query = harness
    ///     .table("shop", "orders")
    ///     .filter("status IN ('open', 'paid') AND amount >= 19.99 AND day > DATE '2024-02-29'");
    /// # let _ = query;
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: impl Into<String>) -> Self {
        self.filters.push(filter.into());
        self
    }

    /// Requires the values of `column` to be in `values`; replaces an earlier set of the column.
    #[must_use]
    pub fn values(mut self, column: impl Into<String>, values: ValueSet) -> Self {
        self.constraints.summary.insert(column.into(), values);
        self
    }

    /// Requires `condition` to be true, in addition to all others.
    #[must_use]
    pub fn condition(mut self, condition: Expression) -> Self {
        self.constraints.expressions.push(condition);
        self
    }

    /// Orders by `field`, after the fields of earlier calls.
    #[must_use]
    pub fn order_by(mut self, field: OrderByField) -> Self {
        self.constraints.order_by.push(field);
        self
    }

    /// Requires only `limit` rows of each split.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        self.constraints.limit = Some(limit);
        self
    }

    /// Spills all rows, instead of only those that do not fit into a response.
    #[must_use]
    pub fn spilled(mut self) -> Self {
        self.options.max_inline_block_size = 0;
        self
    }

    /// Returns the schema and the partition columns of the table.
    ///
    /// # Errors
    ///
    /// The connector's, such as `NotFound`.
    pub async fn definition(&self) -> Result<TableDefinition> {
        let (client, function) = self.client();
        self.describe(&client).await.map_err(|error| function.cause(error))
    }

    /// Returns the partitions that can match, one per row.
    ///
    /// # Errors
    ///
    /// The connector's.
    pub async fn partitions(&self) -> Result<RecordBatch> {
        let (client, function) = self.client();
        let partitions = async {
            let table = self.describe(&client).await?;
            client.get_table_layout(&table, &self.constraints(&table)?).await
        };
        partitions.await.map_err(|error| function.cause(error))
    }

    /// Returns the splits that can match, of all pages.
    ///
    /// # Errors
    ///
    /// The connector's.
    pub async fn splits(&self) -> Result<Vec<Split>> {
        let (client, function) = self.client();
        let splits = async {
            let table = self.describe(&client).await?;
            self.splits_of(&client, &table, &self.constraints(&table)?).await
        };
        splits.await.map_err(|error| function.cause(error))
    }

    /// Reads all splits and returns their rows as one batch, in the order of splits and rows.
    ///
    /// The order and the limit hold within each split, as in Athena, which merges them itself.
    ///
    /// # Errors
    ///
    /// The connector's, or `InvalidInput` for a column that the table does not have.
    pub async fn rows(&self) -> Result<RecordBatch> {
        let (client, function) = self.client();
        self.read(&client).await.map_err(|error| function.cause(error))
    }

    /// Returns the [rows](Self::rows) as a table in text, without a final line break.
    ///
    /// # Errors
    ///
    /// Those of [`rows`](Self::rows).
    pub async fn text(&self) -> Result<String> {
        Ok(pretty_format_batches(&[self.rows().await?])?.to_string())
    }

    async fn read(&self, client: &FederatedClient) -> Result<RecordBatch> {
        let table = self.describe(client).await?;
        let schema = self.selected(&table.schema)?;
        let constraints = self.constraints(&table)?;
        let splits = self.splits_of(client, &table, &constraints).await?;
        let read =
            TableRead { table: table.name.clone(), schema: Arc::clone(&schema), constraints };
        let mut batches = Vec::new();
        for split in splits {
            let rows = client.read_records(&read, split).await?;
            batches.extend(rows.try_collect::<Vec<_>>().await?);
        }
        Ok(concat_batches(&schema, &batches)?)
    }

    async fn describe(&self, client: &FederatedClient) -> Result<TableDefinition> {
        let arguments = &self.constraints.query_passthrough_arguments;
        if arguments.is_empty() {
            return client.get_table(&self.table).await;
        }
        client.get_query(&self.table, arguments.clone()).await
    }

    async fn splits_of(
        &self,
        client: &FederatedClient,
        table: &TableDefinition,
        constraints: &Constraints,
    ) -> Result<Vec<Split>> {
        let partitions = client.get_table_layout(table, constraints).await?;
        client.get_splits(table, partitions, constraints).try_collect().await
    }

    fn constraints(&self, table: &TableDefinition) -> Result<Constraints> {
        let mut constraints = self.constraints.clone();
        filter::add(&self.filters, &table.schema, &mut constraints)?;
        Ok(constraints)
    }

    /// Returns the selected columns of `schema`, with its metadata.
    fn selected(&self, schema: &SchemaRef) -> Result<SchemaRef> {
        let Some(columns) = &self.columns else { return Ok(Arc::clone(schema)) };
        let mut fields = Vec::with_capacity(columns.len());
        for column in columns {
            let field = schema.fields().find(column).ok_or_else(|| {
                let all: Vec<_> =
                    schema.fields().iter().map(|field| field.name().as_str()).collect();
                Error::invalid_input(format!(
                    "column {column:?} does not exist in {}; its columns are {}",
                    self.table,
                    all.join(", ")
                ))
            })?;
            fields.push(Arc::clone(field.1));
        }
        Ok(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
    }

    fn client(&self) -> (FederatedClient, Arc<InProcess>) {
        self.harness.client(self.options.clone())
    }
}
