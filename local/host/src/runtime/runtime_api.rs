//! The Lambda Runtime API, as one sandbox sees it.
//!
//! Every sandbox has a server of its own, so that whoever asks for the next invocation is known by
//! where it asks.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use athena_protocol::MAX_PAYLOAD_BYTES;
use bytes::Bytes;
use futures::{FutureExt as _, future::Either};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use tokio::sync::mpsc;

use crate::http::{Received, Server};

/// What the process in the sandbox does.
#[derive(Debug)]
pub(super) enum Event {
    /// It asked for an invocation.
    Asked,
    /// It answered the invocation.
    Answered(Received),
    /// It failed the invocation, with this document.
    Failed(Received),
    /// It cannot start, with this document.
    InitFailed(Received),
    /// It used more memory than it has, and was killed.
    OutOfMemory {
        /// What it used, in bytes.
        used: u64,
    },
    /// It is gone.
    Exited(std::process::ExitStatus),
}

/// What a function is given with the event.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) id: String,
    pub(super) deadline: SystemTime,
    pub(super) trace_id: String,
    pub(super) event: Bytes,
}

/// The server, and the way to the function behind it.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    server: Server,
    invocations: mpsc::Sender<Invocation>,
}

impl RuntimeApi {
    /// Starts the server of a function called `function_arn`; what the process does goes to
    /// `events`.
    pub(super) async fn start(
        function_arn: &str,
        events: mpsc::UnboundedSender<Event>,
    ) -> std::io::Result<Self> {
        let (invocations, receiver) = mpsc::channel(1);
        let exchange = Arc::new(Exchange {
            function_arn: HeaderValue::try_from(function_arn).map_err(std::io::Error::other)?,
            events,
            invocations: tokio::sync::Mutex::new(receiver),
            phase: Mutex::new(Phase::Init),
        });
        let service = service_fn(move |request| {
            let answer = exchange.serve(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let server = Server::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), service).await?;
        Ok(Self { server, invocations })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Hands `invocation` to the process, now or when it asks.
    pub(super) fn deliver(&self, invocation: Invocation) {
        self.invocations.try_send(invocation).expect("a sandbox is given one invocation at a time");
    }
}

/// What a sandbox may do next.
#[derive(Debug)]
enum Phase {
    Init,
    Asking,
    Running { id: String },
    Answered { id: String },
}

struct Exchange {
    function_arn: HeaderValue,
    events: mpsc::UnboundedSender<Event>,
    invocations: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    phase: Mutex<Phase>,
}

impl Exchange {
    /// Answers in a task of its own, unless the process only asks: the server drops what it does
    /// for a peer that has gone, and an answer counts although the process ended with it.
    ///
    /// That task is started before this returns: the server may drop the future that it is given
    /// without a look at it.
    fn serve(
        self: &Arc<Self>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Full<Bytes>>> + use<> {
        let exchange = Arc::clone(self);
        let asks = request.method() == Method::GET;
        let answer = async move { exchange.answer(request).await };
        if asks {
            return Either::Left(answer);
        }
        Either::Right(tokio::spawn(answer).map(|answer| answer.expect("answering does not panic")))
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let received = match Received::read(body).await {
            Ok(received) => received,
            Err(error) => {
                return refusal(StatusCode::BAD_REQUEST, "InvalidRequest", &error.to_string());
            }
        };
        let path = head.uri.path();
        let parts: Vec<_> = path.split('/').skip(1).collect();
        match (head.method, &parts[..]) {
            (Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => self.next().await,
            (Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
                self.finish(id, received, Event::Answered)
            }
            (Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
                self.finish(id, received, Event::Failed)
            }
            (Method::POST, ["2018-06-01", "runtime", "init", "error"]) => self.init_error(received),
            _ => refusal(StatusCode::NOT_FOUND, "NotFound", &format!("there is no {path}")),
        }
    }

    /// Waits for an invocation. If the process goes away meanwhile this is dropped, and no
    /// invocation is lost: it stays in the channel until it can be received.
    async fn next(&self) -> Response<Full<Bytes>> {
        {
            let mut phase = self.phase();
            if let Phase::Running { id } = &*phase {
                let message = format!("invocation {id} has not been answered");
                return refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", &message);
            }
            *phase = Phase::Asking;
        }
        self.tell(Event::Asked);
        let Some(invocation) = self.invocations.lock().await.recv().await else {
            return refusal(StatusCode::GONE, "Runtime.Shutdown", "the host is shutting down");
        };
        let Invocation { id, deadline, trace_id, event } = invocation;
        let deadline = deadline.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let response = Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .header("Lambda-Runtime-Aws-Request-Id", &id)
            .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
            .header("Lambda-Runtime-Invoked-Function-Arn", &self.function_arn)
            .header("Lambda-Runtime-Trace-Id", trace_id)
            .body(Full::new(event))
            .expect("ids are plain text");
        *self.phase() = Phase::Running { id };
        response
    }

    fn finish(
        &self,
        id: &str,
        received: Received,
        event: impl FnOnce(Received) -> Event,
    ) -> Response<Full<Bytes>> {
        {
            let mut phase = self.phase();
            if let Some(refused) = refuse_answer(&phase, id) {
                return refused;
            }
            *phase = Phase::Answered { id: id.to_owned() };
        }
        let too_large = received.is_too_large();
        self.tell(event(received));
        if too_large {
            let message =
                format!("Exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes).");
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message);
        }
        accepted()
    }

    fn init_error(&self, received: Received) -> Response<Full<Bytes>> {
        if !matches!(*self.phase(), Phase::Init) {
            let message = "the function has asked for an invocation and so has started";
            return refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", message);
        }
        self.tell(Event::InitFailed(received));
        accepted()
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        // Nothing panics while it holds the lock, and a phase is whole at any time.
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: Event) {
        // Nobody listens any more when the sandbox is being dropped.
        let _ = self.events.send(event);
    }
}

/// The refusal of an answer to anything but the running invocation.
fn refuse_answer(phase: &Phase, id: &str) -> Option<Response<Full<Bytes>>> {
    match phase {
        Phase::Running { id: running } if running == id => None,
        Phase::Answered { id: answered } if answered == id => {
            let message = format!("invocation {id} has been answered already");
            Some(refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", &message))
        }
        Phase::Init | Phase::Asking | Phase::Running { .. } | Phase::Answered { .. } => {
            Some(refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"))
        }
    }
}

fn accepted() -> Response<Full<Bytes>> {
    json(StatusCode::ACCEPTED, &serde_json::json!({ "status": "OK" }))
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    json(status, &serde_json::json!({ "errorMessage": message, "errorType": error_type }))
}

fn json(status: StatusCode, document: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(document.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
