//! Reference semantics of predicates and orders, evaluated row by row.
//!
//! The oracle implements the protocol (chapters 6 and 7) and the comparisons of Trino, with which
//! Athena filters. It shares no code with the SDK or any other evaluator, so that it can judge all
//! of them, and it prefers simplicity to speed.
//!
//! # Examples
//!
//! ```
//! use athena_conformance::oracle::{Cell, Predicate, Verdict};
//! use athena_protocol::predicate::{Constraints, Expression, functions};
//! use arrow::datatypes::DataType;
//!
//! // city IS NULL
//! let city = Expression::Variable { column: "city".to_owned(), data_type: DataType::Utf8 };
//! let is_null = Expression::Call {
//!     function: functions::IS_NULL.to_owned(),
//!     arguments: vec![city],
//!     data_type: DataType::Boolean,
//! };
//! let constraints = Constraints { expressions: vec![is_null], ..Constraints::default() };
//!
//! let names = ["city".to_owned()];
//! let predicate = Predicate::new(&constraints, &names);
//! assert_eq!(predicate.judge(&[Cell::Null]), Verdict::Keep);
//! assert_eq!(predicate.judge(&[Cell::Text("Rome".into())]), Verdict::Drop);
//! ```

mod arithmetic;
mod cell;
mod compare;
mod expression;
mod like;
mod outcome;
mod predicate;
mod value_set;

pub use cell::{Cell, Row};
pub(crate) use cell::{array_of, key_of};
pub use compare::compare;
pub(crate) use compare::order_by_cmp;
pub use predicate::{Predicate, Verdict};
pub use value_set::allows;
