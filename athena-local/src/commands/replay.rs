//! `invoke --replay`: a request of a function in AWS, repeated on this machine.
//!
//! The request is one that a function logged: see `athena_connector_capture`. It has no identity,
//! key and seal, and names a bucket of its account. A replay has its own.

use std::io::Write as _;

use anyhow::Context as _;
use arrow::util::pretty::pretty_format_batches;
use athena_client::{TableRead, Trace};
use athena_engine::escape_controls;
use athena_lambda_host::LocalS3;
use athena_protocol::{Request, message::ReadRecordsRequest, timestamp_tz::unpack_batch};
use athena_spill::{KeyFactory as _, LocalKeyFactory};
use futures::StreamExt as _;
use serde_json::Value;

use super::{Usage, registry, signals::until_stopped};
use crate::cli::{InvokeCommand, Variable};

/// Repeats the request in `text`, and prints the rows of a read, or else the response as JSON.
///
/// # Errors
///
/// For text without a request, a function that is not on this machine, and any error of the
/// function.
pub(super) async fn run(mut command: InvokeCommand, text: &str) -> anyhow::Result<()> {
    if !command.spec.is_hosted() {
        let problem = format!(
            "--replay runs functions on this machine, and {} is not; without it, invoke sends a \
             request to any function",
            command.spec
        );
        return Err(Usage(problem).into());
    }
    let captured = captured(text)?;
    // A captured request has no seal.
    command.limits.variables.push(Variable {
        catalog: None,
        name: "athena_connector_seal".to_owned(),
        value: "off".to_owned(),
    });
    let (request, _) = Request::decode(captured.as_bytes())?;
    match request {
        Request::ReadRecords(read) => until_stopped(print_rows(command, read)).await,
        _ => super::invoke::send(command, captured.into_bytes()).await,
    }
}

/// Returns the last request in `text`: a request, or a log with lines that have one.
fn captured(text: &str) -> anyhow::Result<String> {
    if let Ok(Value::Object(request)) = serde_json::from_str(text)
        && request.contains_key("@type")
    {
        return Ok(text.to_owned());
    }
    let lines = text.lines().rev();
    let mut requests = lines.filter_map(|line| {
        // CloudWatch's exports have a time before a line.
        let line: Value = serde_json::from_str(&line[line.find('{')?..]).ok()?;
        Some(line.get("request")?.as_str()?.to_owned())
    });
    requests.find(|request| request.contains("@type")).context(
        "the file has no request: it needs a request in JSON, or lines of the log of a function with \
         athena_connector_capture=failures",
    )
}

/// Reads the split of `read` with a key and a place for spilled blocks of this machine.
async fn print_rows(command: InvokeCommand, mut read: ReadRecordsRequest) -> anyhow::Result<()> {
    let registry =
        registry::for_function(&command.limits, &command.spec, command.limits.options())?;
    let client = registry.open_client("function", &command.spec);
    let client = client.for_query(&read.query_id, Trace::default());
    read.split.spill_location = Some(LocalS3::spill_location(&read.query_id));
    read.split.encryption_key = Some(LocalKeyFactory.create().await?);
    let table =
        TableRead { table: read.table_name, schema: read.schema, constraints: read.constraints };
    let mut batches = client.read_records(&table, read.split).await?;
    let mut rows = 0;
    let mut out = std::io::stdout().lock();
    while let Some(batch) = batches.next().await {
        let batch = unpack_batch(&batch?)?;
        rows += batch.num_rows();
        let table = pretty_format_batches(&[batch])?.to_string();
        writeln!(out, "{}", escape_controls(&table))?;
    }
    writeln!(out, "({rows} rows)")?;
    Ok(())
}
