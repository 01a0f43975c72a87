//! Server of the Lambda Runtime API for one sandbox.
//!
//! Each sandbox has its own server, and only its own processes may use it: another local program
//! would receive events and send responses in place of the function. The client of each connection
//! is looked up in the system's tables, because not every runtime accepts a secret in the address:
//! Python's `awslambdaric`, for one, splits it into host and port. Functions that are not
//! descendants use a path with a secret.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use athena_protocol::MAX_PAYLOAD_BYTES;
use bytes::Bytes;
use futures::{
    FutureExt as _,
    future::{Either, Shared},
};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::peer;
use crate::http::{Connection, LimitedBody, Server};

/// An event of the process in a sandbox.
#[derive(Debug)]
pub(super) enum SandboxEvent {
    /// The process requested an invocation.
    InvocationRequested,
    /// The process responded to the invocation.
    Responded(LimitedBody),
    /// The process failed the invocation, with this error document.
    Failed(LimitedBody),
    /// The process failed to initialize, with this error document.
    InitFailed(LimitedBody),
    /// The process exceeded its memory limit and was killed.
    OutOfMemory {
        /// Memory usage in bytes.
        used: u64,
    },
    /// The process exited.
    Exited(std::process::ExitStatus),
}

/// The event of an invocation and its metadata.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) id: String,
    pub(super) deadline: SystemTime,
    pub(super) trace_id: String,
    pub(super) event: Bytes,
}

/// A running Runtime API and the channel that delivers invocations to it.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    server: Server,
    invocations: mpsc::Sender<Invocation>,
    owner: watch::Sender<Option<i32>>,
    secret: String,
}

impl RuntimeApi {
    /// Starts a server for the function `function_arn` that reports the process's requests to
    /// `events`. Requests wait until [`Self::set_owner`] is called.
    pub(super) async fn start(
        function_arn: &str,
        events: mpsc::UnboundedSender<SandboxEvent>,
    ) -> std::io::Result<Self> {
        let (invocations, receiver) = mpsc::channel(1);
        let secret = Uuid::new_v4().simple().to_string();
        let state = Arc::new(ApiState {
            function_arn: HeaderValue::try_from(function_arn).map_err(std::io::Error::other)?,
            events,
            invocations: tokio::sync::Mutex::new(receiver),
            phase: Mutex::new(Phase::Init),
            secret: secret.clone(),
        });
        let (owner, group) = watch::channel(None);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start_with(address, move |connection| {
            let state = Arc::clone(&state);
            let admitted = is_admitted(connection, group.clone());
            service_fn(move |request| {
                let response = state.serve(request, admitted.clone());
                async move { Ok::<_, Infallible>(response.await) }
            })
        });
        Ok(Self { server: server.await?, invocations, owner, secret })
    }

    /// Sets the process group that may use the API.
    pub(super) fn set_owner(&self, group: i32) {
        self.owner.send_replace(Some(group));
    }

    /// Returns the value of `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns an address for functions that are not descendants of this process: with a secret
    /// path, which any client may use.
    pub(super) fn secret_address(&self) -> String {
        format!("{}/{}", self.address(), self.secret)
    }

    /// Delivers `invocation` to the process when it requests one.
    pub(super) fn deliver(&self, invocation: Invocation) {
        self.invocations.try_send(invocation).expect("a sandbox runs one invocation at a time");
    }
}

/// Result of looking up the client of a connection, once for all its requests.
type Admitted = Shared<futures::future::BoxFuture<'static, bool>>;

/// Looks up whether the client of `connection` belongs to the owner, in a separate task.
///
/// The task starts at once, because a process may send its last response and exit.
fn is_admitted(connection: Connection, mut owner: watch::Receiver<Option<i32>>) -> Admitted {
    let task = tokio::spawn(async move {
        // The sender is gone if the process could not be started.
        let owner = *owner.wait_for(Option::is_some).await.ok()?;
        let owner = owner?;
        tokio::task::spawn_blocking(move || peer::belongs_to(connection, owner)).await.ok()
    });
    async move { task.await.ok().flatten().unwrap_or(false) }.boxed().shared()
}

/// Phase of a sandbox, which determines the valid requests.
#[derive(Debug)]
enum Phase {
    Init,
    Waiting,
    Running { id: String },
    Responded { id: String },
}

struct ApiState {
    function_arn: HeaderValue,
    events: mpsc::UnboundedSender<SandboxEvent>,
    invocations: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    phase: Mutex<Phase>,
    /// First segment of a path that any client may use.
    secret: String,
}

impl ApiState {
    /// Handles a POST request in a separate task.
    ///
    /// The server drops the futures of a client that disconnects, but a response counts even if the
    /// process exits while sending it. The task is started before this function returns, because
    /// the server may drop the returned future without polling it.
    fn serve(
        self: &Arc<Self>,
        request: Request<Incoming>,
        admitted: Admitted,
    ) -> impl Future<Output = Response<Full<Bytes>>> + use<> {
        let state = Arc::clone(self);
        let is_get = request.method() == Method::GET;
        let response = async move { state.respond(request, admitted).await };
        if is_get {
            return Either::Left(response);
        }
        let task = tokio::spawn(response);
        Either::Right(task.map(|response| response.expect("handling a request does not panic")))
    }

    async fn respond(
        &self,
        request: Request<Incoming>,
        admitted: Admitted,
    ) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = match LimitedBody::read(body).await {
            Ok(body) => body,
            Err(error) => {
                return json_error(StatusCode::BAD_REQUEST, "InvalidRequest", &error.to_string());
            }
        };
        let path = head.uri.path();
        let parts: Vec<_> = path.split('/').skip(1).collect();
        let parts = match &parts[..] {
            [secret, rest @ ..] if *secret == self.secret => rest,
            _ if admitted.await => &parts[..],
            _ => return foreign_client(),
        };
        match (head.method, parts) {
            (Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => self.next().await,
            (Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
                self.finish(id, body, SandboxEvent::Responded)
            }
            (Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
                self.finish(id, body, SandboxEvent::Failed)
            }
            (Method::POST, ["2018-06-01", "runtime", "init", "error"]) => self.init_error(body),
            _ => json_error(StatusCode::NOT_FOUND, "NotFound", &format!("unknown path {path}")),
        }
    }

    /// Waits for an invocation.
    ///
    /// If the process exits meanwhile, this future is dropped without losing an invocation: it
    /// stays in the channel.
    async fn next(&self) -> Response<Full<Bytes>> {
        {
            let mut phase = self.phase();
            if let Phase::Running { id } = &*phase {
                let message = format!("invocation {id} has no response yet");
                return json_error(StatusCode::FORBIDDEN, "InvalidStateTransition", &message);
            }
            *phase = Phase::Waiting;
        }
        self.report(SandboxEvent::InvocationRequested);
        let Some(invocation) = self.invocations.lock().await.recv().await else {
            return json_error(StatusCode::GONE, "Runtime.Shutdown", "the host is shutting down");
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
            .expect("ids are ASCII text");
        *self.phase() = Phase::Running { id };
        response
    }

    fn finish(
        &self,
        id: &str,
        body: LimitedBody,
        event: impl FnOnce(LimitedBody) -> SandboxEvent,
    ) -> Response<Full<Bytes>> {
        {
            let mut phase = self.phase();
            if let Some(error) = check_response(&phase, id) {
                return error;
            }
            *phase = Phase::Responded { id: id.to_owned() };
        }
        let too_large = body.is_too_large();
        self.report(event(body));
        if too_large {
            let message =
                format!("Exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes).");
            return json_error(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message);
        }
        accepted()
    }

    fn init_error(&self, body: LimitedBody) -> Response<Full<Bytes>> {
        if !matches!(*self.phase(), Phase::Init) {
            let message = "the function is already initialized: it requested an invocation";
            return json_error(StatusCode::FORBIDDEN, "InvalidStateTransition", message);
        }
        self.report(SandboxEvent::InitFailed(body));
        accepted()
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        // No code panics while it holds the lock, and a phase is never half-written.
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, event: SandboxEvent) {
        // The receiver is gone if the sandbox is being dropped.
        let _ = self.events.send(event);
    }
}

/// Returns an error unless `id` is the running invocation.
fn check_response(phase: &Phase, id: &str) -> Option<Response<Full<Bytes>>> {
    match phase {
        Phase::Running { id: running } if running == id => None,
        Phase::Responded { id: finished } if finished == id => {
            let message = format!("invocation {id} already has a response");
            Some(json_error(StatusCode::FORBIDDEN, "InvalidStateTransition", &message))
        }
        Phase::Init | Phase::Waiting | Phase::Running { .. } | Phase::Responded { .. } => {
            Some(json_error(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"))
        }
    }
}

fn foreign_client() -> Response<Full<Bytes>> {
    let message = "this Runtime API belongs to another process: only the process that the host \
                   started and its descendants may use it; a function in a container or of another \
                   user has to use the value of ATHENA_LOCAL_RUNTIME_API as its \
                   AWS_LAMBDA_RUNTIME_API";
    json_error(StatusCode::FORBIDDEN, "AccessDenied", message)
}

fn accepted() -> Response<Full<Bytes>> {
    json(StatusCode::ACCEPTED, &serde_json::json!({ "status": "OK" }))
}

fn json_error(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    json(status, &serde_json::json!({ "errorMessage": message, "errorType": error_type }))
}

fn json(status: StatusCode, document: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(document.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
