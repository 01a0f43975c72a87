//! Progress lines on the terminal.

use std::{io::IsTerminal as _, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use super::explain::{plural, size};
use athena_client::Trace;
use athena_engine::escape_controls;

/// Time between two updates of a line.
const INTERVAL: Duration = Duration::from_millis(120);

fn line() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
}

/// The progress line of a query. Dropping it clears the line. There is none if standard error is
/// not a terminal.
#[derive(Debug)]
pub(crate) struct ProgressLine(Option<(ProgressBar, JoinHandle<()>)>);

impl ProgressLine {
    /// Shows the progress of `trace`.
    pub(crate) fn of(trace: &Trace) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = line();
        let shown = bar.clone();
        let trace = trace.clone();
        let task = tokio::spawn(async move {
            loop {
                let now = trace.progress();
                let splits = if now.splits == 0 {
                    plural(trace.calls().len() as u64, "message")
                } else {
                    format!("{} of {}", now.splits_done, plural(now.splits, "split"))
                };
                shown.set_message(format!(
                    "{splits}, {}, {}",
                    plural(now.rows, "row"),
                    size(now.bytes)
                ));
                shown.tick();
                tokio::time::sleep(INTERVAL).await;
            }
        });
        Self(Some((bar, task)))
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some((bar, task)) = self.0.take() {
            task.abort();
            bar.finish_and_clear();
        }
    }
}

/// A line with the current activity. Dropping it clears the line. There is none if standard error
/// is not a terminal.
#[derive(Debug)]
pub(crate) struct StatusLine(Option<ProgressBar>);

impl StatusLine {
    /// Creates an empty line.
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(line);
        if let Some(bar) = &bar {
            bar.enable_steady_tick(INTERVAL);
        }
        Self(bar)
    }

    /// Shows the current activity.
    pub(crate) fn show(&self, activity: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(escape_controls(activity).into_owned());
        }
    }
}

impl Default for StatusLine {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}
