//! Output of a function.

use std::{
    collections::VecDeque,
    io::Write as _,
    sync::{Mutex, PoisonError},
};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// Number of lines to keep for the error if the process exits.
const KEPT_LINES: usize = 20;
/// Maximum length of a line in bytes. Longer lines are split, so that output without line breaks
/// does not fill the memory.
const MAX_LINE: u64 = 16 * 1024;

/// The last lines of a function's output.
#[derive(Debug)]
pub(super) struct Log {
    function: String,
    echo: bool,
    last: Mutex<VecDeque<String>>,
}

impl Log {
    /// Creates an empty log. With `echo`, lines are also written to standard error, with the name
    /// of the function as prefix.
    pub(super) fn new(function: &str, echo: bool) -> Self {
        Self { function: function.to_owned(), echo, last: Mutex::default() }
    }

    /// Returns the last lines, oldest first.
    pub(super) fn last_lines(&self) -> Vec<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Reads lines until the end of `output`.
    pub(super) async fn copy(self: std::sync::Arc<Self>, output: impl AsyncRead + Unpin) {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut output).take(MAX_LINE).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => break,
                Ok(_) => self.add(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r'])),
            }
        }
    }

    fn add(&self, line: &str) {
        if self.echo {
            // A closed standard error does not affect the function.
            let _ = writeln!(std::io::stderr().lock(), "[{}] {line}", self.function);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == KEPT_LINES {
            last.pop_front();
        }
        last.push_back(line.to_owned());
    }
}
