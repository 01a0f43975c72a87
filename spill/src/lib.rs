//! Spilling of record batches to encrypted S3 objects of bounded size, and reading them back
//! (chapter 5 of the protocol).
//!
//! [`BlockBuilder`] divides a stream of batches into [`Block`]s. [`SpillWriter`] writes them as the
//! objects `<split key>/<attempt>.0`, `<split key>/<attempt>.1`, ... in row order, with several
//! puts in flight and memory bounded by them; the first failure ends the whole response.
//! [`SpillReader`] reads them.
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow::{array::{ArrayRef, Int64Array}, record_batch::RecordBatch};
//! use athena_protocol::message::RemoteReadRecordsResponse;
//! use athena_spill::{
//!     BlockBuilder, KeyFactory, LocalKeyFactory, ObjectStore, SpillReader, SpillTarget,
//!     SpillWriter, testing::MemoryStore,
//! };
//! use futures::TryStreamExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> athena_protocol::Result<()> {
//! let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::new());
//! let key = LocalKeyFactory.create().await?;
//! let target = SpillTarget {
//!     bucket: "my-spill".to_owned(),
//!     key: "athena/query/split".to_owned(),
//!     encryption_key: Some(key.clone()),
//! };
//! let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10_000));
//! let batch = RecordBatch::try_from_iter([("id", ids)]).expect("one column");
//!
//! let mut builder = BlockBuilder::new(batch.schema(), 30_000);
//! let mut writer = SpillWriter::new(Arc::clone(&store), target, 2);
//! for block in builder.push(batch.clone())? {
//!     writer.write(block).await?;
//! }
//! if let Some(rest) = builder.finish() {
//!     writer.write(rest).await?;
//! }
//! let remote_blocks = writer.finish().await?;
//! let third = remote_blocks[2].key.as_deref().unwrap();
//! assert!(third.starts_with("athena/query/split/") && third.ends_with(".2"));
//!
//! let response = RemoteReadRecordsResponse {
//!     catalog_name: "sales".to_owned(),
//!     schema: batch.schema(),
//!     remote_blocks,
//!     encryption_key: Some(key),
//! };
//! let blocks: Vec<_> = SpillReader::new(store, 1).read(response).try_collect().await?;
//! assert_eq!(blocks.iter().map(|(rows, _)| rows.num_rows()).sum::<usize>(), 10_000);
//! # Ok(())
//! # }
//! ```

mod block;
mod block_builder;
mod cipher;
mod key_factory;
mod location;
mod object_store;
mod reader;
#[cfg(test)]
mod samples;
mod settings;
mod writer;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use block::Block;
pub use block_builder::BlockBuilder;
pub use cipher::{decrypt_in_place, encrypt_in_place};
pub use key_factory::{KeyFactory, LocalKeyFactory};
pub use object_store::ObjectStore;
pub use reader::{SpillReader, decode_object};
pub use settings::{Encryption, ServerSideEncryption, SpillSettings};
pub use writer::{SpillTarget, SpillWriter};
