//! A small HTTP/1.1 server.

use std::{fmt, future::Future, io, net::SocketAddr, pin::pin};

use hyper::{
    Request, Response,
    body::{Body, Incoming},
    server::conn::http1,
    service::Service,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// An HTTP server on one address. Dropping it closes all connections.
pub(crate) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    connections: JoinHandle<()>,
}

impl Server {
    /// Binds `address` (port 0 for any free port) and serves each connection with a clone of
    /// `service`.
    pub(crate) async fn start<S, B>(address: SocketAddr, service: S) -> io::Result<Self>
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let connections = tokio::spawn(accept(listener, stopped, move |stream, stopped| {
            serve(stream, service.clone(), stopped)
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

/// Serves each connection in a task. Dropping this future aborts the tasks.
async fn accept<F>(
    listener: TcpListener,
    stopped: watch::Receiver<bool>,
    serve: impl Fn(TcpStream, watch::Receiver<bool>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut stop = stopped.clone();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, stopped.clone()));
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
    B: Body + Send + 'static,
    B::Data: Send,
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
