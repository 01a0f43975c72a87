//! One log line for each invocation, for the owner of the data.
//!
//! With [`Setting::Audit`](crate::Setting::Audit), the log says who read which columns of which
//! table, how much, and what was refused. It never contains a value of a row or of a predicate.

use std::time::Instant;

use athena_protocol::{Request, error::shorten_names};

use crate::{Context, Result};

/// Target of the lines, by which a log can be filtered.
pub(crate) const TARGET: &str = "athena_connector::audit";

/// Facts of an invocation that are known before it is handled.
#[derive(Debug)]
pub(crate) struct AuditRecord {
    operation: &'static str,
    /// Table, schema or function.
    object: String,
    /// Requested columns, separated by commas.
    columns: Option<String>,
    started: Instant,
}

impl AuditRecord {
    pub(crate) fn new(request: &Request) -> Self {
        let object = match request {
            Request::Ping(_) | Request::ListSchemas(_) | Request::GetDataSourceCapabilities(_) => {
                String::new()
            }
            Request::ListTables(request) => request.schema_name.clone().unwrap_or_default(),
            Request::GetTable(request) => request.table_name.to_string(),
            Request::GetTableLayout(request) => request.table_name.to_string(),
            Request::GetSplits(request) => request.table_name.to_string(),
            Request::ReadRecords(request) => request.table_name.to_string(),
            Request::UserDefinedFunction(request) => request.method_name.clone(),
        };
        let columns = match request {
            Request::ReadRecords(request) => {
                let names: Vec<_> =
                    request.schema.fields().iter().map(|field| field.name().as_str()).collect();
                Some(shorten_names(&names.join(", ")).into_owned())
            }
            _ => None,
        };
        let object = shorten_names(&object).into_owned();
        Self { operation: request.type_name(), object, columns, started: Instant::now() }
    }

    /// Writes the line. Identity and account are those that the request claims.
    pub(crate) fn write(self, context: &Context, result: &Result<Vec<u8>>) {
        let identity = context.claimed_identity();
        let progress = context.progress();
        let refused = result.as_ref().err().map(|error| error.kind().wire_code());
        let short = |text: Option<&str>| text.map(|text| shorten_names(text).into_owned());
        tracing::info!(
            target: TARGET,
            operation = self.operation,
            object = self.object,
            columns = self.columns,
            query_id = short(context.query_id.as_deref()),
            catalog = &*shorten_names(&context.catalog_name),
            claimed_principal = short(identity.and_then(|identity| identity.arn.as_deref())),
            claimed_account = short(identity.and_then(|identity| identity.account.as_deref())),
            rows = progress.rows,
            spilled_objects = progress.blocks,
            spilled_bytes = progress.bytes,
            response_bytes = result.as_ref().map_or(0, Vec::len),
            milliseconds = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            access = context.counters.access(),
            refused,
            "invocation"
        );
    }
}
