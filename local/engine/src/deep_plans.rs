//! Execution of deep plans on stacks of their own.
//!
//! A node starts and polls its inputs, which start and poll theirs. In a debug build that takes
//! about 10 kB of stack for each node, and a plan of 100 nested queries has 300 nodes. So nodes are
//! inserted which continue on another stack before the current one ends.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use datafusion::{
    common::{internal_err, tree_node::TreeNodeRecursion},
    error::Result,
    execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext},
    physical_expr::PhysicalExpr,
    physical_plan::{
        ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
        ReplaceChildrenOptions,
    },
};
use futures::{Stream, StreamExt as _};

/// Number of nodes that fit in [`RESERVE`].
const EVERY: usize = 32;

/// Stack that has to be left, and size of another stack, in bytes.
const RESERVE: usize = 512 << 10;
const STACK: usize = 8 << 20;

/// Inserts a [`StackGuardExec`] after every [`EVERY`] nodes of a path of `plan`.
pub(crate) fn guard(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    Ok(guarded(plan)?.0)
}

/// Returns the guarded plan and its height above the next guard.
fn guarded(plan: Arc<dyn ExecutionPlan>) -> Result<(Arc<dyn ExecutionPlan>, usize)> {
    let mut height = 0;
    let mut changed = false;
    let mut inputs = Vec::new();
    for input in plan.children() {
        let (guarded, below) = stacker::maybe_grow(RESERVE, STACK, || guarded(Arc::clone(input)))?;
        changed |= !Arc::ptr_eq(&guarded, input);
        height = height.max(below);
        inputs.push(guarded);
    }
    let plan = if changed {
        // A guard has the properties of its input.
        plan.replace_children(inputs, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep))?
    } else {
        plan
    };
    if height + 1 < EVERY {
        return Ok((plan, height + 1));
    }
    Ok((Arc::new(StackGuardExec { input: plan }), 0))
}

/// A node that returns its input, and starts and polls it on another stack if little is left.
#[derive(Debug)]
struct StackGuardExec {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for StackGuardExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("StackGuardExec")
    }
}

impl ExecutionPlan for StackGuardExec {
    fn name(&self) -> &'static str {
        "StackGuardExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (Some(input), 0) = (children.pop(), children.len()) else {
            return internal_err!("a stack guard has one input");
        };
        Ok(Arc::new(Self { input }))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let rows = stacker::maybe_grow(RESERVE, STACK, || self.input.execute(partition, context))?;
        Ok(Box::pin(GuardedStream { rows: Some(rows), schema: self.input.schema() }))
    }
}

/// Rows of a [`StackGuardExec`].
struct GuardedStream {
    /// `None` only while it is dropped.
    rows: Option<SendableRecordBatchStream>,
    schema: SchemaRef,
}

impl Stream for GuardedStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.rows {
            Some(rows) => stacker::maybe_grow(RESERVE, STACK, || rows.poll_next_unpin(context)),
            None => Poll::Ready(None),
        }
    }
}

impl RecordBatchStream for GuardedStream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Drop for GuardedStream {
    fn drop(&mut self) {
        stacker::maybe_grow(RESERVE, STACK, || drop(self.rows.take()));
    }
}
