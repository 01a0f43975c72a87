//! Server.

use std::{io, net::Ipv4Addr, sync::Arc};

use async_trait::async_trait;
use athena_protocol::{Error, Result};
use athena_spill::ObjectStore;
use bytes::Bytes;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::{Certificate, Faults, Objects, service::Shared};

/// Bucket to which connectors spill. Every other bucket exists as well.
pub const BUCKET: &str = "test-spill-bucket";

/// Store that listens on loopback until it is dropped.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    endpoint: String,
    /// Path of the certificate, if there is one.
    certificate_file: Option<String>,
    server: JoinHandle<()>,
}

impl Store {
    /// Starts an empty store, over https if there is a certificate.
    ///
    /// # Errors
    ///
    /// If it cannot listen.
    pub async fn start(certificate: Option<&Certificate>, faults: Faults) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let scheme = if certificate.is_some() { "https" } else { "http" };
        let endpoint = format!("{scheme}://{}", listener.local_addr()?);
        let certificate_file = certificate
            .map(|certificate| certificate.folder().join("certificate.pem").display().to_string());
        let shared = Arc::new(Shared::new(faults));
        let acceptor = certificate.map(|certificate| TlsAcceptor::from(certificate.config()));
        let server = tokio::spawn(accept(listener, acceptor, Arc::clone(&shared)));
        Ok(Self { shared, endpoint, certificate_file, server })
    }

    /// Returns the URL, such as `https://127.0.0.1:40123`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the environment of a function that uses this store, spills to it, and trusts its
    /// certificate.
    pub fn env(&self) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ENDPOINT_URL_S3", self.endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("spill_bucket", BUCKET),
        ];
        let certificate_file = self.certificate_file.as_deref().map(|file| ("SSL_CERT_FILE", file));
        variables
            .into_iter()
            .chain(certificate_file)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Returns the number of put requests, including those that failed.
    pub fn puts(&self) -> usize {
        self.shared.puts()
    }

    /// Returns an object.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        self.shared.objects().0.get(&format!("{bucket}/{key}")).cloned()
    }

    /// Takes all objects, which leaves the store empty.
    pub fn take(&self) -> Objects {
        std::mem::take(&mut self.shared.objects())
    }
}

/// In-process access that bypasses http and faults.
#[async_trait]
impl ObjectStore for Store {
    async fn put(&self, bucket: &str, key: &str, body: Bytes) -> Result<()> {
        self.shared.objects().0.insert(format!("{bucket}/{key}"), body);
        Ok(())
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<Bytes> {
        let object = Self::get(self, bucket, key);
        object.ok_or_else(|| Error::not_found(format!("s3://{bucket}/{key} does not exist")))
    }

    async fn check_bucket(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let _ = stream.set_nodelay(true);
        let acceptor = acceptor.clone();
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            match acceptor {
                None => serve(stream, shared).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, shared).await;
                    }
                }
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    let service = service_fn(move |request| Arc::clone(&shared).response(request));
    // An error is a disconnected peer or an injected fault.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
