//! Expressions, compiled once per request and evaluated on whole batches.
//!
//! | Function | Arguments | Meaning |
//! |---|---|---|
//! | `$and`, `$or`, `$not` | Boolean | three-valued logic |
//! | `$is_null` | any | never null |
//! | `$equal`, `$not_equal`, `$less_than`, `$less_than_or_equal`, `$greater_than`, `$greater_than_or_equal` | two scalars | null if either is |
//! | `$is_distinct_from` | two scalars | never null; null and NaN are not distinct from themselves |
//! | `$in` | a value and `$array` or a constant of several rows | as a disjunction of `$equal` |
//! | `$nullif` | two scalars | null where they are equal, else the first |
//! | `$like_pattern` | a string, a constant pattern and maybe a constant escape | see [`like`] |
//! | `$add`, `$subtract`, `$multiply`, `$divide`, `$modulus`, `$negate` | numbers | see [`arithmetic`] |
//!
//! Arguments of different types are compared in a type that holds the values of both. Where Trino
//! would round one to compare them, as `bigint` and `double`, the expression is not compiled, and
//! its rows stay.

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
pub(super) use evaluate::Rows;
pub(crate) use like::like_prefix;

/// Every function that is evaluated.
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

/// A compiled expression that is Boolean.
#[derive(Debug)]
pub(super) struct Condition(Node);

/// A compiled expression of any type.
#[derive(Debug)]
pub(super) struct Value(Node);

/// A compiled expression: names are places, constants are of the type they are used in.
#[derive(Debug)]
enum Node {
    Column(usize),
    /// One row.
    Constant(ArrayRef),
    /// The first is evaluated once, for all places of the second that are bound to it.
    Let(Box<[Node; 2]>),
    /// The value of the [`Let`](Self::Let) that this many others are around.
    Bound(usize),
    /// To a type that holds every value.
    Cast(Box<Node>, DataType),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    IsNull(Box<Node>),
    Compare(Comparison, Box<[Node; 2]>),
    /// Null where the comparison is true, else the value.
    NullIf(Box<Node>, Box<Node>),
    /// Whether the value is in a list of constants without nulls.
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
