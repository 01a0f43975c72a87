//! Options of a function.

use std::{thread::available_parallelism, time::Duration};

/// Options of a function. The defaults are common settings of connectors in AWS.
///
/// For a function that is not hosted here, only the name and the timeout apply.
#[derive(Debug, Clone)]
pub struct FunctionOptions {
    /// Name of the function: in its ARN, its environment and as a prefix of its output.
    pub name: String,
    /// Memory limit in MiB. 3008 by default. Enforced on Linux only.
    pub memory_mb: u32,
    /// Timeout of one invocation. 900 seconds by default, the maximum of Lambda.
    pub timeout: Duration,
    /// Timeout of the initialization: from the start of a process to its first request for an
    /// invocation. 60 seconds by default.
    ///
    /// Lambda allows 10 seconds and repeats a longer initialization within the first invocation. A
    /// Java connector on a busy laptop takes 17.
    pub init_timeout: Duration,
    /// Maximum number of processes, each with one invocation at a time. Further invocations wait.
    /// Twice the number of cores by default, but at most 8.
    pub concurrency: usize,
    /// Environment variables, the last of each name. They override those that the host sets: see
    /// [`HostedFunction`](crate::HostedFunction#environment).
    pub env: Vec<(String, String)>,
    /// Whether the output of the function is written to standard error, line by line. True by
    /// default.
    ///
    /// Otherwise only the last lines are kept, for the error if the process exits.
    pub show_output: bool,
}

impl Default for FunctionOptions {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            name: "function".to_owned(),
            memory_mb: 3008,
            timeout: Duration::from_mins(15),
            init_timeout: Duration::from_mins(1),
            concurrency: (2 * cores).min(8),
            env: Vec::new(),
            show_output: true,
        }
    }
}

impl FunctionOptions {
    /// Returns the value of the environment variable `name`, if [`env`](Self::env) has it.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let last = self.env.iter().rev().find(|(variable, _)| variable == name);
        last.map(|(_, value)| value.as_str())
    }
}
