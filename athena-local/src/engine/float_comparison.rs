//! Comparisons of floating-point numbers as in SQL and Trino: NaN compares with nothing, and zero has no sign.
//!
//! The engine compares in the total order of IEEE 754, where NaN is the largest number and equals itself. Connectors
//! filter by the rules of Trino, so that the same query would answer differently with and without pushdown.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder},
    compute::kernels::cmp,
    datatypes::{DataType, Float32Type, Float64Type, Schema},
    record_batch::RecordBatch,
};
use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{ColumnarValue, Operator},
    physical_expr::{PhysicalExpr, expressions::BinaryExpr},
    physical_optimizer::PhysicalOptimizerRule,
    physical_plan::{
        ExecutionPlan,
        filter::{FilterExec, FilterExecBuilder},
        projection::{ProjectionExec, ProjectionExpr},
    },
};

/// Puts [`FloatComparison`] in place of the engine's own, in filters and projections.
#[derive(Debug)]
pub(crate) struct FloatComparisons;

impl PhysicalOptimizerRule for FloatComparisons {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = plan.transform_up(|node| {
            if let Some(filter) = node.downcast_ref::<FilterExec>() {
                let predicate = rewrite(filter.predicate(), &filter.input().schema())?;
                if predicate.transformed {
                    let filter = FilterExecBuilder::from(filter).with_predicate(predicate.data).build()?;
                    return Ok(Transformed::yes(Arc::new(filter) as Arc<dyn ExecutionPlan>));
                }
            } else if let Some(projection) = node.downcast_ref::<ProjectionExec>() {
                let schema = projection.input().schema();
                let mut changed = false;
                let mut exprs = Vec::new();
                for expr in projection.expr() {
                    let rewritten = rewrite(&expr.expr, &schema)?;
                    changed |= rewritten.transformed;
                    exprs.push(ProjectionExpr { expr: rewritten.data, alias: expr.alias.clone() });
                }
                if changed {
                    let projection = ProjectionExec::try_new(exprs, Arc::clone(projection.input()))?;
                    return Ok(Transformed::yes(Arc::new(projection) as Arc<dyn ExecutionPlan>));
                }
            }
            Ok(Transformed::no(node))
        })?;
        Ok(plan.data)
    }

    fn name(&self) -> &'static str {
        "float_comparisons"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn rewrite(expr: &Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Transformed<Arc<dyn PhysicalExpr>>> {
    Arc::clone(expr).transform_up(|expr| {
        let Some(binary) = expr.downcast_ref::<BinaryExpr>() else {
            return Ok(Transformed::no(expr));
        };
        let comparison = matches!(
            binary.op(),
            Operator::Eq | Operator::NotEq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq
        );
        if !comparison || !binary.left().data_type(schema)?.is_floating() {
            return Ok(Transformed::no(expr));
        }
        Ok(Transformed::yes(Arc::new(FloatComparison {
            left: Arc::clone(binary.left()),
            op: *binary.op(),
            right: Arc::clone(binary.right()),
        })))
    })
}

/// One comparison.
#[derive(Debug, Clone)]
struct FloatComparison {
    left: Arc<dyn PhysicalExpr>,
    op: Operator,
    right: Arc<dyn PhysicalExpr>,
}

impl PartialEq for FloatComparison {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op && self.left.eq(&other.left) && self.right.eq(&other.right)
    }
}

impl Eq for FloatComparison {}

impl Hash for FloatComparison {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.left.hash(state);
        self.op.hash(state);
        self.right.hash(state);
    }
}

impl fmt::Display for FloatComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.op, self.right)
    }
}

impl PhysicalExpr for FloatComparison {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        Ok(self.left.nullable(schema)? || self.right.nullable(schema)?)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let rows = batch.num_rows();
        let left = without_sign_of_zero(&self.left.evaluate(batch)?.into_array(rows)?);
        let right = without_sign_of_zero(&self.right.evaluate(batch)?.into_array(rows)?);
        let by_total_order = match self.op {
            Operator::Eq => cmp::eq(&left, &right)?,
            Operator::NotEq => cmp::neq(&left, &right)?,
            Operator::Lt => cmp::lt(&left, &right)?,
            Operator::LtEq => cmp::lt_eq(&left, &right)?,
            Operator::Gt => cmp::gt(&left, &right)?,
            _ => cmp::gt_eq(&left, &right)?,
        };
        let with_nan = self.op == Operator::NotEq;
        let mut values = BooleanBufferBuilder::new(rows);
        for row in 0..rows {
            let nan = is_nan(&left, row) || is_nan(&right, row);
            values.append(if nan { with_nan } else { by_total_order.value(row) });
        }
        let result = BooleanArray::new(values.finish(), by_total_order.nulls().cloned());
        Ok(ColumnarValue::Array(Arc::new(result)))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.left, &self.right]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let [left, right] = <[_; 2]>::try_from(children)
            .map_err(|_| datafusion::error::DataFusionError::Internal("a comparison has two sides".to_owned()))?;
        Ok(Arc::new(Self { left, op: self.op, right }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn without_sign_of_zero(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(|value| value + 0.0)),
        DataType::Float32 => Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(|value| value + 0.0)),
        _ => Arc::clone(array),
    }
}

fn is_nan(array: &ArrayRef, row: usize) -> bool {
    match array.data_type() {
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).is_nan(),
        DataType::Float32 => array.as_primitive::<Float32Type>().value(row).is_nan(),
        _ => false,
    }
}
