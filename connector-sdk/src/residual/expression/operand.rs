//! Coercion of arguments to the types of a function.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};

use super::{
    Node,
    arithmetic::Operation,
    coerce::{common_type, digits, exact_cast, integer_width, is_number},
};
use crate::wire_type::cast_values;

/// Node and the type of its values.
pub(super) struct TypedNode {
    pub(super) node: Node,
    pub(super) data_type: DataType,
}

/// Coerces both nodes to one type. A constant takes the type of the other node if it can, which
/// avoids casting every row.
pub(super) fn to_common_type(left: TypedNode, right: TypedNode) -> Option<(Node, Node, DataType)> {
    if let Node::Constant(value) = &right.node
        && let Some(value) = exact_cast(value, &left.data_type)
    {
        return Some((left.node, Node::Constant(value), left.data_type));
    }
    if let Node::Constant(value) = &left.node
        && let Some(value) = exact_cast(value, &right.data_type)
    {
        return Some((Node::Constant(value), right.node, right.data_type));
    }
    let shared = common_type(&left.data_type, &right.data_type)?;
    Some((convert(left, &shared)?, convert(right, &shared)?, shared))
}

/// Converts to a type that holds all values.
fn convert(value: TypedNode, to: &DataType) -> Option<Node> {
    match value.node {
        node if value.data_type == *to => Some(node),
        Node::Constant(value) => cast_values(&value, to).map(Node::Constant),
        node => Some(Node::Cast(Box::new(node), to.clone())),
    }
}

/// Returns the coerced operands of an operator, and the type of its result.
pub(super) fn operands(
    operation: Operation,
    left: TypedNode,
    right: TypedNode,
    declared: &DataType,
) -> Option<(Node, Node, DataType)> {
    if !is_number(&left.data_type) || !is_number(&right.data_type) {
        return None;
    }
    if let (Some(l), Some(r)) = (integer_width(&left.data_type), integer_width(&right.data_type)) {
        // The type of the result decides which values overflow.
        let result =
            integer_width(declared).filter(|&width| width >= l.max(r)).map(|_| declared.clone())?;
        return Some((convert(left, &result)?, convert(right, &result)?, result));
    }
    if left.data_type.is_floating() || right.data_type.is_floating() {
        let (left, right, shared) = match common_type(&left.data_type, &right.data_type) {
            Some(shared) => (convert(left, &shared)?, convert(right, &shared)?, shared),
            None => to_common_type(left, right)?,
        };
        return (shared == *declared).then_some((left, right, shared));
    }
    let decimal = |value: TypedNode| {
        let (precision, scale) = digits(&value.data_type)?;
        convert(value, &DataType::Decimal128(precision, scale)).map(|node| (node, scale))
    };
    let (left, left_scale) = decimal(left)?;
    let (right, right_scale) = decimal(right)?;
    let scale = operation.decimal_scale(left_scale, right_scale)?;
    // The declared precision only limits the length of the result, which Trino does not check below
    // 38 digits.
    matches!(declared, DataType::Decimal128(_, declared) if *declared == scale).then_some((
        left,
        right,
        DataType::Decimal128(DECIMAL128_MAX_PRECISION, scale),
    ))
}
