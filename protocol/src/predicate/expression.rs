//! Expressions (section 3.14 of the protocol). Version 4 and up.

use arrow::{array::ArrayRef, datatypes::DataType};

/// A typed expression over the columns of one row.
///
/// Types that come from the JSON form of a type convey no children: a list is a list of nulls, a
/// struct is empty.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// One value, or several under `$array`.
    Constant {
        /// The values; `None` where the wire had no block at all.
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
    /// A function of other expressions.
    Call {
        /// Name as it travels, such as `$equal`; any name is legal.
        function: String,
        /// Arguments in order.
        arguments: Vec<Expression>,
        /// Type of the result.
        data_type: DataType,
    },
}

/// Names of the standard functions, with Trino's meaning.
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
