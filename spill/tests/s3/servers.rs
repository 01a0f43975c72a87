//! Servers on loopback: S3 on a folder, which unlike that of `tests/store` checks signatures, and
//! canned responses.

use std::{
    convert::Infallible,
    fs,
    sync::{Arc, Mutex},
};

use athena_spill::{SpillSettings, aws::S3Store};
use hyper::{HeaderMap, Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};

pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const ACCESS_KEY: &str = "AKIDEXAMPLE";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI";

/// Creates a store on the server at `url`.
pub(crate) fn store_at(url: &str, secret_key: &str) -> S3Store {
    S3Store::new(&SpillSettings::default()).with_endpoint(url, REGION, ACCESS_KEY, secret_key)
}

/// A server that stops when it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    /// Method, path and headers of every request.
    requests: Arc<Mutex<Vec<(String, HeaderMap)>>>,
    _folder: Option<TempDir>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Starts an S3 server with the bucket `spill`.
    pub(crate) async fn s3() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("spill")).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = builder.build();
        let server = Self::start(move |request| {
            let service = service.clone();
            async move { service.call(request.map(s3s::Body::from)).await }
        });
        Self { _folder: Some(folder), ..server.await }
    }

    /// Starts a server that returns `response` of the number of the request, from 0.
    pub(crate) async fn canned(
        response: impl Fn(usize) -> Response<String> + Send + Sync + 'static,
    ) -> Self {
        let response = Arc::new(response);
        let number = Arc::new(Mutex::new(0));
        Self::start(move |_| {
            let mut number = number.lock().unwrap();
            let current = response(*number);
            *number += 1;
            std::future::ready(Ok::<_, Infallible>(current))
        })
        .await
    }

    async fn start<F, B, E>(
        respond: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Response<B>, E>> + Send + 'static,
        B: hyper::body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<_>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let respond = respond.clone();
                let seen = Arc::clone(&seen);
                let service = service_fn(move |request: Request<Incoming>| {
                    let line = format!("{} {}", request.method(), request.uri().path());
                    seen.lock().unwrap().push((line, request.headers().clone()));
                    respond(request)
                });
                connections.spawn(async move {
                    // A client may close the connection at any time.
                    drop(
                        Builder::new(TokioExecutor::new())
                            .serve_connection(TokioIo::new(socket), service)
                            .await,
                    );
                });
            }
        });
        Self { url, requests, _folder: None, _tasks: tasks }
    }

    /// Creates a store on this server.
    pub(crate) fn store(&self) -> S3Store {
        store_at(&self.url, SECRET_KEY)
    }

    /// Returns method and path of every request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|(line, _)| line.clone()).collect()
    }

    /// Returns a header of the last request.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let requests = self.requests.lock().unwrap();
        let (_, headers) = requests.last()?;
        Some(headers.get(name)?.to_str().unwrap().to_owned())
    }
}
