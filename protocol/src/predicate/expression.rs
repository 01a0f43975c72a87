//! Expressions (section 3.14 of the protocol). Version 4 and up.

use std::iter;

use arrow::{array::ArrayRef, datatypes::DataType};

/// A typed expression over the columns of one row.
///
/// Declared types have no children, because their JSON form omits them: a list is a list of nulls,
/// a struct is empty.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::{array::Int64Array, datatypes::DataType};
/// use athena_protocol::predicate::{Expression, functions};
///
/// // id > 7
/// let condition = Expression::Call {
///     function: functions::GREATER_THAN.to_owned(),
///     arguments: vec![
///         Expression::Variable { column: "id".to_owned(), data_type: DataType::Int64 },
///         Expression::Constant {
///             values: Some(Arc::new(Int64Array::from(vec![7]))),
///             data_type: DataType::Int64,
///         },
///     ],
///     data_type: DataType::Boolean,
/// };
/// assert!(condition.columns().eq(["id"]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A value, or several as an argument of `$array`.
    Constant {
        /// The values; `None` if the wire has no block.
        values: Option<ArrayRef>,
        /// Declared type.
        data_type: DataType,
    },
    /// The value of a column.
    Variable {
        /// Column name.
        column: String,
        /// Declared type.
        data_type: DataType,
    },
    /// A function call.
    Call {
        /// Function name, such as `$equal`; unknown names are legal on the wire.
        function: String,
        /// Arguments in order.
        arguments: Vec<Expression>,
        /// Type of the result.
        data_type: DataType,
    },
}

impl Expression {
    /// Returns the names of all referenced columns, from left to right, duplicates included.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let mut pending = vec![self];
        iter::from_fn(move || {
            while let Some(expression) = pending.pop() {
                match expression {
                    Self::Constant { .. } => {}
                    Self::Variable { column, .. } => return Some(column.as_str()),
                    Self::Call { arguments, .. } => pending.extend(arguments.iter().rev()),
                }
            }
            None
        })
    }
}

/// Names of the standard functions, with Trino's semantics.
pub mod functions {
    #![allow(missing_docs)] // the names say it
    pub const AND: &str = "$and";
    pub const OR: &str = "$or";
    pub const NOT: &str = "$not";
    pub const IS_NULL: &str = "$is_null";
    pub const NULLIF: &str = "$nullif";
    pub const EQUAL: &str = "$equal";
    pub const NOT_EQUAL: &str = "$not_equal";
    pub const LESS_THAN: &str = "$less_than";
    pub const LESS_THAN_OR_EQUAL: &str = "$less_than_or_equal";
    pub const GREATER_THAN: &str = "$greater_than";
    pub const GREATER_THAN_OR_EQUAL: &str = "$greater_than_or_equal";
    pub const IS_DISTINCT_FROM: &str = "$is_distinct_from";
    pub const ADD: &str = "$add";
    pub const SUBTRACT: &str = "$subtract";
    pub const MULTIPLY: &str = "$multiply";
    pub const DIVIDE: &str = "$divide";
    pub const MODULUS: &str = "$modulus";
    pub const NEGATE: &str = "$negate";
    pub const LIKE_PATTERN: &str = "$like_pattern";
    pub const IN: &str = "$in";
    pub const ARRAY: &str = "$array";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Expression {
        Expression::Variable { column: name.to_owned(), data_type: DataType::Int64 }
    }

    fn call(arguments: Vec<Expression>) -> Expression {
        let function = functions::AND.to_owned();
        Expression::Call { function, arguments, data_type: DataType::Boolean }
    }

    #[test]
    fn columns_come_from_left_to_right_with_duplicates() {
        let constant = Expression::Constant { values: None, data_type: DataType::Int64 };
        assert_eq!(constant.columns().count(), 0);
        let left = call(vec![variable("b"), constant, variable("a")]);
        let all = call(vec![left, variable("c"), call(vec![]), variable("b")]);
        assert!(all.columns().eq(["b", "a", "c", "b"]));
    }
}
