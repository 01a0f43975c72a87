//! Write Amazon Athena connectors in Rust.
//!
//! An author hands over Arrow batches. The SDK speaks every version of the wire, filters, orders
//! and limits the rows itself, cuts pages and blocks, spills and encrypts, watches the deadline,
//! and reports errors in the form that Athena reads.
//!
//! # The small way: a table is a definition and a scan
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow::{array::{ArrayRef, Int64Array}, datatypes::{DataType, Field}, record_batch::RecordBatch};
//! use athena_connector_sdk::{StaticConnector, RecordBatchStream, Result, Scan, Table, TableDef, arrow, async_trait};
//!
//! struct Squares;
//!
//! #[async_trait]
//! impl Table for Squares {
//!     fn definition(&self) -> TableDef {
//!         TableDef::new([Field::new("n", DataType::Int64, false), Field::new("square", DataType::Int64, false)])
//!             .with_comment("square", "n times n")
//!     }
//!
//!     // Any superset of the rows will do, with columns in any order: the SDK selects, filters and limits.
//!     async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
//!         let batches = (0..100).map(|batch| {
//!             let column = |f: fn(i64) -> i64| -> ArrayRef {
//!                 Arc::new(Int64Array::from_iter_values((batch * 1_000..(batch + 1) * 1_000).map(f)))
//!             };
//!             RecordBatch::try_from_iter([("n", column(|n| n)), ("square", column(|n| n * n))])
//!                 .map_err(|e| athena_connector_sdk::Error::internal("no batch").with_source(e))
//!         });
//!         Ok(RecordBatchStream::from_blocking(batches).with_prefetch(2))
//!     }
//! }
//!
//! let catalog = StaticConnector::new().table("math", "squares", Squares);
//! # let _ = catalog;
//! ```
//!
//! `lambda::block_on(lambda::run(catalog))` is then the whole of `main`.
//!
//! # The full way: one trait
//!
//! [`Connector`] has one method for each operation of Athena. [`Handler`] joins a connector with
//! [`Udfs`] and [`Settings`], and is what a test drives: bytes in, bytes out.
//!
//! | To | see |
//! |---|---|
//! | describe, partition, split and read tables | [`Connector`], [`TableDef`], [`Split`], [`RecordBatchStream`] |
//! | list what is too much for one answer | [`PageStream`], [`Cursor`] |
//! | push work to the source | [`ReadRecords::push_down`], [`Conjunct`], [`Pushed`], [`SqlFilter`] |
//! | find a source's name in another case | [`NameCase`] |
//! | let queries in the source's own language through | [`Passthrough`] |
//! | know who asks, how long there is, how far it is | [`Context`] |
//! | offer functions to SQL | [`Udfs`] |
//! | configure | [`Setting`], [`Settings`], [`Secret`] |
#![cfg_attr(feature = "lambda", doc = "| run in AWS | [`lambda`] |")]
//!
//! # Features
//!
//! | Feature | Default | Adds |
//! |---|---|---|
//! | `lambda` | yes | the runtime loop, the clients of S3 and KMS, structured logs |
//! | `mimalloc` | yes | `MiMalloc`, an allocator for the program that reuses the pages of one block for the next |

mod connector;
mod context;
mod deadline;
mod dispatch;
mod handler;
mod names;
mod page_stream;
mod partition;
mod passthrough;
mod plan;
mod pushdown;
mod read;
mod request;
mod residual;
mod secret;
mod settings;
mod spilling;
mod split;
mod static_connector;
mod stream;
mod table;
mod token;
mod udf;
mod unshared;
mod wire_type;

/// The code of the author's guide, which is tested as that of this crate is.
#[cfg(doctest)]
#[doc = include_str!("../../docs/pushing-work.md")]
mod pushing_work {}

#[cfg(feature = "lambda")]
pub mod lambda;

pub use connector::Connector;
pub use context::{Context, Progress};
pub use handler::Handler;
pub use names::NameCase;
pub use page_stream::{Cursor, PageStream};
pub use passthrough::{Passthrough, PassthroughQuery, Signature};
pub use pushdown::{
    BindValue, Conjunct, KeyRange, Pushed, PushedDown, SqlDialect, SqlFilter, StandardSql,
};
pub use request::{GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, ReadRecords};
pub use secret::Secret;
pub use settings::{Setting, Settings};
pub use split::Split;
pub use static_connector::StaticConnector;
pub use stream::RecordBatchStream;
pub use table::{Scan, Table, TableDef, UnsupportedTypes};
pub use udf::{Argument, Output, ScalarFunction, Udfs, Value};

pub use arrow;
pub use async_trait::async_trait;
#[cfg(feature = "lambda")]
pub use athena_aws as aws;
pub use athena_protocol::{Error, ErrorKind, FederatedIdentity, Result, TableName, predicate};
#[cfg(feature = "mimalloc")]
pub use mimalloc::MiMalloc;
