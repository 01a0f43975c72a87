//! Reading a table: layout, splits page by page, several splits at once, as one stream of batches.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arrow::{
    compute::{SortColumn, SortOptions, concat_batches, lexsort_to_indices, take_record_batch},
    datatypes::SchemaRef,
    record_batch::RecordBatch,
};
use athena_protocol::{Constraints, Result, Split};
use datafusion::{
    common::{internal_err, tree_node::TreeNodeRecursion},
    error::{DataFusionError, Result as DataFusionResult},
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
        execution_plan::{Boundedness, EmissionType},
        metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet},
        stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter},
    },
};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use tokio::sync::{Mutex, mpsc};

use super::{
    error::to_datafusion,
    presentation::{sql_schema, to_sql},
    table::RowBound,
};
use athena_client::{FederatedClient, Scan, TableDefinition, constraints_in_words};

/// Partitions go out in requests of about this many bytes of rows, far below Lambda's limit after
/// base64.
const PARTITION_BYTES: usize = 1_500_000;

/// What is read, and how.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) client: FederatedClient,
    pub(crate) table: Arc<TableDefinition>,
    /// Columns that are asked for, in wire types.
    pub(crate) requested: SchemaRef,
    /// Which of them the query sees.
    pub(crate) outputs: Vec<usize>,
    /// What every request carries.
    pub(crate) constraints: Constraints,
    /// The limit among them, if any.
    pub(crate) bound: Option<RowBound>,
    /// Splits that are read at the same time.
    pub(crate) concurrency: usize,
}

/// A scan of a table of a connector.
///
/// One partition: the splits are not known before the query runs, and the engine spreads the rows
/// itself.
#[derive(Debug)]
pub(crate) struct FederatedScanExec {
    plan: Arc<Plan>,
    /// All requested columns, in SQL types.
    read: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl FederatedScanExec {
    pub(crate) fn new(plan: Plan) -> DataFusionResult<Self> {
        let read = sql_schema(&plan.requested);
        let schema = Arc::new(read.project(&plan.outputs)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            plan: Arc::new(plan),
            read,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl Plan {
    /// All splits of the scan, asked for as they are wanted.
    fn splits(self: &Arc<Self>) -> BoxStream<'static, Result<Split>> {
        let plan = Arc::clone(self);
        let per_request = async move {
            let layout = plan.client.get_table_layout(&plan.table, &plan.constraints).await?;
            let requests: Vec<_> = in_parts(&layout)
                .into_iter()
                .map(|part| plan.client.get_splits(&plan.table, part, &plan.constraints))
                .collect();
            Ok::<_, athena_protocol::Error>(stream::iter(requests).flatten())
        };
        stream::once(per_request).try_flatten().boxed()
    }

    fn scan(&self) -> Scan {
        Scan {
            table: self.table.name.clone(),
            schema: Arc::clone(&self.requested),
            constraints: self.constraints.clone(),
        }
    }
}

/// `partitions` cut so that a request with one part stays small. No partitions are no parts.
fn in_parts(partitions: &RecordBatch) -> Vec<RecordBatch> {
    let rows = partitions.num_rows();
    let parts = partitions.get_array_memory_size().div_ceil(PARTITION_BYTES).max(1);
    let step = rows.div_ceil(parts).max(1);
    (0..rows).step_by(step).map(|start| partitions.slice(start, step.min(rows - start))).collect()
}

/// Reads splits one after the other until there are none left or nobody wants more.
async fn work(
    plan: Arc<Plan>,
    splits: Arc<Mutex<BoxStream<'static, Result<Split>>>>,
    read: SchemaRef,
    rows: mpsc::Sender<DataFusionResult<RecordBatch>>,
    splits_read: Arc<AtomicUsize>,
) -> DataFusionResult<()> {
    let scan = plan.scan();
    loop {
        let next = splits.lock().await.next().await;
        let Some(split) = next.transpose().map_err(to_datafusion)? else {
            return Ok(());
        };
        let mut batches = plan.client.read_records(&scan, split).await.map_err(to_datafusion)?;
        while let Some(batch) = batches.try_next().await.map_err(to_datafusion)? {
            let batch = to_sql(&batch, &read).map_err(to_datafusion)?;
            if rows.send(Ok(batch)).await.is_err() {
                // The query ended: it has what it needs, or it failed elsewhere.
                return Ok(());
            }
        }
        splits_read.fetch_add(1, Ordering::Relaxed);
        plan.client.trace().finish_split();
    }
}

/// Merges what several splits answered to a trusted limit: one split's answer stays as it came.
async fn merge(
    mut batches: SendableRecordBatchStream,
    bound: RowBound,
    splits_read: Arc<AtomicUsize>,
) -> DataFusionResult<RecordBatch> {
    let schema = batches.schema();
    let mut all = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        all.push(batch);
    }
    let rows = concat_batches(&schema, &all)?;
    if splits_read.load(Ordering::Relaxed) <= 1 {
        return Ok(rows);
    }
    let limit = usize::try_from(bound.limit).unwrap_or(usize::MAX);
    if bound.order_by.is_empty() {
        return Ok(rows.slice(0, limit.min(rows.num_rows())));
    }
    let mut columns = Vec::new();
    for field in &bound.order_by {
        let name = field.column_name.as_deref().unwrap_or_default();
        let Some(values) = rows.column_by_name(name) else {
            return internal_err!("column {name:?} of the order was not asked for");
        };
        let options = SortOptions {
            descending: field.direction.descending(),
            nulls_first: field.direction.nulls_first(),
        };
        columns.push(SortColumn { values: Arc::clone(values), options: Some(options) });
    }
    let indices = lexsort_to_indices(&columns, Some(limit))?;
    Ok(take_record_batch(&rows, &indices)?)
}

impl DisplayAs for FederatedScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let plan = &self.plan;
        let names: Vec<_> =
            plan.requested.fields().iter().map(|field| field.name().as_str()).collect();
        write!(
            f,
            "FederatedScanExec: {}.{}, columns=[{}]",
            plan.client.catalog(),
            plan.table.name,
            names.join(", ")
        )?;
        let pushed = constraints_in_words(&plan.constraints);
        if pushed.is_empty() { Ok(()) } else { write!(f, ", pushed=[{pushed}]") }
    }
}

impl ExecutionPlan for FederatedScanExec {
    fn name(&self) -> &'static str {
        "FederatedScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a scan has no inputs") }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a scan has no inputs") }
    }

    fn execute(
        &self,
        partition: usize,
        _: Arc<TaskContext>,
    ) -> DataFusionResult<SendableRecordBatchStream> {
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let workers = self.plan.concurrency.max(1);
        // One batch waits while the next is fetched; more would only take memory.
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.read), 1);
        let splits = Arc::new(Mutex::new(self.plan.splits()));
        let splits_read = Arc::new(AtomicUsize::new(0));
        for _ in 0..workers {
            let (plan, splits) = (Arc::clone(&self.plan), Arc::clone(&splits));
            builder.spawn(work(
                plan,
                splits,
                Arc::clone(&self.read),
                builder.tx(),
                Arc::clone(&splits_read),
            ));
        }
        // Dropping this stream aborts the workers.
        let mut batches = builder.build();
        if let Some(bound) = self.plan.bound.clone().filter(|bound| bound.trusted) {
            let merged = stream::once(merge(batches, bound, splits_read));
            batches = Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.read), merged));
        }
        let outputs = self.plan.outputs.clone();
        let projected = batches.map(move |batch| {
            let batch = batch?.project(&outputs).map_err(DataFusionError::from)?;
            metrics.record_output(batch.num_rows());
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), projected)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
