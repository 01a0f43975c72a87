//! IAM policy documents as data, and their evaluation for one request.
//!
//! Evaluation is offline: [`parse`] reads a document into [`Statement`]s, and [`decide`] evaluates
//! them for a [`Request`] (caller, action, resource, and a [`Context`] of condition keys). The
//! rules are those of the IAM User Guide ("Policy evaluation logic", "IAM JSON policy elements
//! reference"), as far as cross-account access to a function needs them: wildcards,
//! `NotPrincipal`, `NotAction`, `NotResource`, policy variables, and the string, ARN, numeric and
//! Boolean condition operators with `IfExists`, `ForAllValues` and `ForAnyValue`.
//!
//! An unsupported operator or an unknown context key makes a statement undecided, never silently
//! true or false. Service control policies and session policies are out of scope: only their
//! owners can read them.

mod condition;
mod context;
mod decision;
mod document;
mod near_miss;
mod pattern;
mod request;
mod scope;
mod statement;

pub use condition::Condition;
pub use context::{Context, Value};
pub use decision::{Decision, decide, within_account};
pub use document::{InvalidPolicy, parse};
pub use near_miss::{NearMiss, Reason};
pub use pattern::matches;
pub use request::Request;
pub use statement::{Effect, PatternSet, Principal, Principals, Statement};
