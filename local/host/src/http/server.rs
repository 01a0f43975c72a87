//! A small HTTP/1.1 server.

use std::{fmt, future::Future, io, net::SocketAddr, pin::pin};

use bytes::Bytes;
use futures::{FutureExt as _, TryFutureExt as _};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::guard;

/// An HTTP server on one address. Dropping it closes all connections.
pub(crate) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    connections: JoinHandle<()>,
}

impl Server {
    /// Binds `address` (port 0 for any free port) and serves each connection with a clone of
    /// `service`.
    ///
    /// Requests of web pages do not reach the service: see [`guard::refusal`].
    pub(crate) async fn start<S, B>(address: SocketAddr, service: S) -> io::Result<Self>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Self::start_with(address, move |_| service.clone()).await
    }

    /// Binds `address` like [`Self::start`] and serves each connection with the service that
    /// `new_service` returns for the address of the client.
    pub(crate) async fn start_with<S, B>(
        address: SocketAddr,
        new_service: impl Fn(Connection) -> S + Send + 'static,
    ) -> io::Result<Self>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let connections =
            tokio::spawn(accept(listener, stopped, move |stream, client, stopped| {
                serve(
                    stream,
                    guarded(new_service(Connection { client, server: address }), address),
                    stopped,
                )
            }));
        Ok(Self { address, stop, connections })
    }

    /// Returns the bound address.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting requests and waits for those in progress.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        // The task does not panic, and only `drop` aborts it.
        let _ = (&mut self.connections).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.connections.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.address).finish()
    }
}

/// The addresses of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection {
    pub(crate) client: SocketAddr,
    /// The address that the server is bound to.
    pub(crate) server: SocketAddr,
}

/// Returns `service` behind the [`guard`] of the server at `address`.
fn guarded<S, B>(
    service: S,
    address: SocketAddr,
) -> impl Service<
    Request<Incoming>,
    Response = Response<Either<B, Full<Bytes>>>,
    Error = S::Error,
    Future: Send,
> + Send
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    service_fn(move |request: Request<Incoming>| {
        match guard::refusal(request.headers(), request.uri(), address) {
            None => {
                service.call(request).map_ok(|response| response.map(Either::Left)).left_future()
            }
            Some(reason) => {
                async move { Ok(refuse(request, &reason).await.map(Either::Right)) }.right_future()
            }
        }
    })
}

/// Returns status 403 with `reason`, in the form of an error of an AWS service.
async fn refuse(request: Request<Incoming>, reason: &str) -> Response<Full<Bytes>> {
    // A client sends all of the body before it reads the response.
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let document = serde_json::json!({ "Type": "User", "Message": reason });
    let mut response = Response::new(Full::new(Bytes::from(document.to_string())));
    *response.status_mut() = StatusCode::FORBIDDEN;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-amzn-errortype", HeaderValue::from_static("AccessDeniedException"));
    response
}

/// Serves each connection in a task. Dropping this future aborts the tasks.
async fn accept<F>(
    listener: TcpListener,
    stopped: watch::Receiver<bool>,
    serve: impl Fn(TcpStream, SocketAddr, watch::Receiver<bool>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut stop = stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => {
                    connections.spawn(serve(stream, client, stopped.clone()));
                }
                // Such as too many open files, which passes; a busy loop would not help.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = until_true(&mut stop) => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve<S, B>(stream: TcpStream, service: S, mut stopped: watch::Receiver<bool>)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // With Nagle's algorithm, small requests and responses take 40 ms longer each.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    let mut connection =
        pin!(builder.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service));
    // A client that disconnects causes an error, and its request has been dropped.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = until_true(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Waits until the server should stop. Dropping the server drops this future, too.
async fn until_true(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|&stop| stop).await;
}
