//! The S3 of this machine.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use athena_spill::{ObjectStore, SpillSettings, aws::S3Store};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use uuid::Uuid;

use crate::http::Server;

/// The region that the store says it is in.
const REGION: &str = "us-east-1";
/// The bucket that there is from the beginning, for what connectors spill.
const SPILL_BUCKET: &str = "athena-local-spill";
/// Where in that bucket. The default of the Java SDK.
const SPILL_PREFIX: &str = "athena-federation-spill";

/// A real S3 API over a folder, on the loopback interface, with keys of its own, so that the code
/// which speaks to AWS is the code which runs here.
///
/// A bucket is a folder and an object a file. Stops when it is dropped; a temporary folder is then
/// deleted.
#[derive(Debug)]
pub struct LocalS3 {
    server: Server,
    access_key: String,
    secret_key: String,
    root: PathBuf,
    /// Deletes the folder, after the server has gone.
    _temporary: Option<TempDir>,
}

impl LocalS3 {
    /// Starts with the objects that are in `folder`, or none in a temporary one, and a bucket for
    /// what is spilled.
    ///
    /// # Errors
    ///
    /// If the folder cannot be used.
    pub async fn start(folder: Option<PathBuf>) -> anyhow::Result<Self> {
        let (root, temporary) = if let Some(folder) = folder {
            (folder, None)
        } else {
            let temporary = tempfile::Builder::new().prefix("athena-local-s3-").tempdir();
            let temporary = temporary.context("cannot make a temporary folder for objects")?;
            (temporary.path().to_owned(), Some(temporary))
        };
        let files = FileSystem::new(&root).map_err(|error| {
            anyhow::anyhow!("cannot keep objects in {}: {error:?}", root.display())
        })?;
        // In the form of AWS keys, which some clients insist on.
        let access_key =
            format!("AKIA{}", &Uuid::new_v4().simple().to_string().to_uppercase()[..16]);
        let secret_key = Uuid::new_v4().simple().to_string();
        let service = {
            let mut builder = S3ServiceBuilder::new(files);
            builder.set_auth(SimpleAuth::from_single(access_key.clone(), secret_key.clone()));
            builder.build()
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server =
            Server::start(address, service).await.context("cannot listen for S3 requests")?;
        let store = Self { server, access_key, secret_key, root, _temporary: temporary };
        store.create_bucket(SPILL_BUCKET)?;
        Ok(store)
    }

    /// Where it listens, such as `http://127.0.0.1:40123`. Clients then write the bucket into the
    /// path, for a number is no domain.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Makes a bucket, if it is not there.
    ///
    /// # Errors
    ///
    /// If the name could be no bucket's, or the folder cannot be made.
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
            "bucket name {name:?} has to be 3 to 63 lower-case letters, digits, dots and hyphens"
        );
        let folder = self.root.join(name);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the bucket {}", folder.display()))
    }

    /// The folder of the buckets: the object `a/b` of the bucket `x` is the file `x/a/b` in it.
    /// Files there that begin with a dot are the store's own.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The bucket that there is from the beginning.
    pub fn spill_bucket(&self) -> &'static str {
        SPILL_BUCKET
    }

    /// The store for code of this process, by the client that speaks to AWS.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(S3Store::new(&SpillSettings::default()).with_endpoint(
            &self.endpoint(),
            REGION,
            &self.access_key,
            &self.secret_key,
        ))
    }

    /// The environment by which a function uses this store, and spills to it.
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
