//! The suite that any connector is run against.
//!
//! Everything here goes through [`Invoke`](athena_client::Invoke): bytes in, bytes out, so that a
//! connector in any language can be tested.
//!
//! | Module | Contents |
//! |---|---|
//! | [`suite`] | the checks, and the report of their findings |
//! | [`oracle`] | the meaning of predicates and orders, row by row |
//! | [`plan`] | Substrait plans as a producer writes them |

pub mod oracle;
pub mod plan;
pub mod suite;

mod generate;
