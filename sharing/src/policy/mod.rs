//! Policies of IAM as data: what a document says, and what it means for one request.
//!
//! Nothing here asks AWS. Documents are texts, a request is a caller, an action, a resource and
//! what is known of its context, and the answer is one of four: allowed, denied, not allowed, or
//! not to be decided from what is known. The rules are those of the IAM user guide ("Policy
//! evaluation logic", "JSON policy elements"), as far as sharing a function with another account
//! needs them: wildcards, `NotPrincipal`, `NotAction`, `NotResource`, policy variables, and the
//! condition operators on texts, ARNs, numbers and truths, with `IfExists`, `ForAllValues` and
//! `ForAnyValue`. An operator or a context key that is not known makes a statement undecided, never
//! silently true or false. Service control policies and session policies are not here: nobody but
//! their owner can read them.

mod condition;
mod context;
mod decision;
mod document;
mod pattern;
mod statement;

pub use condition::Condition;
pub use context::{Context, Value};
pub use decision::{Decision, Miss, Reason, Request, decide, within_account};
pub use document::{InvalidPolicy, parse};
pub use pattern::matches;
pub use statement::{Effect, Names, Principal, Principals, Statement};
