//! What a function prints.

use std::{
    collections::VecDeque,
    io::Write as _,
    sync::{Mutex, PoisonError},
};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// Lines that are kept to explain an end.
const KEPT_LINES: usize = 20;
/// Longer lines are taken apart, so that a function which never ends one cannot fill the memory.
const LONGEST_LINE: u64 = 16 * 1024;

/// The last lines of a function, shown as they come if that is wanted.
#[derive(Debug)]
pub(super) struct Log {
    function: String,
    shown: bool,
    last: Mutex<VecDeque<String>>,
}

impl Log {
    /// Keeps lines, and writes them to standard error behind the name of the function if they are
    /// `shown`.
    pub(super) fn new(function: &str, shown: bool) -> Self {
        Self { function: function.to_owned(), shown, last: Mutex::default() }
    }

    /// The last lines, oldest first.
    pub(super) fn last_lines(&self) -> Vec<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Takes lines until the end of `output`.
    pub(super) async fn copy(self: std::sync::Arc<Self>, output: impl AsyncRead + Unpin) {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        loop {
            line.clear();
            match (&mut output).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => break,
                Ok(_) => self.add(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r'])),
            }
        }
    }

    fn add(&self, line: &str) {
        if self.shown {
            // Whether somebody reads our standard error is no business of the function's.
            let _ = writeln!(std::io::stderr().lock(), "[{}] {line}", self.function);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == KEPT_LINES {
            last.pop_front();
        }
        last.push_back(line.to_owned());
    }
}
