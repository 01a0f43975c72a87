//! Write Amazon Athena connectors in Rust.
//!
//! An author implements [`Connector`] (or, for simple sources, [`Table`]) and hands over Arrow batches; the SDK speaks
//! every version of the wire, filters, orders and limits the rows itself, cuts pages and blocks, spills and encrypts.

mod connector;
mod context;
mod pages;
mod pushdown;
mod request;
mod residual;
mod split;
mod stream;
mod table;
mod wire_type;

pub use connector::Connector;
pub use context::Context;
pub use pages::{Cursor, Pages};
pub use pushdown::{Conjunct, Pushed, PushedDown};
pub use request::{GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, ReadRecords};
pub use split::Split;
pub use stream::RecordBatchStream;
pub use table::{Catalog, Scan, Table, TableDef};

pub use arrow;
pub use async_trait::async_trait;
pub use athena_protocol::{Error, ErrorKind, FederatedIdentity, Result, TableName, predicate};
