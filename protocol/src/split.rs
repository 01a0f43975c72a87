//! Splits, and where and how the answer to one is spilled.

use std::{collections::BTreeMap, fmt};

/// One independently readable piece of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// Where the blocks of this split go when they do not fit inline. The key is a prefix: block `n` is `<key>.<n>`.
    pub spill_location: Option<S3SpillLocation>,
    /// The key of every block of this split; `None` spills clear text.
    pub encryption_key: Option<EncryptionKey>,
    /// What is to be read, in terms that only the connector understands.
    pub properties: BTreeMap<String, String>,
}

/// A place in S3: a prefix for the blocks of a split, or one block.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct S3SpillLocation {
    /// Bucket name.
    pub bucket: Option<String>,
    /// Key of the object, or the prefix of several.
    pub key: Option<String>,
    /// Whether `key` is a prefix (true in splits) rather than one object (false in answers).
    pub directory: bool,
}

/// An AES key of 16, 24 or 32 bytes and a nonce of 12, as they travel.
///
/// The wire has one pair for all blocks of a split, so a split of several blocks uses its nonce more than once; smaller
/// splits, or server-side encryption in place of this one, avoid that.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKey {
    /// The AES key.
    pub key: Vec<u8>,
    /// The nonce ("initialisation vector").
    pub nonce: Vec<u8>,
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({} bytes, redacted)", self.key.len())
    }
}
