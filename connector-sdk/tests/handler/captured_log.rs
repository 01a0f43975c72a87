//! Log of one thread at all levels, to search for values that must not be in it.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

/// Lines that this thread logs while the value lives: events and spans, from `TRACE` up, as JSON.
pub(crate) struct CapturedLog {
    text: Buffer,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Buffer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl CapturedLog {
    pub(crate) fn start() -> Self {
        let text = Buffer::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_writer(text.clone())
            .finish();
        Self { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// Returns the lines so far, and forgets them.
    pub(crate) fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.text.0.lock().unwrap())).unwrap()
    }

    /// Returns the fields of the audit lines so far, and forgets all lines.
    pub(crate) fn take_audit_lines(&self) -> Vec<serde_json::Value> {
        let text = self.take();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &serde_json::Value| line["fields"]["message"] == "invocation")
            .filter(|line| line["target"] == "athena_connector::audit")
            .map(|line| line["fields"].clone())
            .collect()
    }
}
