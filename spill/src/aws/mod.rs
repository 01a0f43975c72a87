//! The object store and key factory of AWS: S3 and KMS.
//!
//! Clients are created at the first call, so spilling does not slow the start of functions that do
//! not spill.

mod kms_key_factory;
mod kms_mac_key;
mod s3_store;

pub use kms_key_factory::KmsKeyFactory;
pub use kms_mac_key::KmsMacKey;
pub use s3_store::S3Store;
