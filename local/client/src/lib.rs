//! The caller's half of the Athena federation protocol.
//!
//! [`Invoke`] is a Lambda function, wherever it runs. [`FederatedClient`] calls one: one method per
//! operation, every call recorded in a [`Trace`]. It negotiates the serde version, follows page
//! tokens, fetches spilled blocks, and rejects answers that do not fit the request. Which requests
//! to send is up to the caller.

pub mod canonical;

mod capabilities;
mod federated;
mod invoke;
mod metadata;
mod operation;
mod read;
mod schema_mismatch;
mod trace;
mod udf;
mod under_schema;
mod words;

pub use capabilities::Capabilities;
pub use federated::{ClientOptions, FederatedClient};
pub use invoke::{Invoke, InvokeError};
pub use metadata::{TableDefinition, TablePage};
pub use operation::Operation;
pub use read::Scan;
pub use schema_mismatch::schema_mismatch;
pub use trace::{Call, Outcome, Progress, Trace};
pub use words::{constraints_in_words, expression_in_words, value_set_in_words};
