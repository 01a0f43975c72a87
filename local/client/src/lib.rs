//! A client of the Athena federation protocol: the caller's side of a connector.
//!
//! [`Invoke`] is a Lambda function, wherever it runs. [`FederatedClient`] calls one: it has one
//! method per operation and records every call in a [`Trace`]. It negotiates the serde version,
//! follows page tokens, fetches spilled blocks, and rejects responses that do not fit the request.
//! It does not decide which requests to send: a query engine does.
//!
//! [`canonical`] renders messages as JSON for comparison and for reading.

pub mod canonical;

mod capabilities;
mod federated;
mod invoke;
mod metadata;
mod operation;
mod predicate_sql;
mod read;
mod schema_check;
mod trace;
mod udf;

pub use capabilities::{Capabilities, TableFunction};
pub use federated::{ClientOptions, FederatedClient};
pub use invoke::{Invoke, InvokeError};
pub use metadata::{TableDefinition, TablePage};
pub use operation::FederationOperation;
pub use predicate_sql::{constraints_to_sql, expression_to_sql, value_set_to_sql};
pub use read::TableRead;
pub use schema_check::schema_mismatch;
pub use trace::{CallOutcome, CallRecord, QueryProgress, Trace};
