//! What a function is given to run.

use std::{thread::available_parallelism, time::Duration};

/// How a function is hosted; the defaults are what a connector in AWS is usually given.
///
/// For a function that runs elsewhere only the name and the time limit count.
#[derive(Debug, Clone)]
pub struct FunctionOptions {
    /// Name of the function, in its ARN, its environment and in front of what it prints.
    pub name: String,
    /// Memory in MiB, watched and enforced on Linux. 3008 by default.
    pub memory_mb: u32,
    /// Time for one invocation. 900 seconds by default, the most there is.
    pub timeout: Duration,
    /// Time for a process to ask for its first invocation. Lambda gives 10 seconds, and then lets
    /// the first invocation pay for the rest; here it is 60 seconds by default, for a Java
    /// connector on a busy laptop takes 17.
    pub init_timeout: Duration,
    /// Most processes, and so most invocations at a time; others wait. Twice the cores by default,
    /// 8 at most.
    pub concurrency: usize,
    /// Environment variables, over those that the host sets.
    pub env: Vec<(String, String)>,
    /// Whether what the function prints goes to standard error line by line. Otherwise only the
    /// last lines are kept, for the error if the process ends.
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
