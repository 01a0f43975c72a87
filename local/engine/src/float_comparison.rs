//! Comparisons of floating-point numbers as in SQL and Trino: comparisons with NaN are false, and
//! zero has no sign.
//!
//! `DataFusion` compares in the total order of IEEE 754, where NaN is the largest number and equals
//! itself. Connectors filter by the rules of Trino, so the same query would return different rows
//! with and without pushdown. In addition, the optimizer negates comparisons, which is correct only
//! in a total order: `NOT (x > 1)` is true for NaN, and `x <= 1` is not. So an analyzer rule
//! replaces each comparison with a function before the optimizer runs.

use std::sync::{Arc, LazyLock};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray},
    buffer::BooleanBuffer,
    compute::kernels::cmp,
    datatypes::{DataType, Float32Type, Float64Type},
};
use datafusion::{
    common::{
        DFSchema, Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        Between, BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator,
        ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, expr::InList,
        expr_rewriter::NamePreserver, not, utils::merge_schema,
    },
    optimizer::AnalyzerRule,
};

/// Comparison operators and the names of their functions.
const FUNCTIONS: [(Operator, &str); 6] = [
    (Operator::Eq, "float_equal"),
    (Operator::NotEq, "float_not_equal"),
    (Operator::Lt, "float_less_than"),
    (Operator::LtEq, "float_less_than_or_equal"),
    (Operator::Gt, "float_greater_than"),
    (Operator::GtEq, "float_greater_than_or_equal"),
];

static UDFS: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(|| {
    let udf = |(op, name)| {
        let signature = Signature::any(2, Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(FloatComparison { op, name, signature }))
    };
    FUNCTIONS.into_iter().map(udf).collect()
});

/// An analyzer rule that replaces comparisons with functions. It has to run after type coercion.
#[derive(Debug)]
pub(crate) struct FloatComparisons;

impl AnalyzerRule for FloatComparisons {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let plan = plan.transform_up_with_subqueries(|node| {
            let schema = merge_schema(&node.inputs());
            let names = NamePreserver::new(&node);
            node.map_expressions(|expr| {
                let name = names.save(&expr);
                let rewritten = expr.transform_up(|expr| Ok(to_function(expr, &schema)))?;
                Ok(rewritten.update_data(|expr| name.restore(expr)))
            })
        })?;
        Ok(plan.data)
    }

    fn name(&self) -> &'static str {
        "float_comparisons"
    }
}

/// Replaces the functions in `expr` with the original comparisons.
pub(super) fn restore_comparisons(expr: &Expr) -> Expr {
    let restored = expr.clone().transform_up(|expr| Ok(to_comparison(expr)));
    restored.map_or_else(|_| expr.clone(), |restored| restored.data)
}

fn to_comparison(expr: Expr) -> Transformed<Expr> {
    let Expr::ScalarFunction(mut call) = expr else {
        return Transformed::no(expr);
    };
    match call.func.inner().downcast_ref::<FloatComparison>() {
        Some(comparison) if call.args.len() == 2 => {
            let right = call.args.remove(1);
            let left = call.args.remove(0);
            Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(
                Box::new(left),
                comparison.op,
                Box::new(right),
            )))
        }
        _ => Transformed::no(Expr::ScalarFunction(call)),
    }
}

fn to_function(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let is_float =
        |expr: &Expr| expr.get_type(schema).is_ok_and(|data_type| data_type.is_floating());
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right })
            if is_float(&left) && !is_join_key(&left, op, &right) =>
        {
            match call(op, &left, &right) {
                Some(call) => Transformed::yes(call),
                None => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
            }
        }
        Expr::Between(Between { expr, negated, low, high }) if is_float(&expr) => {
            match (call(Operator::GtEq, &expr, &low), call(Operator::LtEq, &expr, &high)) {
                (Some(above), Some(below)) => {
                    Transformed::yes(negated_if(negated, above.and(below)))
                }
                _ => Transformed::no(Expr::Between(Between { expr, negated, low, high })),
            }
        }
        Expr::InList(InList { expr, list, negated }) if is_float(&expr) => {
            let equals: Option<Vec<Expr>> =
                list.iter().map(|item| call(Operator::Eq, &expr, item)).collect();
            match equals.and_then(any_of) {
                Some(any) => Transformed::yes(negated_if(negated, any)),
                None => Transformed::no(Expr::InList(InList { expr, list, negated })),
            }
        }
        // Foreign enum: no other expression compares.
        other => Transformed::no(other),
    }
}

/// Returns true for an equality that a join can use as its key.
///
/// Such a comparison is not replaced: with a function, the join would compare all pairs of rows.
/// As join keys, NaN equals NaN.
fn is_join_key(left: &Expr, op: Operator, right: &Expr) -> bool {
    let left = left.column_refs();
    let right = right.column_refs();
    let same_table =
        left.iter().any(|column| right.iter().any(|other| other.relation == column.relation));
    op == Operator::Eq && !left.is_empty() && !right.is_empty() && !same_table
}

fn call(op: Operator, left: &Expr, right: &Expr) -> Option<Expr> {
    let number = FUNCTIONS.iter().position(|(function, _)| *function == op)?;
    Some(UDFS[number].call(vec![left.clone(), right.clone()]))
}

/// Returns the disjunction of `conditions` as a balanced tree.
fn any_of(mut conditions: Vec<Expr>) -> Option<Expr> {
    let mut half = conditions.split_off(conditions.len() / 2);
    match (conditions.is_empty(), half.len()) {
        (true, 0) => None,
        (true, _) => half.pop(),
        (false, _) => Some(any_of(conditions)?.or(any_of(half)?)),
    }
}

fn negated_if(negated: bool, condition: Expr) -> Expr {
    if negated { not(condition) } else { condition }
}

/// The function of one comparison operator.
#[derive(Debug, PartialEq, Eq, Hash)]
struct FloatComparison {
    op: Operator,
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for FloatComparison {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [left, right] = [&arrays[0], &arrays[1]].map(without_sign_of_zero);
        let by_total_order = match self.op {
            Operator::Eq => cmp::eq(&left, &right)?,
            Operator::NotEq => cmp::neq(&left, &right)?,
            Operator::Lt => cmp::lt(&left, &right)?,
            Operator::LtEq => cmp::lt_eq(&left, &right)?,
            Operator::Gt => cmp::gt(&left, &right)?,
            _ => cmp::gt_eq(&left, &right)?,
        };
        let nan = &nans(&left) | &nans(&right);
        let values = match self.op {
            Operator::NotEq => by_total_order.values() | &nan,
            _ => by_total_order.values() & &!&nan,
        };
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(
            values,
            by_total_order.nulls().cloned(),
        ))))
    }
}

fn without_sign_of_zero(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => Arc::new(
            array.as_primitive::<Float64Type>().unary::<_, Float64Type>(|value| value + 0.0),
        ),
        DataType::Float32 => Arc::new(
            array.as_primitive::<Float32Type>().unary::<_, Float32Type>(|value| value + 0.0),
        ),
        _ => Arc::clone(array),
    }
}

fn nans(array: &ArrayRef) -> BooleanBuffer {
    let of = |is_nan: &dyn Fn(usize) -> bool| BooleanBuffer::collect_bool(array.len(), is_nan);
    match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            of(&|row| values[row].is_nan())
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>().values();
            of(&|row| values[row].is_nan())
        }
        _ => BooleanBuffer::new_unset(array.len()),
    }
}
