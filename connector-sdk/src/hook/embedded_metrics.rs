//! Metrics in `CloudWatch`'s embedded metric format.

use std::{
    fmt,
    io::{self, Write},
    sync::{Mutex, PoisonError},
    time::{Instant, SystemTime},
};

use async_trait::async_trait;
use athena_protocol::error::shorten_names;
use serde_json::json;

use super::{Hook, Invocation, Next};
use crate::Result;

/// Hook that writes a line in `CloudWatch`'s [embedded metric format] for each invocation, from
/// which `CloudWatch` makes metrics without calls of its API.
///
/// | Metric | Unit | What |
/// |---|---|---|
/// | `Duration` | milliseconds | time of the invocation |
/// | `Rows` | count | rows read that passed the predicate and the limit |
/// | `ResponseBytes` | bytes | size of the response |
/// | `SpilledBytes`, `SpilledBlocks` | bytes, count | what was put into the spill bucket |
/// | `Errors` | count | 1 if the invocation failed |
///
/// An invocation that is cancelled or panics has no line: Lambda counts those. The dimension is
/// `Operation`, such as `ReadRecordsRequest`. The line also has the query ID, the catalog, the
/// table and the kind of the error, which are not dimensions, because each value of a dimension is
/// a metric that costs.
///
/// ```
/// # use athena_connector_sdk::{Handler, StaticConnector};
/// use athena_connector_sdk::hook::EmbeddedMetrics;
///
/// let handler = Handler::new(StaticConnector::new()).with_hook(EmbeddedMetrics::new("Shop"));
/// # let _ = handler;
/// ```
///
/// [embedded metric format]:
/// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
pub struct EmbeddedMetrics {
    namespace: String,
    writer: Mutex<Box<dyn Write + Send>>,
}

impl fmt::Debug for EmbeddedMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedMetrics")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl EmbeddedMetrics {
    /// Creates a hook whose metrics are in `namespace`, and whose lines go to standard output,
    /// which Lambda sends to `CloudWatch`.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), writer: Mutex::new(Box::new(io::stdout())) }
    }

    /// Writes the lines to `writer`.
    #[must_use]
    pub fn with_writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.writer = Mutex::new(Box::new(writer));
        self
    }

    fn line(&self, invocation: &Invocation, started: Instant, result: &Result<Vec<u8>>) -> String {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let timestamp = since_epoch.unwrap_or_default().as_millis();
        let progress = invocation.context.progress();
        let metric = |name: &str, unit: &str| json!({"Name": name, "Unit": unit});
        let line = json!({
            "_aws": {
                "Timestamp": u64::try_from(timestamp).unwrap_or(u64::MAX),
                "CloudWatchMetrics": [{
                    "Namespace": self.namespace,
                    "Dimensions": [["Operation"]],
                    "Metrics": [
                        metric("Duration", "Milliseconds"),
                        metric("Rows", "Count"),
                        metric("ResponseBytes", "Bytes"),
                        metric("SpilledBytes", "Bytes"),
                        metric("SpilledBlocks", "Count"),
                        metric("Errors", "Count"),
                    ],
                }],
            },
            "Operation": invocation.operation,
            "Duration": started.elapsed().as_secs_f64() * 1_000.0,
            "Rows": progress.rows,
            "ResponseBytes": result.as_ref().map_or(0, Vec::len),
            "SpilledBytes": progress.bytes,
            "SpilledBlocks": progress.blocks,
            "Errors": u8::from(result.is_err()),
            "ErrorCode": result.as_ref().err().map(|error| error.kind().wire_code()),
            "Object": shorten_names(&invocation.object),
            "QueryId": invocation.context.query_id.as_deref().map(shorten_names),
            "Catalog": shorten_names(&invocation.context.catalog_name),
        });
        format!("{line}\n")
    }
}

#[async_trait]
impl Hook for EmbeddedMetrics {
    async fn around(&self, invocation: &Invocation, next: Next<'_>) -> Result<Vec<u8>> {
        let started = Instant::now();
        let result = next.run().await;
        let line = self.line(invocation, started, &result);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // A query does not fail because a metric is lost.
        if let Err(error) = writer.write_all(line.as_bytes()).and_then(|()| writer.flush()) {
            tracing::warn!(%error, "the metrics of an invocation cannot be written");
        }
        result
    }
}
