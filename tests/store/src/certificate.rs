//! Self-signed certificate of a server on loopback.

use std::{io, path::Path, sync::Arc};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// Self-signed certificate for `127.0.0.1` with its key, generated for this run.
#[derive(Debug)]
pub struct Certificate {
    config: Arc<ServerConfig>,
    folder: TempDir,
}

impl Certificate {
    /// Generates a certificate.
    ///
    /// # Errors
    ///
    /// If the certificate cannot be generated or written to a temporary folder.
    pub fn generate() -> io::Result<Self> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(io::Error::other)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key)
            })
            .map_err(io::Error::other)?;
        let folder = tempfile::Builder::new().prefix("test-store-").tempdir()?;
        std::fs::write(folder.path().join("certificate.pem"), cert.pem())?;
        Ok(Self { config: Arc::new(config), folder })
    }

    /// Returns a folder with the certificate in the file `certificate.pem`, deleted when this value
    /// is dropped.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}
