//! Expressions, compiled once per request and evaluated on whole batches.
//!
//! | Function | Arguments | Semantics |
//! |---|---|---|
//! | `$and`, `$or`, `$not` | Boolean | three-valued logic |
//! | `$is_null` | any | never null |
//! | `$equal`, `$not_equal`, `$less_than`, `$less_than_or_equal`, `$greater_than`, `$greater_than_or_equal` | two scalars | null if either is |
//! | `$is_distinct_from` | two scalars | never null; null and NaN are not distinct from themselves |
//! | `$in` | a value and `$array` or a constant of several rows | as a disjunction of `$equal` |
//! | `$nullif` | two scalars | null where they are equal, else the first |
//! | `$like_pattern` | a string, a constant pattern and an optional constant escape | see [`like`] |
//! | `$add`, `$subtract`, `$multiply`, `$divide`, `$modulus`, `$negate` | numbers | see [`arithmetic`] |
//!
//! Arguments of different types are compared in a type that represents both exactly. Where Trino
//! would round one of them, such as `bigint` and `double`, the expression is not compiled, and its
//! rows pass.

mod arithmetic;
mod coerce;
mod compare;
mod compile;
mod evaluate;
mod like;
mod operand;
mod vector;

use std::sync::Arc;

use arrow::{array::ArrayRef, datatypes::DataType};
use athena_protocol::predicate::functions;

use super::value_set::ValueTest;
use arithmetic::Operation;
use compare::Comparison;
use like::LikePattern;
use vector::Failure;

pub(super) use compile::{Compiler, Unevaluated};
pub(super) use evaluate::Selection;
pub(crate) use like::like_prefix;

/// Functions that are evaluated.
pub(super) const SUPPORTED_FUNCTIONS: &[&str] = &[
    functions::AND,
    functions::OR,
    functions::NOT,
    functions::IS_NULL,
    functions::NULLIF,
    functions::EQUAL,
    functions::NOT_EQUAL,
    functions::LESS_THAN,
    functions::LESS_THAN_OR_EQUAL,
    functions::GREATER_THAN,
    functions::GREATER_THAN_OR_EQUAL,
    functions::IS_DISTINCT_FROM,
    functions::ADD,
    functions::SUBTRACT,
    functions::MULTIPLY,
    functions::DIVIDE,
    functions::MODULUS,
    functions::NEGATE,
    functions::LIKE_PATTERN,
    functions::IN,
    functions::ARRAY,
];

/// Compiled Boolean expression.
#[derive(Debug)]
pub(super) struct Condition(Node);

/// Compiled expression of any type.
#[derive(Debug)]
pub(super) struct Value(Node);

/// Node of a compiled expression: columns are indices, constants have the type in which they are
/// used.
#[derive(Debug)]
enum Node {
    Column(usize),
    /// One row.
    Constant(ArrayRef),
    /// Evaluates the first node once, for all references to it in the second.
    Let(Box<[Node; 2]>),
    /// The value of the [`Let`](Self::Let) at this depth, counted from the outermost.
    Bound(usize),
    /// Conversion to a type that holds every value.
    Cast(Box<Node>, DataType),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    IsNull(Box<Node>),
    Compare(Comparison, Box<[Node; 2]>),
    /// Null where the comparison is true, else the value.
    NullIf(Box<Node>, Box<Node>),
    /// Membership in a list of constants without nulls.
    In(Box<Node>, ValueTest),
    Like(Box<Node>, LikePattern),
    Arithmetic {
        operation: Operation,
        arguments: Box<[Node; 2]>,
        data_type: DataType,
        failure: Arc<Failure>,
    },
    Negate(Box<Node>, Arc<Failure>),
}
