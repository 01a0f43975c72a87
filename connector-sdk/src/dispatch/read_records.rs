//! The rows of one split.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use athena_protocol::{
    Constraints, Response,
    message::{ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse},
    predicate::Expression,
};
use athena_spill::SpillTarget;
use tracing::Instrument;

use super::{Call, page::json_len};
use crate::{
    Connector, Error, ReadRecords, Result, Split,
    partition::PartitionValues,
    plan::Plan,
    read::{Columns, Limits, Outcome, Rows, Sink, columns_of_constraints},
    residual::{Residual, RowLimit},
    spilling::check_location,
    split::in_words,
};

impl Call<'_> {
    /// Reads a split, and answers inline or with where the rows were spilled.
    ///
    /// Everything that can be said against the request is said before the connector or S3 is
    /// called.
    pub(super) async fn read_records(&self, request: ReadRecordsRequest) -> Result<Response> {
        check_location(
            self.settings,
            self.context.claimed_identity(),
            request.split.spill_location.as_ref(),
        )?;
        let connector = self.source(&request.constraints.query_passthrough_arguments)?;
        let plan = self.plan(&connector, &request.constraints, &request.table_name).await?;
        let constraints = match &plan {
            Some(plan) => plan.join(&request.constraints),
            None => request.constraints.clone(),
        };
        let columns = self.columns(&connector, &request, plan.as_ref(), &constraints).await?;
        if let Some(plan) = &plan {
            refuse_unknown_of_plan(plan, columns.read())?;
        }
        let residual = Residual::try_new(&constraints, columns.read())?;
        refuse_limit_of_unknown(&constraints, &residual)?;
        let limit = RowLimit::try_new(&constraints, columns.read(), self.settings.sort_memory())?;
        let ask = ReadRecords {
            context: self.context(),
            table: request.table_name.clone(),
            projection: Arc::clone(columns.read()),
            split: Split { properties: request.split.properties.clone() },
            constraints: Arc::new(constraints),
            claims: Arc::default(),
        };
        let partition = PartitionValues::of_split(&ask.split, columns.read())?;
        let source = Arc::clone(&connector);
        let rows =
            Rows { connector, request: ask, columns: columns.clone(), partition, residual, limit };
        let split = in_words(&request.split.properties);
        let span = tracing::info_span!("split", table = %request.table_name, split);
        let outcome = match self.sink(&request, &columns).fill(rows).instrument(span).await {
            Ok(outcome) => outcome,
            Err(error) => {
                return Err(self
                    .blame(error, &source, &request.table_name, columns.read().fields())
                    .await);
            }
        };
        match outcome {
            Outcome::Inline(records) => Ok(Response::ReadRecords(ReadRecordsResponse {
                catalog_name: request.catalog_name,
                records,
            })),
            Outcome::Spilled(remote_blocks) => {
                Ok(Response::RemoteReadRecords(RemoteReadRecordsResponse {
                    catalog_name: request.catalog_name,
                    schema: Arc::clone(columns.answered()),
                    remote_blocks,
                    encryption_key: request.split.encryption_key,
                }))
            }
        }
    }

    /// What is to be read: the columns asked for, or those that a plan computes them from, and
    /// those that only the constraints name. Their types are in the table's definition, which is
    /// asked for only where there are such columns.
    async fn columns(
        &self,
        source: &Arc<dyn Connector>,
        request: &ReadRecordsRequest,
        plan: Option<&Plan>,
        constraints: &Constraints,
    ) -> Result<Columns> {
        let mut names = BTreeSet::new();
        if let Some(twice) =
            request.schema.fields().iter().find(|field| !names.insert(field.name()))
        {
            let name = twice.name();
            return Err(Error::invalid_input(format!(
                "column {name:?} is asked for twice; columns go by their names"
            )));
        }
        let mut wanted = columns_of_constraints(constraints);
        let computed = plan.map(|plan| computed(plan, &request.schema)).unwrap_or_default();
        wanted.extend(computed.values().flat_map(|expression| expression.columns()));
        let is_read = |name: &str| {
            !computed.contains_key(name) && request.schema.fields().find(name).is_some()
        };
        let missing: Vec<&str> = wanted.into_iter().filter(|name| !is_read(name)).collect();
        if missing.is_empty() && computed.is_empty() {
            return Ok(Columns::new(Arc::clone(&request.schema), []));
        }
        let definition = self.definition(source, &request.table_name).await?;
        // A column that the table has not is none that rows could be read by: the residual says
        // what that means.
        let found = missing.into_iter().filter_map(|name| definition.schema.fields().find(name));
        Columns::computing(
            Arc::clone(&request.schema),
            &computed,
            found.map(|(_, field)| Arc::clone(field)),
        )
    }

    fn sink(&self, request: &ReadRecordsRequest, columns: &Columns) -> Sink<'_> {
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let max_block_size =
            self.settings.spill.max_block_bytes.unwrap_or_else(|| size(request.max_block_size));
        let max_block_size = max_block_size.min(self.settings.largest_block());
        let target = request.split.spill_location.as_ref().map(|location| SpillTarget {
            bucket: location.bucket.clone().unwrap_or_default(),
            key: location.key.clone().unwrap_or_default(),
            encryption_key: request.split.encryption_key.clone(),
        });
        let limits = Limits {
            // The largest object is meant, whatever it holds.
            max_block_size: max_block_size
                .saturating_sub(target.as_ref().map_or(0, SpillTarget::encryption_overhead)),
            max_inline_size: size(request.max_inline_block_size),
            json_around: json_len(&request.catalog_name),
            framing: self.version.framing(),
            in_flight: self.settings.in_flight(max_block_size),
        };
        let (spilling, settings, context) = (&self.handler.spilling, self.settings, &self.context);
        Sink { spilling, settings, context, target, limits, columns: columns.clone() }
    }
}

/// The columns asked for that are, by the plan, something else than the column of the table that
/// has their name.
fn computed<'a>(plan: &'a Plan, asked: &'a Schema) -> BTreeMap<&'a str, &'a Expression> {
    let output = |field: &'a FieldRef| {
        let name = field.name().as_str();
        let output = plan.output(name)?;
        let is_itself = matches!(output, Expression::Variable { column, .. } if column.eq_ignore_ascii_case(name));
        (!is_itself).then_some((name, output))
    };
    asked.fields().iter().filter_map(output).collect()
}

/// Whoever sends a predicate in a plan alone relies on it: it must be evaluated whole, or not at
/// all.
fn refuse_unknown_of_plan(plan: &Plan, read: &SchemaRef) -> Result<()> {
    let constraints = Constraints { expressions: plan.filter.clone(), ..Constraints::default() };
    let residual = Residual::try_new(&constraints, read)?;
    if residual.is_complete() {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "the query plan has a predicate with {:?} on types that this connector cannot evaluate it on; leave it to the engine",
        residual.unevaluated()
    )))
}

/// A limit counts the rows that pass the whole predicate, so one that cannot be evaluated whole
/// cannot be limited: rows behind the limit would be missing once the engine removes some of those
/// before it.
fn refuse_limit_of_unknown(constraints: &Constraints, residual: &Residual) -> Result<()> {
    if constraints.limit.is_none() && constraints.order_by.is_empty() {
        return Ok(());
    }
    let unknown = residual.unevaluated();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "the query has a limit or an order, and a predicate with {unknown:?}, which this connector cannot evaluate; the \
         limit counts the rows that the predicate leaves. Send only functions that the capabilities list, or no limit"
    )))
}
