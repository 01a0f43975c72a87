//! The requests of S3 that connectors send.

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

type Answer = Response<BoxBody<Bytes, io::Error>>;

/// What all connections share.
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
        // A map of whole objects is whole whatever panicked.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn puts(&self) -> usize {
        self.puts.load(Ordering::SeqCst)
    }

    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> io::Result<Answer> {
        let name = request.uri().path().trim_matches('/').to_owned();
        // A bucket alone: HeadBucket.
        if !name.contains('/') {
            return Ok(plain(StatusCode::OK));
        }
        match *request.method() {
            Method::PUT => self.put(name, request).await,
            Method::GET => Ok(self.get(&name)),
            _ => Ok(error(405, "MethodNotAllowed")),
        }
    }

    async fn put(&self, name: String, request: Request<Incoming>) -> io::Result<Answer> {
        let Faults { when, fault } = self.faults;
        let fault = when.is_now(self.puts.fetch_add(1, Ordering::SeqCst)).then_some(fault);
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
            Some(Fault::Truncate) => Ok(broken()),
            _ => Ok(plain(StatusCode::OK)),
        }
    }

    fn get(&self, name: &str) -> Answer {
        match self.objects().0.get(name) {
            Some(object) => Response::new(whole(object.clone())),
            None => error(404, "NoSuchKey"),
        }
    }
}

/// An answer that ends before its length.
fn broken() -> Answer {
    let half = futures::stream::iter([Ok(Frame::data(Bytes::from_static(b"<half")))]);
    let end = futures::stream::once(async {
        // What TLS has not sent when the connection ends is never sent, and the answer would be
        // none at all.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(reset())
    });
    let mut answer = Response::new(BodyExt::boxed(StreamBody::new(half.chain(end))));
    answer.headers_mut().insert(CONTENT_LENGTH, 10.into());
    answer
}

fn reset() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

fn whole(bytes: Bytes) -> BoxBody<Bytes, io::Error> {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

fn plain(status: StatusCode) -> Answer {
    let mut answer = Response::new(whole(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

fn error(status: u16, code: &str) -> Answer {
    let document =
        format!("<Error><Code>{code}</Code><Message>asked for by the test</Message></Error>");
    let mut answer = Response::new(whole(document.into()));
    *answer.status_mut() = StatusCode::from_u16(status).expect("tests name real statuses");
    answer
}
