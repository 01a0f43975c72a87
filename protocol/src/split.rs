//! Splits, and the location and encryption of their spilled blocks.

use std::{collections::BTreeMap, fmt};

use zeroize::Zeroize as _;

use crate::{
    error::Result,
    json::{JsonCursor, Writer},
};

/// A unit of parallel reading: a part of a table that can be read independently.
///
/// # Examples
///
/// ```
/// use athena_protocol::Split;
///
/// let split = Split {
///     properties: [("shard".to_owned(), "3".to_owned())].into(),
///     ..Split::default()
/// };
/// assert_eq!(split.spill_location, None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// Location of the blocks that do not fit inline. Its key is a prefix of those of all blocks.
    pub spill_location: Option<S3SpillLocation>,
    /// Encryption key of all blocks of this split; `None` spills clear text.
    pub encryption_key: Option<EncryptionKey>,
    /// Properties by name, opaque to the engine. They travel in clear text: no secrets.
    pub properties: BTreeMap<String, String>,
}

/// A location in S3: a prefix for the blocks of a split, or one block.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct S3SpillLocation {
    /// Bucket name.
    pub bucket: Option<String>,
    /// Key of one object, or the prefix of several.
    pub key: Option<String>,
    /// Whether `key` is a prefix (true in splits) rather than one object (false in responses).
    pub directory: bool,
}

/// An AES key of 16, 24 or 32 bytes and a nonce of 12 bytes.
///
/// Lengths are not checked here. The wire has one pair for all blocks of a split, so a split with
/// several blocks reuses its nonce; smaller splits, or server-side encryption instead, avoid that.
/// The key is zeroed on drop and redacted in `Debug`. In the JSON of requests and responses it is
/// clear text.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKey {
    /// The AES key.
    pub key: Vec<u8>,
    /// The nonce ("initialization vector").
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
    pub(crate) fn read(at: JsonCursor<'_>) -> Result<Self> {
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
    /// The only `@type` of spill locations.
    const TYPE: &str = "S3SpillLocation";

    pub(crate) fn read(at: JsonCursor<'_>) -> Result<Self> {
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
    pub(crate) fn read_optional(at: JsonCursor<'_>) -> Result<Option<Self>> {
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
