//! A stand-in for S3 on the loopback interface.

mod folder;
mod keys;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use athena_protocol::S3SpillLocation;
use athena_spill::{ObjectStore, SpillSettings, aws::S3Store};
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use uuid::Uuid;

use folder::Folder;
use keys::Keys;

use crate::{http::Server, temporary_folder::TemporaryFolder};

/// Region of the store.
const REGION: &str = "us-east-1";
/// Bucket for spilled objects, created on start.
const SPILL_BUCKET: &str = "athena-local-spill";
/// Key prefix of spilled objects: the default of the Java SDK.
const SPILL_PREFIX: &str = "athena-federation-spill";

/// A stand-in for S3: an S3 API over a folder, on the loopback interface, with its own keys.
///
/// Functions use it through the same client as S3 in AWS. A bucket is a folder and an object a
/// file. Dropping the store stops it and deletes its temporary folder.
#[derive(Debug)]
pub struct LocalS3 {
    server: Server,
    access_key: String,
    secret_key: String,
    /// All accepted keys, shared with the server.
    keys: Keys,
    root: PathBuf,
    /// Deletes the folder when it is dropped, after the server.
    _temporary: Option<TemporaryFolder>,
}

impl LocalS3 {
    /// Starts a store over `folder`, or over a new temporary folder, and creates the spill bucket.
    ///
    /// Existing objects in `folder` are available.
    ///
    /// # Errors
    ///
    /// If the folder cannot be used or no port can be opened.
    pub async fn start(folder: Option<PathBuf>) -> anyhow::Result<Self> {
        let (root, temporary) = if let Some(folder) = folder {
            (folder, None)
        } else {
            let temporary = TemporaryFolder::create("s3").with_context(|| {
                let folder = std::env::temp_dir();
                format!(
                    "cannot create a temporary folder for objects in {}; \
                     set TMPDIR to another folder",
                    folder.display()
                )
            })?;
            (temporary.path().to_owned(), Some(temporary))
        };
        let files = FileSystem::new(&root).map_err(|error| {
            anyhow::anyhow!("cannot store objects in {}: {error:?}", root.display())
        })?;
        // In the format of AWS keys, which some clients require.
        let access_key =
            format!("AKIA{}", &Uuid::new_v4().simple().to_string().to_uppercase()[..16]);
        let secret_key = Uuid::new_v4().simple().to_string();
        let keys = Keys::default();
        keys.accept(&access_key, &secret_key);
        let service = {
            let mut builder = S3ServiceBuilder::new(Folder { path: root.clone(), files });
            builder.set_auth(keys.clone());
            builder.build()
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server =
            Server::start(address, service).await.context("cannot listen for S3 requests")?;
        let store = Self { server, access_key, secret_key, keys, root, _temporary: temporary };
        store.create_bucket(SPILL_BUCKET)?;
        Ok(store)
    }

    /// Returns the URL of the store, such as `http://127.0.0.1:40123`.
    ///
    /// With an IP address as host, clients use path-style requests.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Creates a bucket if it does not exist.
    ///
    /// # Errors
    ///
    /// If S3 would reject the name, or the folder cannot be created.
    pub fn create_bucket(&self, name: &str) -> anyhow::Result<()> {
        let plain = name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte)
        });
        let outer = name.bytes().next().zip(name.bytes().last());
        let bounded = outer.is_some_and(|(first, last)| {
            first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric()
        });
        anyhow::ensure!(
            plain && bounded && (3..=63).contains(&name.len()),
            "invalid bucket name {name:?}: expected 3 to 63 lower-case letters, digits, dots and \
             hyphens, beginning and ending with a letter or digit"
        );
        let folder = self.root.join(name);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create the bucket {}", folder.display()))
    }

    /// Accepts another pair of keys, for a function that has keys of its own.
    pub fn accept(&self, access_key: &str, secret_key: &str) {
        self.keys.accept(access_key, secret_key);
    }

    /// Returns the folder of the buckets: the object `a/b` of the bucket `x` is the file `x/a/b`.
    ///
    /// Files whose names begin with a dot are internal to the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the name of the bucket for spilled objects.
    pub fn spill_bucket(&self) -> &'static str {
        SPILL_BUCKET
    }

    /// Returns a client of the store for this process: the same client as for S3 in AWS.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(S3Store::new(&SpillSettings::default()).with_endpoint(
            &self.endpoint(),
            REGION,
            &self.access_key,
            &self.secret_key,
        ))
    }

    /// Returns a place for the spilled blocks of one split of a query, in every such store.
    pub fn spill_location(query_id: &str) -> S3SpillLocation {
        let split = Uuid::new_v4();
        S3SpillLocation {
            bucket: Some(SPILL_BUCKET.to_owned()),
            key: Some(format!("{SPILL_PREFIX}/{query_id}/{split}")),
            directory: true,
        }
    }

    /// Returns the environment variables that make a function use this store and spill to it.
    pub fn env(&self) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ENDPOINT_URL_S3", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", self.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret_key.clone()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("spill_bucket", SPILL_BUCKET.to_owned()),
            ("spill_prefix", SPILL_PREFIX.to_owned()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).into()
    }
}
