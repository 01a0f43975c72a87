//! A table of a connector, as the SQL engine sees it.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use athena_protocol::{
    Constraints, Result, SerdeVersion,
    predicate::{Direction, OrderByField},
};
use datafusion::{
    catalog::{Session, TableProvider},
    error::Result as DataFusionResult,
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::ExecutionPlan,
};

use super::{
    catalog::ScanOptions,
    presentation::sql_schema,
    pushdown::{Pushdown, PushdownMode},
    scan::{FederatedScanExec, Plan},
};
use athena_client::{Capabilities, FederatedClient, TableDefinition};

/// How many rows are needed, and which: what a LIMIT over a scan allows the connector to leave out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowBound {
    /// So many rows are enough.
    pub(crate) limit: u64,
    /// The first ones in this order; any if empty.
    pub(crate) order_by: Vec<OrderByField>,
    /// Whether the rows are taken as they come, because nothing above the scan orders and limits
    /// them again.
    pub(crate) trusted: bool,
}

/// A table of a connector. Its columns are those of SQL: see [`presentation`](super::presentation).
#[derive(Debug, Clone)]
pub(crate) struct FederatedTable {
    client: FederatedClient,
    definition: Arc<TableDefinition>,
    schema: SchemaRef,
    capabilities: Capabilities,
    version: SerdeVersion,
    options: ScanOptions,
    bound: Option<RowBound>,
}

impl FederatedTable {
    /// The table of `definition`, with what its connector can do.
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
            bound: None,
        })
    }

    /// The same table, of which a query needs no more than `bound`.
    pub(crate) fn with_bound(&self, bound: RowBound) -> Self {
        Self { bound: Some(bound), ..self.clone() }
    }

    pub(crate) fn bound(&self) -> Option<&RowBound> {
        self.bound.as_ref()
    }

    /// Whether the limits and orders that the connector applied are not applied again.
    pub(crate) fn trusted(&self) -> bool {
        self.options.trust
    }

    /// Whether a limit, by an order or without one, may be sent for a scan under `filters`.
    ///
    /// Every filter has to be sent whole, else rows that the engine removes would count.
    pub(crate) fn takes_limit(&self, filters: &[Expr], ordered: bool) -> bool {
        let announced = if ordered { self.capabilities.top_n } else { self.capabilities.limit };
        let full = matches!(self.options.pushdown, PushdownMode::Full);
        full && announced
            && self.version >= SerdeVersion::V4
            && self.pushdown().plan(filters).complete()
    }

    /// The order of `column` as it travels, if a connector can go by it.
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

    /// The column that is read when only rows are counted: the one that takes the fewest bytes.
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
        let pushdown = self.pushdown();
        let answers = filters.iter().map(|filter| {
            let sent = pushdown.plan(std::slice::from_ref(*filter));
            match (sent.sends_anything(), self.options.trust && sent.complete()) {
                (false, _) => TableProviderFilterPushDown::Unsupported,
                (true, false) => TableProviderFilterPushDown::Inexact,
                (true, true) => TableProviderFilterPushDown::Exact,
            }
        });
        Ok(answers.collect())
    }

    /// Plans the scan. `limit` is not used: which limit may be sent is decided in
    /// [`bound`](super::bound), with all filters in view.
    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let sent = self.pushdown().plan(filters);
        let outputs: Vec<usize> = match projection {
            Some(projection) => projection.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        // A connector can only filter and order rows by columns that it is asked for.
        let mut requested = outputs.clone();
        let mut needed: Vec<&str> = sent.columns().collect();
        let order_by = self.bound.iter().flat_map(|bound| &bound.order_by);
        needed.extend(order_by.filter_map(|field| field.column_name.as_deref()));
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
            summary: sent.summary,
            expressions: sent.expressions,
            order_by: self.bound.as_ref().map(|bound| bound.order_by.clone()).unwrap_or_default(),
            limit: self.bound.as_ref().map(|bound| bound.limit),
            ..Constraints::default()
        };
        let plan = Plan {
            client: self.client.clone(),
            table: Arc::clone(&self.definition),
            requested: Arc::new(self.definition.schema.project(&requested)?),
            // Outputs come first among the requested columns.
            outputs: (0..outputs.len()).collect(),
            constraints,
            bound: self.bound.clone(),
            concurrency: self.options.concurrency,
        };
        Ok(Arc::new(FederatedScanExec::new(plan)?))
    }
}
