//! SDK for writing Amazon Athena connectors in Rust.
//!
//! A connector returns Arrow record batches. The SDK does everything else: it decodes and encodes
//! every version of the protocol; applies the predicate, order and limit of the query; paginates
//! lists; cuts, spills and encrypts blocks; enforces the deadline; and reports errors in the form
//! that Athena expects.
//!
//! # The `Table` trait
//!
//! A [`Table`] has a definition and a scan. A [`StaticConnector`] serves a fixed set of tables,
//! also [`PartitionedTable`]s, and those of another connector:
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow::{
//!     array::{ArrayRef, Int64Array},
//!     datatypes::{DataType, Field},
//!     record_batch::RecordBatch,
//! };
//! use athena_connector_sdk::{
//!     Context, Error, RecordBatchStream, Result, Scan, StaticConnector, Table, TableDef, arrow,
//!     async_trait,
//! };
//!
//! struct Squares;
//!
//! #[async_trait]
//! impl Table for Squares {
//!     async fn definition(&self, _: Context) -> Result<TableDef> {
//!         let columns = ["n", "square"].map(|name| Field::new(name, DataType::Int64, false));
//!         Ok(TableDef::new(columns).with_comment("square", "n times n"))
//!     }
//!
//!     // The SDK selects the columns and applies the predicate, order and limit.
//!     async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
//!         let batches = (0..100).map(|batch| {
//!             let numbers = batch * 1_000..(batch + 1) * 1_000;
//!             let squares = numbers.clone().map(|n| n * n);
//!             let n: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
//!             let square: ArrayRef = Arc::new(Int64Array::from_iter_values(squares));
//!             Ok::<_, Error>(RecordBatch::try_from_iter([("n", n), ("square", square)])?)
//!         });
//!         Ok(RecordBatchStream::from_blocking(batches).with_prefetch(2))
//!     }
//! }
//!
//! let connector = StaticConnector::new().table("math", "squares", Squares);
//! # let _ = connector;
//! ```
//!
//! `lambda::block_on(lambda::run(connector))` is the whole body of `main`.
//!
//! # The `Connector` trait
//!
//! [`Connector`] has one method for each Athena operation, and supports partitions, parallel splits
//! and lists of any length. [`Handler`] combines a connector with [`Udfs`] and [`Settings`]; it
//! maps the bytes of a request to the bytes of a response, so tests can call it without Lambda.
//!
//! | Task | Items |
//! |---|---|
//! | describe, partition, split and read tables | [`Connector`], [`TableDef`], [`Split`], [`RecordBatchStream`] |
//! | paginate long lists | [`PageStream`], [`Cursor`] |
//! | push predicates and limits down to the source | [`ReadRecords::push_down`], [`Conjunct`], [`Pushed`], [`SqlFilter`] |
//! | map lower-case names to the names of the source | [`NameCase`] |
//! | accept queries in the source's own language | [`Passthrough`] |
//! | see the query, the caller, the remaining time and the progress | [`Context`] |
//! | offer functions to SQL | [`Udfs`], [`udf`] |
//! | ask a busy source again | [`retry`], [`Backoff`] |
//! | configure | [`Setting`], [`Settings`], [`Variables`] |
//! | use secrets by name | [`Secrets`], [`Secret`] |
//! | measure and trace invocations | [`hook`] |
#![cfg_attr(feature = "lambda", doc = "| run in AWS Lambda | [`lambda`] |")]
//!
//! [`pushdown_guide`] explains pushdown in detail, with examples.
//!
//! # Features
//!
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `lambda` | yes | the Lambda runtime loop, S3 and KMS clients, structured logs |
//! | `mimalloc` | yes | `MiMalloc`, a memory allocator |
//! | `query-status` | no | `AthenaQueryStatus`, which asks Athena whether a query has ended |
//! | `secrets-manager` | no | secrets of AWS Secrets Manager, in [`Secrets::from_env`] |
//! | `testing` | no | `testing::Harness`, for tests of connectors that look at rows |
//!
//! The SDK does not install `MiMalloc`, because a program can have only one allocator: declare it
//! as `#[global_allocator]` in `main.rs`.

mod access;
mod audit;
mod capture;
mod column_index;
mod compact;
mod connector;
mod context;
mod deadline;
mod dispatch;
mod handler;
mod names;
mod page_stream;
mod partition;
mod partitioned_table;
mod passthrough;
mod plan;
mod pushdown;
mod query_status;
mod read;
mod request;
mod residual;
mod retry;
mod seal;
mod secrets;
mod settings;
mod spilling;
mod split;
mod static_connector;
mod stream;
mod table;
mod token;
mod variables;
mod wire_type;

pub mod hook;
pub mod udf;

#[doc = include_str!("docs/pushdown.md")]
pub mod pushdown_guide {}

#[cfg(feature = "lambda")]
pub mod lambda;

#[cfg(feature = "testing")]
pub mod testing;

pub use access::{Access, AccessRule, Mask};
pub use capture::Capture;
pub use connector::Connector;
pub use context::{Context, Progress};
pub use handler::Handler;
pub use names::NameCase;
pub use page_stream::{Cursor, PageStream};
pub use partitioned_table::PartitionedTable;
pub use passthrough::{Passthrough, PassthroughQuery, Signature};
pub use pushdown::{
    Conjunct, KeyRange, Literal, Pushed, PushedDown, SqlDialect, SqlFilter, StandardSql,
};
#[cfg(feature = "query-status")]
pub use query_status::AthenaQueryStatus;
pub use query_status::QueryStatus;
pub use request::{GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, ReadRecords};
pub use retry::{Backoff, retry};
pub use seal::SealKey;
pub use secrets::{Secret, SecretStore, Secrets};
pub use settings::{Setting, Settings};
pub use split::Split;
pub use static_connector::StaticConnector;
pub use stream::{BatchReader, RecordBatchStream};
pub use table::{Scan, Table, TableDef, UnsupportedTypes};
pub use udf::udfs::Udfs;
pub use variables::Variables;

pub use arrow;
pub use async_trait::async_trait;
#[cfg(feature = "lambda")]
pub use athena_aws as aws;
pub use athena_protocol::{
    self as protocol, Error, ErrorKind, FederatedIdentity, OrError, Result, TableName, predicate,
};
pub use athena_spill as spill;
pub use chrono;
#[cfg(feature = "mimalloc")]
pub use mimalloc::MiMalloc;
