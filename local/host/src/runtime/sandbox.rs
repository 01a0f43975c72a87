//! One process of a function, which runs one invocation at a time.

use std::{
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout_at};
use uuid::Uuid;

use crate::http::LimitedBody;

use super::{
    failure::{Failure, read_document},
    log::Log,
    memory,
    process::{Launch, ProcessGroup, spawn},
    runtime_api::{Invocation, RuntimeApi, SandboxEvent},
};

/// Time to wait for the response of a process that has already exited.
const EXIT_GRACE: Duration = Duration::from_millis(100);

/// Configuration of all sandboxes of a function.
#[derive(Debug)]
pub(super) struct SandboxConfig {
    pub(super) name: String,
    pub(super) function_arn: String,
    pub(super) launch: Launch,
    /// Memory limit in bytes.
    pub(super) memory: u64,
    pub(super) timeout: Duration,
    pub(super) init_timeout: Duration,
    pub(super) show_output: bool,
}

/// A process behind its own Runtime API. Dropping it kills the process and its descendants.
#[derive(Debug)]
pub(super) struct Sandbox {
    api: RuntimeApi,
    events: mpsc::UnboundedReceiver<SandboxEvent>,
    group: ProcessGroup,
    log: Arc<Log>,
    memory_watch: JoinHandle<()>,
    memory: u64,
    started: Instant,
    /// Time from its start to its first request for an invocation.
    init: Option<Duration>,
    /// Whether it waits for an invocation.
    waiting: bool,
    /// Whether it has received an invocation.
    used: bool,
    end: Option<SandboxEnd>,
}

impl Sandbox {
    /// Starts a process. Wait until it is [`ready`](Self::ready) before running an invocation.
    pub(super) async fn start(config: &SandboxConfig) -> Result<Self, Failure> {
        let (sender, events) = mpsc::unbounded_channel();
        let not_started =
            |error| Failure::NotStarted { program: config.launch.program.clone(), error };
        let api =
            RuntimeApi::start(&config.function_arn, sender.clone()).await.map_err(not_started)?;
        let log = Arc::new(Log::new(&config.name, config.show_output));
        let mut launch = config.launch.clone();
        launch.environment.push(("AWS_LAMBDA_RUNTIME_API".to_owned(), api.address().to_string()));
        launch.environment.push(("ATHENA_LOCAL_RUNTIME_API".to_owned(), api.secret_address()));
        let stream = format!("local/[$LATEST]{}", Uuid::new_v4().simple());
        launch.environment.push(("AWS_LAMBDA_LOG_STREAM_NAME".to_owned(), stream));
        let exits = sender.clone();
        let started = Instant::now();
        let group = spawn(&launch, &log, move |status| {
            // The receiver is gone if the sandbox has been dropped.
            let _ = exits.send(SandboxEvent::Exited(status));
        })
        .map_err(not_started)?;
        api.set_owner(group.id());
        let memory = config.memory;
        let watched = group.clone();
        let memory_watch = tokio::spawn(async move {
            let used = memory::exceeded(&watched, memory).await;
            let _ = sender.send(SandboxEvent::OutOfMemory { used });
            watched.kill();
        });
        Ok(Self {
            api,
            events,
            group,
            log,
            memory_watch,
            memory,
            started,
            init: None,
            waiting: false,
            used: false,
            end: None,
        })
    }

    /// Returns the id of its process.
    pub(super) fn process(&self) -> i32 {
        self.group.id()
    }

    /// Returns its process group, which can be killed by any owner.
    pub(super) fn group(&self) -> ProcessGroup {
        self.group.clone()
    }

    /// Returns the time from its start to its first request for an invocation, if there was one.
    pub(super) fn init(&self) -> Option<Duration> {
        self.init
    }

    /// Returns whether it has not received an invocation.
    pub(super) fn is_first(&self) -> bool {
        !self.used
    }

    /// Returns the time of its start.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Returns whether it waits for an invocation, according to the events so far. A process that
    /// has exited does not, although its last event may arrive later.
    pub(super) fn is_waiting(&mut self) -> bool {
        while let Ok(event) = self.events.try_recv() {
            // The API accepts no responses between invocations.
            let _ = self.handle(event);
        }
        self.waiting && self.group.is_alive()
    }

    /// Waits until the process requests an invocation, at most for `timeout`.
    pub(super) async fn ready(&mut self, timeout: Duration) -> Result<(), Failure> {
        let until = tokio::time::Instant::now() + timeout;
        while !self.is_waiting() {
            if let Some(end) = &self.end {
                return Err(self.failure(end));
            }
            match timeout_at(until, self.next_event()).await {
                Err(_) => return Err(Failure::InitTimedOut(timeout)),
                Ok(event) => {
                    let _ = self.handle(event);
                }
            }
        }
        Ok(())
    }

    /// Runs one invocation in a process that is [`ready`](Self::ready).
    ///
    /// The sandbox has to be dropped after an error that does not leave it usable, and if this
    /// future is dropped before it completes.
    pub(super) async fn run(
        &mut self,
        id: &str,
        event: Bytes,
        timeout: Duration,
    ) -> Result<Bytes, Failure> {
        let mut until = tokio::time::Instant::now() + timeout;
        self.waiting = false;
        self.used = true;
        self.api.deliver(Invocation {
            id: id.to_owned(),
            deadline: SystemTime::now() + timeout,
            trace_id: trace_id(),
            event,
        });
        loop {
            let Ok(event) = timeout_at(until, self.next_event()).await else {
                return Err(self
                    .end
                    .as_ref()
                    .map_or(Failure::TimedOut(timeout), |end| self.failure(end)));
            };
            match self.handle(event) {
                Some(InvocationOutcome::Responded(response)) => return accept(response),
                Some(InvocationOutcome::Failed(document)) => {
                    return Err(Failure::Reported(read_document(&document.bytes)));
                }
                None if self.end.is_some() => {
                    until = until.min(tokio::time::Instant::now() + EXIT_GRACE);
                }
                None => {}
            }
        }
    }

    async fn next_event(&mut self) -> SandboxEvent {
        self.events
            .recv()
            .await
            .expect("the API holds a sender for as long as the sandbox holds the API")
    }

    /// Updates the state for `event` and returns the outcome of the invocation, if it is one.
    fn handle(&mut self, event: SandboxEvent) -> Option<InvocationOutcome> {
        match event {
            SandboxEvent::InvocationRequested => {
                self.waiting = true;
                self.init.get_or_insert_with(|| self.started.elapsed());
            }
            SandboxEvent::OutOfMemory { used } => {
                self.waiting = false;
                self.end = Some(SandboxEnd::OutOfMemory { used });
            }
            SandboxEvent::Exited(status) => {
                self.waiting = false;
                // A process that was killed for its memory exits, too, but that is not the cause.
                self.end.get_or_insert(SandboxEnd::Exited(status));
            }
            SandboxEvent::Responded(response) => {
                return Some(InvocationOutcome::Responded(response));
            }
            SandboxEvent::Failed(document) => return Some(InvocationOutcome::Failed(document)),
            // A process exits after it has reported an initialization error, which is the cause.
            SandboxEvent::InitFailed(document) => {
                self.end.get_or_insert(SandboxEnd::InitFailed(document));
            }
        }
        None
    }

    fn failure(&self, end: &SandboxEnd) -> Failure {
        match end {
            SandboxEnd::OutOfMemory { used } => {
                Failure::OutOfMemory { used: *used, limit: self.memory }
            }
            SandboxEnd::InitFailed(document) => {
                Failure::InitReported(read_document(&document.bytes))
            }
            SandboxEnd::Exited(status) => Failure::Exited {
                started: self.init.is_some(),
                status: *status,
                output: self.log.last_lines(),
            },
        }
    }
}

/// Cause of the end of a process.
#[derive(Debug)]
enum SandboxEnd {
    InitFailed(LimitedBody),
    Exited(ExitStatus),
    OutOfMemory { used: u64 },
}

/// Outcome of an invocation that the process reported.
#[derive(Debug)]
enum InvocationOutcome {
    Responded(LimitedBody),
    Failed(LimitedBody),
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.memory_watch.abort();
        self.group.kill();
    }
}

/// Checks that Lambda would accept the response.
fn accept(response: LimitedBody) -> Result<Bytes, Failure> {
    if response.is_too_large() {
        return Err(Failure::ResponseTooLarge(response.length));
    }
    let text = std::str::from_utf8(&response.bytes).ok();
    match text.map(serde_json::from_str::<serde::de::IgnoredAny>) {
        Some(Ok(_)) => Ok(response.bytes),
        Some(Err(_)) | None => Err(Failure::NotJson(response.bytes)),
    }
}

/// Returns the id of a trace that is not recorded, in the format of X-Ray.
fn trace_id() -> String {
    let seconds =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let random = Uuid::new_v4().simple().to_string();
    let parent = Uuid::new_v4().simple().to_string();
    format!("Root=1-{seconds:08x}-{};Parent={};Sampled=0", &random[..24], &parent[..16])
}
