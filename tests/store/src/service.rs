//! S3 operations that connectors use.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::StreamExt as _;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::CONTENT_LENGTH,
};

use crate::{
    Fault, Faults, Objects,
    body::{begin, object, read},
};

type StoreResponse = Response<BoxBody<Bytes, io::Error>>;

/// State shared by all connections.
#[derive(Debug)]
pub(crate) struct Shared {
    objects: Mutex<Objects>,
    faults: Faults,
    puts: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(faults: Faults) -> Self {
        Self { objects: Mutex::default(), faults, puts: AtomicUsize::new(0) }
    }

    pub(crate) fn objects(&self) -> MutexGuard<'_, Objects> {
        // Objects are inserted whole, so the map is consistent even after a panic.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn puts(&self) -> usize {
        self.puts.load(Ordering::SeqCst)
    }

    pub(crate) async fn response(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> io::Result<StoreResponse> {
        let name = request.uri().path().trim_matches('/').to_owned();
        // Only a bucket: HeadBucket.
        if !name.contains('/') {
            return Ok(empty(StatusCode::OK));
        }
        match *request.method() {
            Method::PUT => self.put(name, request).await,
            Method::GET => Ok(self.get(&name)),
            _ => Ok(error(405, "MethodNotAllowed")),
        }
    }

    async fn put(&self, name: String, request: Request<Incoming>) -> io::Result<StoreResponse> {
        let Faults { when, fault } = self.faults;
        let fault = when.applies_to(self.puts.fetch_add(1, Ordering::SeqCst)).then_some(fault);
        let (head, body) = request.into_parts();
        if fault == Some(Fault::Reset) {
            begin(body).await;
            return Err(reset());
        }
        let body = read(body, &head.headers).await.ok_or_else(reset)?;
        match fault {
            Some(Fault::Status(status, code)) => return Ok(error(status, code)),
            Some(Fault::Stall) => std::future::pending().await,
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            Some(Fault::Reset | Fault::Truncate | Fault::Unanswered) | None => {}
        }
        match object(body, &head.headers) {
            Ok(object) => {
                self.objects().0.insert(name, object);
            }
            Err(_) => return Ok(error(400, "IncompleteBody")),
        }
        match fault {
            Some(Fault::Unanswered) => Err(reset()),
            Some(Fault::Truncate) => Ok(truncated()),
            _ => Ok(empty(StatusCode::OK)),
        }
    }

    fn get(&self, name: &str) -> StoreResponse {
        match self.objects().0.get(name) {
            Some(object) => Response::new(full(object.clone())),
            None => error(404, "NoSuchKey"),
        }
    }
}

/// Creates a response that ends before its content length.
fn truncated() -> StoreResponse {
    let half = futures::stream::iter([Ok(Frame::data(Bytes::from_static(b"<half")))]);
    let end = futures::stream::once(async {
        // TLS drops unsent data when the connection closes, and there would be no response at all.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(reset())
    });
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(half.chain(end))));
    response.headers_mut().insert(CONTENT_LENGTH, 10.into());
    response
}

fn reset() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

fn full(bytes: Bytes) -> BoxBody<Bytes, io::Error> {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

fn empty(status: StatusCode) -> StoreResponse {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = status;
    response
}

fn error(status: u16, code: &str) -> StoreResponse {
    let document =
        format!("<Error><Code>{code}</Code><Message>injected by the test</Message></Error>");
    let mut response = Response::new(full(document.into()));
    *response.status_mut() = StatusCode::from_u16(status).expect("tests use valid statuses");
    response
}
