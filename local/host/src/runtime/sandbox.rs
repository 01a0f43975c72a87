//! One process of a function, and one invocation at a time.

use std::{
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout_at};
use uuid::Uuid;

use crate::http::Received;

use super::{
    failure::{Failure, read_document},
    log::Log,
    memory,
    process::{Group, Launch, spawn},
    runtime_api::{Event, Invocation, RuntimeApi},
};

/// Time for an answer to come in when the process that sent it has ended already.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What every sandbox of a function has in common.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) name: String,
    pub(super) function_arn: String,
    pub(super) launch: Launch,
    /// In bytes.
    pub(super) memory: u64,
    pub(super) timeout: Duration,
    pub(super) init_timeout: Duration,
    pub(super) show_output: bool,
}

/// A process behind a Runtime API of its own. Dropping it kills the process and all that it
/// started.
#[derive(Debug)]
pub(super) struct Sandbox {
    api: RuntimeApi,
    events: mpsc::UnboundedReceiver<Event>,
    group: Group,
    log: Arc<Log>,
    memory_watch: JoinHandle<()>,
    memory: u64,
    began: Instant,
    /// Time from its start until it first asked for an invocation.
    init: Option<Duration>,
    /// Whether it waits for an invocation.
    asking: bool,
    /// Whether it has been given an invocation.
    used: bool,
    end: Option<End>,
}

impl Sandbox {
    /// Starts a process, which then has to ask for an invocation: see [`ready`](Self::ready).
    pub(super) async fn start(template: &Template) -> Result<Self, Failure> {
        let (sender, events) = mpsc::unbounded_channel();
        let not_started =
            |error| Failure::NotStarted { program: template.launch.program.clone(), error };
        let api =
            RuntimeApi::start(&template.function_arn, sender.clone()).await.map_err(not_started)?;
        let log = Arc::new(Log::new(&template.name, template.show_output));
        let mut launch = template.launch.clone();
        launch.environment.push(("AWS_LAMBDA_RUNTIME_API".to_owned(), api.address().to_string()));
        let stream = format!("local/[$LATEST]{}", Uuid::new_v4().simple());
        launch.environment.push(("AWS_LAMBDA_LOG_STREAM_NAME".to_owned(), stream));
        let gone = sender.clone();
        let began = Instant::now();
        let group = spawn(&launch, &log, move |status| {
            // Nobody listens when the sandbox has been dropped.
            let _ = gone.send(Event::Exited(status));
        })
        .map_err(not_started)?;
        let memory = template.memory;
        let watched = group.clone();
        let memory_watch = tokio::spawn(async move {
            let used = memory::exceeded(&watched, memory).await;
            let _ = sender.send(Event::OutOfMemory { used });
            watched.kill();
        });
        Ok(Self {
            api,
            events,
            group,
            log,
            memory_watch,
            memory,
            began,
            init: None,
            asking: false,
            used: false,
            end: None,
        })
    }

    /// The number of its first process.
    pub(super) fn process(&self) -> i32 {
        self.group.id()
    }

    /// What ends its processes, whoever holds the sandbox.
    pub(super) fn group(&self) -> Group {
        self.group.clone()
    }

    /// Time from its start until it first asked for an invocation, once it has.
    pub(super) fn init(&self) -> Option<Duration> {
        self.init
    }

    /// Whether it has not served an invocation.
    pub(super) fn is_first(&self) -> bool {
        !self.used
    }

    /// When it was started.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// Whether it waits for an invocation right now, as far as is known.
    pub(super) fn is_asking(&mut self) -> bool {
        while let Ok(event) = self.events.try_recv() {
            // Between invocations the API takes no answers.
            let _ = self.note(event);
        }
        self.asking
    }

    /// Waits until the process asks for an invocation, at most for `patience`.
    pub(super) async fn ready(&mut self, patience: Duration) -> Result<(), Failure> {
        let until = tokio::time::Instant::now() + patience;
        while !self.is_asking() {
            if let Some(end) = &self.end {
                return Err(self.failure(end));
            }
            match timeout_at(until, self.next_event()).await {
                Err(_) => return Err(Failure::InitTimedOut(patience)),
                Ok(event) => {
                    let _ = self.note(event);
                }
            }
        }
        Ok(())
    }

    /// Runs one invocation of a process that is [`ready`](Self::ready).
    ///
    /// After an error that does not leave the sandbox usable it has to be dropped. So it has if
    /// this future is dropped before it is done.
    pub(super) async fn run(
        &mut self,
        id: &str,
        event: Bytes,
        time: Duration,
    ) -> Result<Bytes, Failure> {
        let mut until = tokio::time::Instant::now() + time;
        self.asking = false;
        self.used = true;
        self.api.deliver(Invocation {
            id: id.to_owned(),
            deadline: SystemTime::now() + time,
            trace_id: trace_id(),
            event,
        });
        loop {
            let Ok(event) = timeout_at(until, self.next_event()).await else {
                return Err(self
                    .end
                    .as_ref()
                    .map_or(Failure::TimedOut(time), |end| self.failure(end)));
            };
            match self.note(event) {
                Some(Outcome::Answered(answer)) => return accept(answer),
                Some(Outcome::Failed(document)) => {
                    return Err(Failure::Reported(read_document(&document.bytes)));
                }
                None if self.end.is_some() => {
                    until = until.min(tokio::time::Instant::now() + LAST_WORDS)
                }
                None => {}
            }
        }
    }

    async fn next_event(&mut self) -> Event {
        self.events
            .recv()
            .await
            .expect("the API holds a sender for as long as the sandbox holds the API")
    }

    /// Takes `event` into account and returns the outcome of the invocation, if it is one.
    fn note(&mut self, event: Event) -> Option<Outcome> {
        match event {
            Event::Asked => {
                self.asking = true;
                self.init.get_or_insert_with(|| self.began.elapsed());
            }
            Event::OutOfMemory { used } => {
                self.asking = false;
                self.end = Some(End::OutOfMemory { used });
            }
            Event::Exited(status) => {
                self.asking = false;
                // A process that was killed for its memory ends too, which is not why.
                self.end.get_or_insert(End::Exited(status));
            }
            Event::Answered(answer) => return Some(Outcome::Answered(answer)),
            Event::Failed(document) => return Some(Outcome::Failed(document)),
            // A process that told why it cannot start ends then, which is not why.
            Event::InitFailed(document) => {
                self.end.get_or_insert(End::InitFailed(document));
            }
        }
        None
    }

    fn failure(&self, end: &End) -> Failure {
        match end {
            End::OutOfMemory { used } => Failure::OutOfMemory { used: *used, limit: self.memory },
            End::InitFailed(document) => Failure::InitReported(read_document(&document.bytes)),
            End::Exited(status) => Failure::Exited {
                started: self.init.is_some(),
                status: *status,
                output: self.log.last_lines(),
            },
        }
    }
}

/// How a process came to its end.
#[derive(Debug)]
enum End {
    InitFailed(Received),
    Exited(ExitStatus),
    OutOfMemory { used: u64 },
}

/// How an invocation came to its end.
#[derive(Debug)]
enum Outcome {
    Answered(Received),
    Failed(Received),
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.memory_watch.abort();
        self.group.kill();
    }
}

/// The answer, if it is one that Lambda would carry.
fn accept(answer: Received) -> Result<Bytes, Failure> {
    if answer.is_too_large() {
        return Err(Failure::ResponseTooLarge(answer.length));
    }
    let text = std::str::from_utf8(&answer.bytes).ok();
    match text.map(serde_json::from_str::<serde::de::IgnoredAny>) {
        Some(Ok(_)) => Ok(answer.bytes),
        Some(Err(_)) | None => Err(Failure::NotJson(answer.bytes)),
    }
}

/// A trace that nobody records, in the form of X-Ray.
fn trace_id() -> String {
    let seconds =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let random = Uuid::new_v4().simple().to_string();
    let parent = Uuid::new_v4().simple().to_string();
    format!("Root=1-{seconds:08x}-{};Parent={};Sampled=0", &random[..24], &parent[..16])
}
