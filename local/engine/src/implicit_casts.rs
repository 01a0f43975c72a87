//! Refusal of operators between text and other types, which Trino does not cast implicitly.

use arrow::datatypes::DataType;
use datafusion::{
    common::{Result, plan_err},
    logical_expr::Operator,
};

use crate::type_name::type_name;

/// Refuses the operator if one operand is text and the other a number, date, time or Boolean.
pub(crate) fn check(op: Operator, left: Option<&DataType>, right: Option<&DataType>) -> Result<()> {
    let (Some(left), Some(right)) = (left, right) else { return Ok(()) };
    let is_comparison = matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    );
    let is_checked = op.is_numerical_operators() || is_comparison;
    if is_checked && (is_text(left) && has_no_text(right) || is_text(right) && has_no_text(left)) {
        let (left, right) = (type_name(left), type_name(right));
        return plan_err!("cannot apply operator: {left} {op} {right}; add a CAST");
    }
    Ok(())
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn has_no_text(data_type: &DataType) -> bool {
    data_type.is_numeric()
        || matches!(data_type, DataType::Boolean | DataType::Date32 | DataType::Timestamp(..))
}
