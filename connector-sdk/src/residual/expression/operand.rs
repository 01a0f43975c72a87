//! Arguments brought to the types that a function takes.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};

use super::{
    Node,
    arithmetic::Operation,
    coerce::{common_type, digits, fit, integer_width, is_number},
};
use crate::wire_type::cast_values;

/// A node and the type of its values.
pub(super) struct Typed {
    pub(super) node: Node,
    pub(super) data_type: DataType,
}

/// Both in one type; a constant takes the type of the other if it can, which spares a cast of every
/// row.
pub(super) fn share_type(left: Typed, right: Typed) -> Option<(Node, Node, DataType)> {
    if let Node::Constant(value) = &right.node
        && let Some(value) = fit(value, &left.data_type)
    {
        return Some((left.node, Node::Constant(value), left.data_type));
    }
    if let Node::Constant(value) = &left.node
        && let Some(value) = fit(value, &right.data_type)
    {
        return Some((Node::Constant(value), right.node, right.data_type));
    }
    let shared = common_type(&left.data_type, &right.data_type)?;
    Some((convert(left, &shared)?, convert(right, &shared)?, shared))
}

/// The same values in a type that holds them all.
fn convert(value: Typed, to: &DataType) -> Option<Node> {
    match value.node {
        node if value.data_type == *to => Some(node),
        Node::Constant(value) => cast_values(&value, to).map(Node::Constant),
        node => Some(Node::Cast(Box::new(node), to.clone())),
    }
}

/// The operands of an operation in the types it takes, and the type of its result.
pub(super) fn operands(
    operation: Operation,
    left: Typed,
    right: Typed,
    declared: &DataType,
) -> Option<(Node, Node, DataType)> {
    if !is_number(&left.data_type) || !is_number(&right.data_type) {
        return None;
    }
    if let (Some(l), Some(r)) = (integer_width(&left.data_type), integer_width(&right.data_type)) {
        // The type of the result decides what overflows.
        let result =
            integer_width(declared).filter(|&width| width >= l.max(r)).map(|_| declared.clone())?;
        return Some((convert(left, &result)?, convert(right, &result)?, result));
    }
    if left.data_type.is_floating() || right.data_type.is_floating() {
        let (left, right, shared) = match common_type(&left.data_type, &right.data_type) {
            Some(shared) => (convert(left, &shared)?, convert(right, &shared)?, shared),
            None => share_type(left, right)?,
        };
        return (shared == *declared).then_some((left, right, shared));
    }
    let decimal = |value: Typed| {
        let (precision, scale) = digits(&value.data_type)?;
        convert(value, &DataType::Decimal128(precision, scale)).map(|node| (node, scale))
    };
    let ((left, left_scale), (right, right_scale)) = (decimal(left)?, decimal(right)?);
    let scale = operation.decimal_scale(left_scale, right_scale)?;
    // A declared precision only says when the result is too long, which Trino does not check below
    // 38 digits.
    matches!(declared, DataType::Decimal128(_, declared) if *declared == scale).then_some((
        left,
        right,
        DataType::Decimal128(DECIMAL128_MAX_PRECISION, scale),
    ))
}
