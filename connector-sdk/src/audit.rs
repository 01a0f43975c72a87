//! One log line for each invocation, for the owner of the data.
//!
//! With [`Setting::Audit`](crate::Setting::Audit), the log says who read which columns of which
//! table, how much, and what was refused. It never contains a value of a row or of a predicate.

use std::{collections::BTreeSet, time::Instant};

use athena_protocol::{Request, error::shorten_names, predicate::Expression};

use crate::{Context, hook::Invocation, plan::Plan, seal::Refusal};

/// Target of the lines, by which a log can be filtered.
pub(crate) const TARGET: &str = "athena_connector::audit";

/// Line of one invocation, which is written when it is dropped: after a response, an error, a
/// panic, or a cancellation.
#[derive(Debug)]
pub(crate) struct AuditLine {
    operation: &'static str,
    /// Table, schema or function.
    object: String,
    /// Columns that the request returns or uses in a condition or order, separated by commas.
    columns: Option<String>,
    started: Instant,
    context: Context,
    /// Bytes of the response, or the code of the error.
    outcome: Option<Result<usize, &'static str>>,
}

impl AuditLine {
    /// Begins the line of an invocation whose request is not decoded yet.
    pub(crate) fn begin() -> Self {
        Self {
            operation: "unknown",
            object: String::new(),
            columns: None,
            started: Instant::now(),
            context: Context::default(),
            outcome: None,
        }
    }

    /// Adds the facts of the request.
    pub(crate) fn describe(&mut self, request: &Request, invocation: &Invocation) {
        self.operation = invocation.operation;
        self.object = shorten_names(&invocation.object).into_owned();
        self.columns = columns(request);
        self.context = invocation.context.clone();
    }

    /// Sets the outcome; without, the invocation panicked or was cancelled.
    pub(crate) fn end(mut self, result: &crate::Result<Vec<u8>>) {
        let outcome = result.as_ref().map(Vec::len).map_err(|error| error.kind().wire_code());
        self.outcome = Some(outcome);
    }
}

/// Writes the line. Identity and account are those that the request claims.
impl Drop for AuditLine {
    fn drop(&mut self) {
        let context = &self.context;
        let identity = context.claimed_identity();
        let progress = context.progress();
        let short = |text: Option<&str>| text.map(|text| shorten_names(text).into_owned());
        let refused = match self.outcome {
            Some(Ok(_)) => None,
            Some(Err(code)) => Some(code),
            None => Some("no response"),
        };
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
            spill_failed = context.counters.spill_failed(),
            response_bytes = self.outcome.and_then(Result::ok),
            milliseconds = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            access = context.counters.access(),
            refused,
            seal = context.counters.refusal().map(Refusal::name),
            "invocation"
        );
    }
}

/// Returns the requested columns in order, then those that a condition, an order or a query plan
/// uses.
fn columns(request: &Request) -> Option<String> {
    let Request::ReadRecords(request) = request else { return None };
    let constraints = &request.constraints;
    // A plan that cannot be read is refused, and the error says why.
    let plan = constraints.query_plan.as_ref().and_then(|plan| Plan::read(plan).ok());
    let plan = plan.unwrap_or_default();
    let outputs = plan.outputs.iter().map(|(_, output)| output);
    let expressions = constraints.expressions.iter().chain(&plan.filter).chain(outputs);
    let order = constraints.order_by.iter().chain(&plan.order_by);
    let others: BTreeSet<&str> = (constraints.summary.keys().map(String::as_str))
        .chain(expressions.flat_map(Expression::columns))
        .chain(order.filter_map(|field| field.column_name.as_deref()))
        .collect();
    let mut names: Vec<&str> =
        request.schema.fields().iter().map(|field| field.name().as_str()).collect();
    let requested: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
    names.extend(others.into_iter().filter(|name| !requested.contains(&name.to_lowercase())));
    Some(shorten_names(&names.join(", ")).into_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn columns_that_only_a_plan_names_are_in_the_line() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../tests/golden/v6/constraints/plan-filter-sort-limit.json");
        let (request, _) = Request::decode(&std::fs::read(file).unwrap()).unwrap();
        let columns = columns(&request).unwrap();
        let Request::ReadRecords(read) = &request else { panic!("the file holds a read") };
        let requested = read.schema.fields().iter().map(|field| field.name().as_str());
        let requested: BTreeSet<_> = requested.collect();
        let named: BTreeSet<_> = columns.split(", ").collect();
        assert!(named.is_superset(&requested), "{columns}");
        // The plan filters by region and amount, and orders by amount.
        for column in ["region", "amount"] {
            assert!(columns.to_lowercase().contains(column), "{columns}");
        }
        let mut without = read.clone();
        without.constraints.query_plan = None;
        without.schema = std::sync::Arc::new(arrow::datatypes::Schema::empty());
        assert_eq!(super::columns(&Request::ReadRecords(without)).as_deref(), Some(""));
    }
}
