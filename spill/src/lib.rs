//! Record batches to sized, encrypted objects in S3, and back (chapter 5 of the protocol).
//!
//! A writer turns a stream of batches into objects `<split key>.0`, `<split key>.1`, ... in row
//! order, several puts in flight and memory bounded by them; the first failure ends the whole
//! answer. A reader does the reverse.

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
pub use location::{contains, split_location};
pub use object_store::ObjectStore;
pub use reader::{SpillReader, decode_object};
pub use settings::{Encryption, ServerSideEncryption, SpillSettings};
pub use writer::{SpillTarget, SpillWriter};
