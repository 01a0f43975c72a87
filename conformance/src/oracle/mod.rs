//! What a predicate, an order and a limit mean, one row at a time and as plainly as possible.
//!
//! Written from the semantics of the protocol (chapters 6 and 7) and of Trino, whose comparisons
//! Athena filters by, and not from any evaluator: it judges the SDK of this workspace as it judges
//! others. It is slow on purpose.

mod arithmetic;
mod cell;
mod compare;
mod expression;
mod like;
mod predicate;
mod value_set;

pub(crate) use cell::key_of;
pub use cell::{Cell, Row, array_of};
pub use compare::{compare, in_order};
pub use expression::Outcome;
pub use predicate::{Predicate, Verdict};
pub use value_set::allows;
