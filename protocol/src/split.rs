//! Splits, and where and how the answer to one is spilled.

use std::{collections::BTreeMap, fmt};

use zeroize::Zeroize as _;

use crate::{
    error::Result,
    json::{Cursor, Writer},
};

/// One independently readable piece of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// Where the blocks of this split go when they do not fit inline. The key is a prefix: block
    /// `n` is `<key>.<n>`.
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
/// The wire has one pair for all blocks of a split, so a split of several blocks uses its nonce
/// more than once; smaller splits, or server-side encryption in place of this one, avoid that. The
/// key is wiped when it is dropped; in the JSON of a request and of an answer it stands as
/// everything else.
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

impl Drop for EncryptionKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl Split {
    pub(crate) fn read(at: Cursor<'_>) -> Result<Self> {
        at.object()?;
        Ok(Self {
            spill_location: at
                .member("spillLocation")
                .optional()
                .map(S3SpillLocation::read)
                .transpose()?,
            encryption_key: EncryptionKey::read_optional(at.member("encryptionKey"))?,
            properties: at.member("properties").entries(|property| property.string())?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer) -> Result<()> {
        writer.object(|writer| {
            writer.name("spillLocation");
            match &self.spill_location {
                Some(location) => location.write(writer)?,
                None => writer.null(),
            }
            EncryptionKey::write(self.encryption_key.as_ref(), writer.name("encryptionKey"))?;
            writer.name("properties").object(|writer| {
                for (name, value) in &self.properties {
                    writer.name(name).text(value);
                }
                Ok(())
            })
        })
    }
}

impl S3SpillLocation {
    /// The only kind of spill location there is.
    const TYPE: &str = "S3SpillLocation";

    pub(crate) fn read(at: Cursor<'_>) -> Result<Self> {
        let kind = at.object()?.member("@type").text()?;
        if kind != Self::TYPE {
            return Err(at.member("@type").unexpected("S3SpillLocation"));
        }
        Ok(Self {
            bucket: at.member("bucket").optional_string()?,
            key: at.member("key").optional_string()?,
            directory: at.member("directory").boolean()?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer) -> Result<()> {
        writer.object(|writer| {
            writer.name("@type").text(Self::TYPE);
            writer.name("bucket").optional_text(self.bucket.as_deref());
            writer.name("key").optional_text(self.key.as_deref());
            writer.name("directory").boolean(self.directory);
            Ok(())
        })
    }
}

impl EncryptionKey {
    pub(crate) fn read_optional(at: Cursor<'_>) -> Result<Option<Self>> {
        let Some(at) = at.optional() else { return Ok(None) };
        at.object()?;
        Ok(Some(Self { key: at.member("key").bytes()?, nonce: at.member("nonce").bytes()? }))
    }

    pub(crate) fn write(key: Option<&Self>, writer: &mut Writer) -> Result<()> {
        let Some(key) = key else {
            writer.null();
            return Ok(());
        };
        writer.object(|writer| {
            writer.name("key").bytes(&key.key);
            writer.name("nonce").bytes(&key.nonce);
            Ok(())
        })
    }
}
