//! Predicates, order and limit of a query: [`Constraints`] and their parts.

mod codec;
mod constraints;
mod expression;
mod order_by;
mod value_set;

pub use constraints::{Constraints, QueryPlan};
pub use expression::{Expression, functions};
pub use order_by::{Direction, OrderByField};
pub use value_set::{
    AllOrNoneValueSet, Bound, EquatableValueSet, Marker, Range, SortedRangeSet, ValueSet,
    is_orderable,
};
