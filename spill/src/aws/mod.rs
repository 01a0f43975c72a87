//! The store and the key factory on the official AWS clients, which are made when they are first used.

mod failure;
mod kms;
mod s3_store;

pub use kms::KmsKeyFactory;
pub use s3_store::S3Store;
