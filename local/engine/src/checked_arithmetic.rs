//! Integer arithmetic that fails on overflow, as in Trino. `DataFusion` wraps.
//!
//! Operators become functions. Constants do before the optimizer evaluates them, and all others
//! only when the physical plan is made, so that the optimizer and pushdown see the operators.

use std::sync::{Arc, LazyLock};

use arrow::{
    array::Datum,
    compute::kernels::numeric,
    datatypes::{DataType, Field, FieldRef},
    error::ArrowError,
};
use datafusion::{
    common::{
        DFSchema, Result, ScalarValue,
        config::ConfigOptions,
        exec_err,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs,
        ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
        expr_rewriter::NamePreserver, lit, utils::merge_schema,
    },
    optimizer::AnalyzerRule,
};

/// Operators, the names of their functions, and of their results in errors.
const FUNCTIONS: [(Operator, &str, &str); 3] = [
    (Operator::Plus, "checked_add", "addition"),
    (Operator::Minus, "checked_subtract", "subtraction"),
    (Operator::Multiply, "checked_multiply", "multiplication"),
];

static UDFS: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(|| {
    let udf = |(op, name, result)| {
        let signature = Signature::any(2, Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(CheckedOperator { op, name, result, signature }))
    };
    FUNCTIONS.into_iter().map(udf).collect()
});

/// An analyzer rule that replaces the operators of constants. It has to run after type coercion.
#[derive(Debug)]
pub(crate) struct CheckedConstants;

impl AnalyzerRule for CheckedConstants {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        replace(plan, |expr| !expr.any_column_refs())
    }

    fn name(&self) -> &'static str {
        "checked_constants"
    }
}

/// Replaces all operators of an optimized plan, except those that a connector evaluates.
pub(crate) fn check(plan: LogicalPlan) -> Result<LogicalPlan> {
    replace(plan, |_| true)
}

fn replace(plan: LogicalPlan, is_selected: fn(&Expr) -> bool) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|node| {
        if matches!(node, LogicalPlan::TableScan(_)) {
            return Ok(Transformed::no(node));
        }
        let schema = merge_schema(&node.inputs());
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let replaced = expr.transform_up(|expr| Ok(to_function(expr, &schema, is_selected)))?;
            Ok(replaced.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(plan.data)
}

fn to_function(expr: Expr, schema: &DFSchema, is_selected: fn(&Expr) -> bool) -> Transformed<Expr> {
    let is_integer =
        |expr: &Expr| expr.get_type(schema).is_ok_and(|data_type| data_type.is_signed_integer());
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right })
            if is_selected(&left)
                && is_selected(&right)
                && is_integer(&left)
                && is_integer(&right) =>
        {
            match FUNCTIONS.iter().position(|(function, ..)| *function == op) {
                Some(number) => Transformed::yes(UDFS[number].call(vec![*left, *right])),
                None => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
            }
        }
        Expr::Negative(operand) if is_selected(&operand) && is_integer(&operand) => {
            let zero = operand.get_type(schema).and_then(|t| ScalarValue::new_zero(&t));
            match zero {
                Ok(zero) => Transformed::yes(UDFS[1].call(vec![lit(zero), *operand])),
                Err(_) => Transformed::no(Expr::Negative(operand)),
            }
        }
        // Foreign enum: no other expression calculates.
        other => Transformed::no(other),
    }
}

/// The function of one operator.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedOperator {
    op: Operator,
    name: &'static str,
    result: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for CheckedOperator {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let data_type = args.arg_fields[0].data_type().clone();
        let is_nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name, data_type, is_nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = args.args.as_slice() else {
            return exec_err!("{} takes two arguments", self.name);
        };
        let are_scalars =
            matches!((left, right), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
        let calculated = match (left, right) {
            (ColumnarValue::Array(left), ColumnarValue::Array(right)) => {
                self.calculate(left, right)
            }
            (ColumnarValue::Array(left), ColumnarValue::Scalar(right)) => {
                self.calculate(left, &right.to_scalar()?)
            }
            (ColumnarValue::Scalar(left), ColumnarValue::Array(right)) => {
                self.calculate(&left.to_scalar()?, right)
            }
            (ColumnarValue::Scalar(left), ColumnarValue::Scalar(right)) => {
                self.calculate(&left.to_array()?, &right.to_array()?)
            }
        }?;
        if are_scalars {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&calculated, 0)?));
        }
        Ok(ColumnarValue::Array(calculated))
    }
}

impl CheckedOperator {
    fn calculate(&self, left: &dyn Datum, right: &dyn Datum) -> Result<arrow::array::ArrayRef> {
        let calculated = match self.op {
            Operator::Plus => numeric::add(left, right),
            Operator::Minus => numeric::sub(left, right),
            _ => numeric::mul(left, right),
        };
        match calculated {
            Err(ArrowError::ArithmeticOverflow(_)) => {
                let name = match left.get().0.data_type() {
                    DataType::Int8 => "tinyint",
                    DataType::Int16 => "smallint",
                    DataType::Int32 => "integer",
                    _ => "bigint",
                };
                exec_err!("{name} {} overflow; cast an operand to a larger type", self.result)
            }
            other => Ok(other?),
        }
    }
}
