//! The store and the key factory on the official AWS clients.
//!
//! Nothing is loaded or connected before the first call, so that a function that never spills
//! starts no slower.

mod kms_key_factory;
mod s3_store;

pub use kms_key_factory::KmsKeyFactory;
pub use s3_store::S3Store;
