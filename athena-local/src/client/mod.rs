//! Typed calls to a connector: one method per operation, every call written down.
//!
//! The client is the caller's half of the protocol and nothing else: it negotiates the serde
//! version, walks pages, fetches what was spilled, and refuses answers that do not fit the
//! question. What to ask is the engine's business.

mod federated;
mod fit;
mod metadata;
mod operation;
mod read;
mod trace;
mod udf;
mod words;

pub use athena_conformance::Capabilities;
pub use federated::{ClientOptions, FederatedClient};
pub use metadata::{TableDefinition, TablePage};
pub use operation::Operation;
pub use read::Scan;
pub use trace::{Call, Outcome, Progress, Trace};
pub use words::{constraints_in_words, expression_in_words, value_set_in_words};
