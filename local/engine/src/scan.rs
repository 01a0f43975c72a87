//! The scan of a table: one stream of batches over layout, pages of splits, and concurrent reads.

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
    pushed_limit::PushedLimit,
    type_mapping::{sql_schema, to_sql},
};
use athena_client::{FederatedClient, TableDefinition, TableRead, constraints_to_sql};

/// Approximate size in bytes of the partitions in one `GetSplits` request, far below Lambda's limit
/// even in base64.
pub(crate) const PARTITION_BYTES: usize = 1_500_000;

/// The parameters of a scan.
#[derive(Debug, Clone)]
pub(crate) struct ScanPlan {
    pub(crate) client: FederatedClient,
    pub(crate) table: Arc<TableDefinition>,
    /// Requested columns, in wire types.
    pub(crate) requested: SchemaRef,
    /// Indices of the requested columns that the scan returns.
    pub(crate) outputs: Vec<usize>,
    /// Constraints of every request.
    pub(crate) constraints: Constraints,
    /// Conditions that are not in the constraints, because they do not fit in a request.
    pub(crate) too_large: Vec<String>,
    /// Limit in the constraints, if any.
    pub(crate) limit: Option<PushedLimit>,
    /// Maximum number of splits read concurrently.
    pub(crate) concurrency: usize,
}

/// The scan of a connector's table.
///
/// It has one partition: the splits are not known before the query runs, and the engine
/// redistributes the rows where that helps.
#[derive(Debug)]
pub(crate) struct FederatedScanExec {
    plan: Arc<ScanPlan>,
    /// All requested columns, in SQL types.
    read: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl FederatedScanExec {
    pub(crate) fn new(plan: ScanPlan) -> DataFusionResult<Self> {
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

impl ScanPlan {
    /// Streams all splits of the scan, requested on demand.
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

    fn table_read(&self) -> TableRead {
        TableRead {
            table: self.table.name.clone(),
            schema: Arc::clone(&self.requested),
            constraints: self.constraints.clone(),
        }
    }
}

/// Slices `partitions` so that a request with one slice stays small. Returns no slice for no
/// partitions.
fn in_parts(partitions: &RecordBatch) -> Vec<RecordBatch> {
    let rows = partitions.num_rows();
    let parts = partitions.get_array_memory_size().div_ceil(PARTITION_BYTES).max(1);
    let step = rows.div_ceil(parts).max(1);
    (0..rows).step_by(step).map(|start| partitions.slice(start, step.min(rows - start))).collect()
}

/// One of several concurrent readers of a scan.
struct SplitReader {
    plan: Arc<ScanPlan>,
    /// Splits that no reader has taken yet.
    splits: Arc<Mutex<BoxStream<'static, Result<Split>>>>,
    /// All requested columns, in SQL types.
    schema: SchemaRef,
    rows: mpsc::Sender<DataFusionResult<RecordBatch>>,
    splits_read: Arc<AtomicUsize>,
}

impl SplitReader {
    /// Reads one split after the other until none are left or the receiver is dropped.
    async fn run(self) -> DataFusionResult<()> {
        let client = &self.plan.client;
        let read = self.plan.table_read();
        loop {
            let next = self.splits.lock().await.next().await;
            let Some(split) = next.transpose().map_err(to_datafusion)? else {
                return Ok(());
            };
            let mut batches = client.read_records(&read, split).await.map_err(to_datafusion)?;
            while let Some(batch) = batches.try_next().await.map_err(to_datafusion)? {
                let batch = to_sql(&batch, &self.schema).map_err(to_datafusion)?;
                if self.rows.send(Ok(batch)).await.is_err() {
                    // The query has enough rows, or it failed elsewhere.
                    return Ok(());
                }
            }
            self.splits_read.fetch_add(1, Ordering::Relaxed);
            client.trace().finish_split();
        }
    }
}

/// Merges the rows of several splits under a trusted limit. The rows of a single split are
/// returned unchanged.
async fn merge(
    mut batches: SendableRecordBatchStream,
    limit: PushedLimit,
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
    let row_limit = usize::try_from(limit.limit).unwrap_or(usize::MAX);
    if limit.order_by.is_empty() {
        return Ok(rows.slice(0, row_limit.min(rows.num_rows())));
    }
    let mut columns = Vec::new();
    for field in &limit.order_by {
        let name = field.column_name.as_deref().unwrap_or_default();
        let Some(values) = rows.column_by_name(name) else {
            return internal_err!("column {name:?} of the order was not requested");
        };
        let options = SortOptions {
            descending: field.direction.descending(),
            nulls_first: field.direction.nulls_first(),
        };
        columns.push(SortColumn { values: Arc::clone(values), options: Some(options) });
    }
    let indices = lexsort_to_indices(&columns, Some(row_limit))?;
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
        let pushed = constraints_to_sql(&plan.constraints);
        if !pushed.is_empty() {
            write!(f, ", pushed=[{pushed}]")?;
        }
        if plan.too_large.is_empty() {
            return Ok(());
        }
        write!(f, ", not pushed=[{}]", plan.too_large.join(", "))
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
        let readers = self.plan.concurrency.max(1);
        // One batch is buffered while the next is fetched; more would only use memory.
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.read), 1);
        let splits = Arc::new(Mutex::new(self.plan.splits()));
        let splits_read = Arc::new(AtomicUsize::new(0));
        for _ in 0..readers {
            let reader = SplitReader {
                plan: Arc::clone(&self.plan),
                splits: Arc::clone(&splits),
                schema: Arc::clone(&self.read),
                rows: builder.tx(),
                splits_read: Arc::clone(&splits_read),
            };
            builder.spawn(reader.run());
        }
        // Dropping this stream aborts the readers.
        let mut batches = builder.build();
        if let Some(limit) = self.plan.limit.clone().filter(|limit| limit.trusted) {
            let merged = stream::once(merge(batches, limit, splits_read));
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
