//! Comparisons of floating-point numbers as in SQL and Trino: NaN compares with nothing, and zero
//! has no sign.
//!
//! The engine compares in the total order of IEEE 754, where NaN is the largest number and equals
//! itself. Connectors filter by the rules of Trino, so that the same query would answer differently
//! with and without pushdown. And the engine's optimizer turns comparisons around, which is only
//! right in an order that is total: `NOT (x > 1)` is true of NaN, and `x <= 1` is not. So each
//! comparison becomes a function before it looks at them.

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

/// The comparisons that have a function, and its name.
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

/// Puts functions in place of the engine's own comparisons. It has to run after the engine's type
/// coercion.
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

/// `expr` with the comparisons that it was written with.
pub(super) fn restored(expr: &Expr) -> Expr {
    let restore = |expr: Expr| match expr {
        Expr::ScalarFunction(mut call) => match call.func.inner().downcast_ref::<FloatComparison>()
        {
            Some(comparison) if call.args.len() == 2 => {
                let (right, left) = (call.args.remove(1), call.args.remove(0));
                Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(
                    Box::new(left),
                    comparison.op,
                    Box::new(right),
                ))))
            }
            _ => Ok(Transformed::no(Expr::ScalarFunction(call))),
        },
        other => Ok(Transformed::no(other)),
    };
    let restored = expr.clone().transform_up(restore);
    restored.map_or_else(|_| expr.clone(), |restored| restored.data)
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
        // Not our enum: nothing else compares.
        other => Transformed::no(other),
    }
}

/// What the engine may join by: as a function it would have to try every pair of rows. In a join,
/// NaN meets NaN.
fn is_join_key(left: &Expr, op: Operator, right: &Expr) -> bool {
    let (left, right) = (left.column_refs(), right.column_refs());
    let of_one_table =
        left.iter().any(|column| right.iter().any(|other| other.relation == column.relation));
    op == Operator::Eq && !left.is_empty() && !right.is_empty() && !of_one_table
}

fn call(op: Operator, left: &Expr, right: &Expr) -> Option<Expr> {
    let number = FUNCTIONS.iter().position(|(function, _)| *function == op)?;
    Some(UDFS[number].call(vec![left.clone(), right.clone()]))
}

/// The disjunction of `conditions`, as deep as the logarithm of their number.
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

/// One comparison.
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
