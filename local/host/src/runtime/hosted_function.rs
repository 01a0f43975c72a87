//! A function on this machine: as many processes as it has invocations at a time.

use std::{
    ffi::OsString,
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use athena_client::{Invoke, InvokeError};
use athena_protocol::MAX_PAYLOAD_BYTES;
use bytes::Bytes;
use tokio::{
    sync::{Semaphore, oneshot},
    task::JoinSet,
};
use uuid::Uuid;

use super::{
    environment::environment,
    failure::{Failure, request_too_large},
    memory,
    process::{Group, Launch},
    sandbox::{Sandbox, Template},
};
use crate::options::FunctionOptions;

/// Time for a process that has answered to ask for more. A Java runtime out of memory answers and
/// never asks again.
const TIME_TO_ASK_AGAIN: Duration = Duration::from_secs(10);
/// Time for an invocation that nobody waits for any more to end by itself, so that its process can
/// be used again.
const ABANDONED: Duration = Duration::from_secs(5);

/// A function whose processes run here, as Lambda would run them.
///
/// Every process serves one invocation at a time behind its own Runtime API. It is started when no
/// other is idle, up to [`FunctionOptions::concurrency`], and used again until it ends, takes too
/// long or answers what is no JSON. When the future of an invocation is dropped, the function may
/// still finish for a few seconds and is then killed. Dropping this kills every process, and what
/// they started, at once; the end of this process does so too, however it ends.
pub struct HostedFunction {
    pool: Arc<Pool>,
    /// Invocations that run. They are tasks of their own, for an invocation does not end with its
    /// caller.
    running: Mutex<JoinSet<()>>,
}

/// How a process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColdStart {
    /// The number of the process.
    pub process: i32,
    /// Time from the start of the process until it asked for its first invocation.
    pub init: Duration,
    /// Time from the start of the process until its first invocation had ended.
    pub first_answer: Duration,
}

struct Pool {
    template: Template,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Sandbox>>,
    /// Every process that was started and may still run.
    groups: Mutex<Vec<Group>>,
    cold_starts: Mutex<Vec<ColdStart>>,
}

impl HostedFunction {
    /// Hosts `program` with `arguments`. Nothing is started yet.
    pub fn new<A: Into<OsString>>(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = A>,
        options: FunctionOptions,
    ) -> Self {
        let program = program.into();
        let launch = Launch {
            environment: environment(&options, Path::new(&program)),
            program,
            arguments: arguments.into_iter().map(Into::into).collect(),
        };
        let region = launch.environment.iter().rev().find(|(name, _)| name == "AWS_REGION");
        let region = region.map_or("us-east-1", |(_, region)| region);
        let template = Template {
            function_arn: format!("arn:aws:lambda:{region}:000000000000:function:{}", options.name),
            name: options.name,
            launch: launch.clone(),
            memory: u64::from(options.memory_mb) << 20,
            timeout: options.timeout,
            init_timeout: options.init_timeout,
            show_output: options.show_output,
        };
        let pool = Pool {
            template,
            permits: Arc::new(Semaphore::new(options.concurrency.max(1))),
            idle: Mutex::default(),
            groups: Mutex::default(),
            cold_starts: Mutex::default(),
        };
        Self { pool: Arc::new(pool), running: Mutex::default() }
    }

    /// The processes that were started so far and served an invocation, in the order in which they
    /// did.
    pub fn cold_starts(&self) -> Vec<ColdStart> {
        lock(&self.pool.cold_starts).clone()
    }

    /// The most memory in bytes that one of the processes ever had that still live; `None` where
    /// the system does not say.
    pub fn peak_memory(&self) -> Option<u64> {
        lock(&self.pool.groups).iter().filter_map(|group| memory::peak(group.id())).max()
    }
}

#[async_trait]
impl Invoke for HostedFunction {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        if request.len() > MAX_PAYLOAD_BYTES {
            return Err(request_too_large(&self.pool.template.name, request.len()));
        }
        let permit = Arc::clone(&self.pool.permits)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let pool = Arc::clone(&self.pool);
        let (mut answer, answered) = oneshot::channel();
        {
            let mut running = lock(&self.running);
            while running.try_join_next().is_some() {}
            running.spawn(async move {
                let _permit = permit;
                tokio::select! {
                    outcome = pool.invoke(request) => {
                        // The caller may have gone meanwhile.
                        let _ = answer.send(outcome);
                    }
                    () = async {
                        answer.closed().await;
                        tokio::time::sleep(ABANDONED).await;
                    } => {}
                }
            });
        }
        let name = &self.pool.template.name;
        answered.await.unwrap_or_else(|_| {
            Err(InvokeError::Host(format!("the host of {name:?} is shutting down")))
        })
    }
}

impl Pool {
    /// Runs one invocation, in a process that is idle or else in a new one.
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let id = Uuid::new_v4().to_string();
        self.try_invoke(&id, request)
            .await
            .map_err(|failure| failure.into_error(&self.template.name, &id))
    }

    async fn try_invoke(&self, id: &str, request: Bytes) -> Result<Bytes, Failure> {
        let mut sandbox = self.sandbox().await?;
        let first = sandbox.is_first();
        let outcome = sandbox.run(id, request, self.template.timeout).await;
        if let (true, Some(init)) = (first, sandbox.init()) {
            let first_answer = sandbox.began().elapsed();
            lock(&self.cold_starts).push(ColdStart {
                process: sandbox.process(),
                init,
                first_answer,
            });
        }
        match outcome {
            Err(failure) if !failure.leaves_sandbox_usable() => Err(failure),
            outcome => {
                lock(&self.idle).push(sandbox);
                outcome
            }
        }
    }

    /// A process that waits for an invocation.
    async fn sandbox(&self) -> Result<Sandbox, Failure> {
        // A process may have ended since it was used, or have stopped asking; that is no fault of
        // this invocation.
        while let Some(mut sandbox) = self.take_idle() {
            if sandbox.ready(TIME_TO_ASK_AGAIN).await.is_ok() {
                return Ok(sandbox);
            }
        }
        let mut sandbox = Sandbox::start(&self.template).await?;
        {
            let mut groups = lock(&self.groups);
            groups.retain(Group::is_alive);
            groups.push(sandbox.group());
        }
        sandbox.ready(self.template.init_timeout).await?;
        Ok(sandbox)
    }

    /// The last process that was used and asks already, or else the last: its memory is the
    /// warmest.
    fn take_idle(&self) -> Option<Sandbox> {
        let mut idle = lock(&self.idle);
        let asking = idle.iter_mut().rposition(Sandbox::is_asking);
        let index = asking.or_else(|| idle.len().checked_sub(1))?;
        Some(idle.remove(index))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one of these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for HostedFunction {
    fn drop(&mut self) {
        // The tasks go when the runtime gets to them; the processes go now.
        for group in lock(&self.pool.groups).drain(..) {
            group.kill();
        }
    }
}

impl fmt::Debug for HostedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostedFunction")
            .field("template", &self.pool.template)
            .finish_non_exhaustive()
    }
}
