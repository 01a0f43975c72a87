//! The requests of S3 that connectors send.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
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
    faults: Mutex<Faults>,
    puts: AtomicUsize,
    gets: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(faults: Faults) -> Self {
        Self {
            objects: Mutex::default(),
            faults: Mutex::new(faults),
            puts: AtomicUsize::new(0),
            gets: AtomicUsize::new(0),
        }
    }

    pub(crate) fn objects(&self) -> MutexGuard<'_, Objects> {
        // A map of whole objects is whole whatever panicked.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn puts(&self) -> usize {
        self.puts.load(Ordering::SeqCst)
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        *self.faults() = faults;
        self.puts.store(0, Ordering::SeqCst);
        self.gets.store(0, Ordering::SeqCst);
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> io::Result<Answer> {
        let faults = *self.faults();
        let name = request.uri().path().trim_matches('/').to_owned();
        // A bucket alone: HeadBucket.
        if !name.contains('/') {
            return Ok(plain(StatusCode::OK));
        }
        let (counter, (when, fault)) = match *request.method() {
            Method::PUT => (&self.puts, faults.put),
            Method::GET => (&self.gets, faults.get),
            _ => return Ok(error(405, "MethodNotAllowed")),
        };
        let fault = when.is_now(counter.fetch_add(1, Ordering::SeqCst)).then_some(fault);
        if *request.method() == Method::PUT {
            self.put(name, request, fault).await
        } else {
            self.get(&name, fault).await
        }
    }

    async fn put(&self, name: String, request: Request<Incoming>, fault: Option<Fault>) -> io::Result<Answer> {
        let (head, body) = request.into_parts();
        if let Some(Fault::Reset | Fault::Truncate) = fault {
            begin(body).await;
            return Err(reset());
        }
        let body = read(body, &head.headers).await.ok_or_else(reset)?;
        match fault {
            Some(Fault::Status(status, code)) => return Ok(error(status, code)),
            Some(Fault::Stall) => std::future::pending().await,
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            Some(Fault::Reset | Fault::Truncate) | None => {}
        }
        match object(body, &head.headers) {
            Ok(object) => {
                self.objects().0.insert(name, object);
                Ok(plain(StatusCode::OK))
            }
            Err(_) => Ok(error(400, "IncompleteBody")),
        }
    }

    async fn get(&self, name: &str, fault: Option<Fault>) -> io::Result<Answer> {
        let object = self.objects().0.get(name).cloned();
        match fault {
            Some(Fault::Status(status, code)) => return Ok(error(status, code)),
            Some(Fault::Reset) => return Err(reset()),
            Some(Fault::Stall) => std::future::pending().await,
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            Some(Fault::Truncate) | None => {}
        }
        let Some(object) = object else { return Ok(error(404, "NoSuchKey")) };
        let body = if fault == Some(Fault::Truncate) {
            let half = Ok(Frame::data(object.slice(..object.len() / 2)));
            BodyExt::boxed(StreamBody::new(futures::stream::iter([half, Err(reset())])))
        } else {
            whole(object.clone())
        };
        let mut answer = Response::new(body);
        answer.headers_mut().insert(CONTENT_LENGTH, object.len().into());
        Ok(answer)
    }
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
    let document = format!("<Error><Code>{code}</Code><Message>asked for by the test</Message></Error>");
    let mut answer = Response::new(whole(document.into()));
    *answer.status_mut() = StatusCode::from_u16(status).expect("tests name real statuses");
    answer
}
