//! A connector's table as a table provider of `DataFusion`.

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use athena_client::{Capabilities, FederatedClient, TableDefinition};
use athena_protocol::{
    Constraints, Result, SerdeVersion,
    predicate::{Direction, OrderByField},
};
use datafusion::{
    catalog::{Session, TableProvider},
    common::DFSchema,
    error::Result as DataFusionResult,
    logical_expr::{Expr, TableProviderFilterPushDown, TableType, utils::conjunction},
    physical_plan::{ExecutionPlan, filter::FilterExecBuilder},
};

use super::{
    pushdown::{FilterSupport, Pushdown, PushdownMode},
    pushed_limit::PushedLimit,
    scan::{FederatedScanExec, ScanPlan},
    scan_options::ScanOptions,
    type_mapping::sql_schema,
};

/// A connector's table. Its columns have [SQL types](super::type_mapping).
#[derive(Debug, Clone)]
pub(crate) struct FederatedTable {
    client: FederatedClient,
    definition: Arc<TableDefinition>,
    schema: SchemaRef,
    capabilities: Capabilities,
    version: SerdeVersion,
    options: ScanOptions,
    limit: Option<PushedLimit>,
    /// Arguments of the table function whose result this is; none for a table.
    arguments: BTreeMap<String, Option<String>>,
}

impl FederatedTable {
    /// Creates the table of `definition`. Requests the capabilities of its connector.
    pub(crate) async fn open(
        client: FederatedClient,
        definition: TableDefinition,
        options: ScanOptions,
    ) -> Result<Self> {
        let version = client.version().await?;
        let capabilities = match options.pushdown {
            PushdownMode::Off => Capabilities::default(),
            PushdownMode::Sets | PushdownMode::Full => client.capabilities().await?.clone(),
        };
        let schema = sql_schema(&definition.schema);
        Ok(Self {
            client,
            definition: Arc::new(definition),
            schema,
            capabilities,
            version,
            options,
            limit: None,
            arguments: BTreeMap::new(),
        })
    }

    /// Returns the table as the result of a table function with `arguments`.
    pub(crate) fn with_arguments(self, arguments: BTreeMap<String, Option<String>>) -> Self {
        Self { arguments, ..self }
    }

    /// Returns the table with `limit` pushed down to its scan.
    pub(crate) fn with_limit(&self, limit: PushedLimit) -> Self {
        Self { limit: Some(limit), ..self.clone() }
    }

    /// Returns the comment of a column, which is in the metadata under its name.
    pub(crate) fn comment(&self, column: &str) -> Option<&str> {
        self.definition.schema.metadata().get(column).map(String::as_str)
    }

    pub(crate) fn limit(&self) -> Option<&PushedLimit> {
        self.limit.as_ref()
    }

    /// Returns whether the engine skips limits and orders that were pushed down.
    pub(crate) fn trusted(&self) -> bool {
        self.options.trust
    }

    /// Returns whether a limit, with or without an order, can be pushed down to a scan with
    /// `filters`.
    ///
    /// All filters have to be pushed down completely. Otherwise the connector would count rows that
    /// the engine then removes.
    pub(crate) fn supports_limit(&self, filters: &[Expr], ordered: bool) -> bool {
        let announced = if ordered { self.capabilities.top_n } else { self.capabilities.limit };
        let full = matches!(self.options.pushdown, PushdownMode::Full);
        full && announced
            && self.version >= SerdeVersion::V4
            && self.pushdown().translate(filters).is_complete()
    }

    /// Returns the order by `column` in wire format, or `None` for a nested type, which has no
    /// order.
    pub(crate) fn order_field(
        &self,
        column: usize,
        descending: bool,
        nulls_first: bool,
    ) -> Option<OrderByField> {
        let field = self.definition.schema.fields().get(column)?;
        (!field.data_type().is_nested()).then(|| OrderByField {
            column_name: Some(field.name().clone()),
            direction: Direction::new(descending, nulls_first),
        })
    }

    fn pushdown(&self) -> Pushdown<'_> {
        Pushdown::new(
            self.options.pushdown,
            &self.capabilities,
            self.version,
            &self.definition.schema,
        )
    }

    /// Returns the column to read if the query only counts rows: the one with the smallest type.
    fn narrowest_column(&self) -> usize {
        let width = |data_type: &DataType| match data_type {
            DataType::Boolean => 0,
            other => other.primitive_width().unwrap_or(if other.is_nested() { 1_000 } else { 100 }),
        };
        let fields = self.definition.schema.fields();
        (0..fields.len()).min_by_key(|&index| width(fields[index].data_type())).unwrap_or_default()
    }
}

#[async_trait]
impl TableProvider for FederatedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        let filters: Vec<Expr> = filters.iter().map(|&filter| filter.clone()).collect();
        let support = self.pushdown().support(&filters).into_iter().map(|support| match support {
            FilterSupport::Unsupported => TableProviderFilterPushDown::Unsupported,
            FilterSupport::Exact if self.options.trust => TableProviderFilterPushDown::Exact,
            FilterSupport::Exact | FilterSupport::Superset => TableProviderFilterPushDown::Inexact,
        });
        Ok(support.collect())
    }

    /// Plans the scan. Ignores `_limit`, because [`limit_pushdown`](super::limit_pushdown) decides
    /// about limits, when all filters are known.
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let pushed = self.pushdown().translate(filters);
        let outputs: Vec<usize> = match projection {
            Some(projection) => projection.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        // A connector can filter and order rows only by requested columns.
        let mut requested = outputs.clone();
        let mut needed: Vec<&str> = pushed.columns().collect();
        let order_by = self.limit.iter().flat_map(|limit| &limit.order_by);
        needed.extend(order_by.filter_map(|field| field.column_name.as_deref()));
        // Filters that do not fit in a request together were pushed down one by one.
        let filtered = self.options.trust && !pushed.too_large.is_empty();
        let columns: Vec<_> = filters.iter().flat_map(Expr::column_refs).collect();
        if filtered {
            needed.extend(columns.iter().map(|column| column.name.as_str()));
        }
        for name in needed {
            if let Some((index, _)) = self.definition.schema.column_with_name(name)
                && !requested.contains(&index)
            {
                requested.push(index);
            }
        }
        if requested.is_empty() {
            requested.push(self.narrowest_column());
        }
        let constraints = Constraints {
            summary: pushed.summary,
            expressions: pushed.expressions,
            order_by: self.limit.as_ref().map(|limit| limit.order_by.clone()).unwrap_or_default(),
            limit: self.limit.as_ref().map(|limit| limit.limit),
            query_passthrough_arguments: self.arguments.clone(),
            ..Constraints::default()
        };
        let outputs: Vec<usize> = (0..outputs.len()).collect();
        let plan = ScanPlan {
            client: self.client.clone(),
            table: Arc::clone(&self.definition),
            requested: Arc::new(self.definition.schema.project(&requested)?),
            // The outputs are the first of the requested columns.
            outputs: if filtered { (0..requested.len()).collect() } else { outputs.clone() },
            constraints,
            too_large: pushed.too_large,
            limit: self.limit.clone(),
            concurrency: self.options.concurrency,
        };
        let scan = Arc::new(FederatedScanExec::new(plan)?);
        match conjunction(filters.iter().cloned()) {
            Some(condition) if filtered => {
                let schema = DFSchema::try_from(scan.schema())?;
                let condition = state.create_physical_expr(condition, &schema)?;
                let filter = FilterExecBuilder::new(condition, scan);
                Ok(Arc::new(filter.apply_projection(Some(outputs))?.build()?))
            }
            _ => Ok(scan),
        }
    }
}
