//! Conformance tests for Athena connectors, and their oracle.
//!
//! The tests use only [`Invoke`](athena_client::Invoke), bytes in and bytes out, so that they work
//! with connectors in any language. Start with [`suite::Suite`].
//!
//! | Module | Contents |
//! |---|---|
//! | [`suite`] | Checks, and the report of their findings |
//! | [`oracle`] | Reference semantics of predicates, row by row |
//! | [`plan`] | Builders of Substrait plans |

pub mod oracle;
pub mod plan;
pub mod suite;

mod generate;
