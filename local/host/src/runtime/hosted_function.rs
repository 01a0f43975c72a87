//! A function on this machine, as a pool of processes.

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
    process::{Launch, ProcessGroup},
    sandbox::{Sandbox, SandboxConfig},
};
use crate::options::FunctionOptions;

/// Timeout of a process, after its response, to request the next invocation. A Java runtime out of
/// memory responds and then never does.
const NEXT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for an invocation to end after its caller dropped it, so that its process can be reused.
const ABANDONED_TIMEOUT: Duration = Duration::from_secs(5);

/// A function whose processes run on this machine, under Lambda's rules.
///
/// Each process runs one invocation at a time, behind its own Runtime API. A process is started if
/// none is idle, up to [`FunctionOptions::concurrency`], and reused until it exits, exceeds its
/// timeout or memory, or returns a response that is not JSON.
///
/// # Environment
///
/// A process has the variables of this process without those that begin with `AWS_`, so that no
/// function uses the developer's account by accident, then Lambda's own with credentials that are
/// valid nowhere, then [`FunctionOptions::env`].
///
/// An invocation whose future is dropped may run for another 5 seconds; then its process is killed.
/// Dropping the function immediately kills all its processes and their children. So does the end of
/// this process, even if it is killed.
pub struct HostedFunction {
    pool: Arc<Pool>,
    /// Invocations in progress. They are tasks, because an invocation may outlive its caller.
    running: Mutex<JoinSet<()>>,
}

/// Measurements of the start of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColdStart {
    /// Process id.
    pub process: i32,
    /// Time from the start of the process to its first request for an invocation.
    pub init: Duration,
    /// Time from the start of the process to the end of its first invocation.
    pub first_answer: Duration,
}

struct Pool {
    config: SandboxConfig,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Sandbox>>,
    /// All started processes that may still run.
    groups: Mutex<Vec<ProcessGroup>>,
    cold_starts: Mutex<Vec<ColdStart>>,
}

impl HostedFunction {
    /// Creates a function that runs `program` with `arguments`. The first invocation starts it.
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
        let config = SandboxConfig {
            function_arn: format!("arn:aws:lambda:{region}:000000000000:function:{}", options.name),
            name: options.name,
            launch: launch.clone(),
            memory: u64::from(options.memory_mb) << 20,
            timeout: options.timeout,
            init_timeout: options.init_timeout,
            show_output: options.show_output,
        };
        let pool = Pool {
            config,
            permits: Arc::new(Semaphore::new(options.concurrency.max(1))),
            idle: Mutex::default(),
            groups: Mutex::default(),
            cold_starts: Mutex::default(),
        };
        Self { pool: Arc::new(pool), running: Mutex::default() }
    }

    /// Returns the starts of all processes so far, in the order in which their first invocation
    /// ended.
    pub fn cold_starts(&self) -> Vec<ColdStart> {
        lock(&self.pool.cold_starts).clone()
    }

    /// Returns the maximum peak memory, in bytes, of the processes that still run. Returns `None`
    /// if there are none, or on platforms other than Linux.
    pub fn peak_memory(&self) -> Option<u64> {
        lock(&self.pool.groups).iter().filter_map(|group| memory::peak(group.id())).max()
    }
}

#[async_trait]
impl Invoke for HostedFunction {
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        if request.len() > MAX_PAYLOAD_BYTES {
            return Err(request_too_large(&self.pool.config.name, request.len()));
        }
        let permit = Arc::clone(&self.pool.permits)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let pool = Arc::clone(&self.pool);
        let (mut sender, receiver) = oneshot::channel();
        {
            let mut running = lock(&self.running);
            while running.try_join_next().is_some() {}
            running.spawn(async move {
                let _permit = permit;
                tokio::select! {
                    outcome = pool.invoke(request) => {
                        // The caller may have dropped the invocation.
                        let _ = sender.send(outcome);
                    }
                    () = async {
                        sender.closed().await;
                        tokio::time::sleep(ABANDONED_TIMEOUT).await;
                    } => {}
                }
            });
        }
        let name = &self.pool.config.name;
        receiver.await.unwrap_or_else(|_| {
            Err(InvokeError::Host(format!("the host of function {name:?} is shutting down")))
        })
    }
}

impl Pool {
    /// Runs one invocation in an idle process or else in a new one.
    async fn invoke(&self, request: Bytes) -> Result<Bytes, InvokeError> {
        let id = Uuid::new_v4().to_string();
        self.try_invoke(&id, request)
            .await
            .map_err(|failure| failure.into_error(&self.config.name, &id))
    }

    async fn try_invoke(&self, id: &str, request: Bytes) -> Result<Bytes, Failure> {
        let mut sandbox = self.sandbox().await?;
        let first = sandbox.is_first();
        let outcome = sandbox.run(id, request, self.config.timeout).await;
        if let (true, Some(init)) = (first, sandbox.init()) {
            let first_answer = sandbox.started().elapsed();
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

    /// Returns a process that waits for an invocation.
    async fn sandbox(&self) -> Result<Sandbox, Failure> {
        // An idle process may have exited or stopped requesting invocations. That does not fail
        // this invocation.
        while let Some(mut sandbox) = self.take_idle() {
            if sandbox.ready(NEXT_TIMEOUT).await.is_ok() {
                return Ok(sandbox);
            }
        }
        let mut sandbox = Sandbox::start(&self.config).await?;
        {
            let mut groups = lock(&self.groups);
            groups.retain(ProcessGroup::is_alive);
            groups.push(sandbox.group());
        }
        sandbox.ready(self.config.init_timeout).await?;
        Ok(sandbox)
    }

    /// Takes the most recently used process that waits for an invocation, or else the most recently
    /// used one, because its memory is the warmest.
    fn take_idle(&self) -> Option<Sandbox> {
        let mut idle = lock(&self.idle);
        let waiting = idle.iter_mut().rposition(Sandbox::is_waiting);
        let index = waiting.or_else(|| idle.len().checked_sub(1))?;
        Some(idle.remove(index))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds one of these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for HostedFunction {
    fn drop(&mut self) {
        // The runtime drops the tasks later; the processes are killed now.
        for group in lock(&self.pool.groups).drain(..) {
            group.kill();
        }
    }
}

impl fmt::Debug for HostedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostedFunction").field("config", &self.pool.config).finish_non_exhaustive()
    }
}
