//! `ReadRecords`: the rows of one split.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arrow::datatypes::{Schema, SchemaRef};
use athena_protocol::{
    Constraints, Response,
    error::shorten_names,
    message::{ReadRecordsRequest, ReadRecordsResponse, RemoteReadRecordsResponse},
    predicate::Expression,
};
use athena_spill::SpillTarget;
use tracing::Instrument;

use super::{Dispatch, page::json_len};
use crate::{
    Connector, Context, Error, ReadRecords, Result, Split,
    access::AccessFilter,
    column_index::ColumnIndex,
    partition::PartitionValues,
    plan::Plan,
    read::{Columns, Decided, Limits, ReadOutcome, Sink, SplitReader, constraint_columns, decide},
    residual::{Residual, RowLimit},
    seal::{SEAL_PROPERTY, SealKeys, Subject},
    spilling::check_spill_target,
    split::describe_properties,
};

/// Smallest block size that a request may ask for, in bytes.
///
/// A request could otherwise have the function put one object for each row.
const MIN_BLOCK_BYTES: u64 = 200;

impl Dispatch<'_> {
    /// Reads a split, and returns the rows inline or the locations of the spilled blocks.
    ///
    /// Rejects an invalid request before the first call of the connector or S3.
    pub(super) async fn read_records(&self, mut request: ReadRecordsRequest) -> Result<Response> {
        check_max_block_size(request.max_block_size)?;
        if let Some(keys) = self.seal_keys().await? {
            check_seal(keys, &request, &self.context)?;
        }
        request.split.properties.remove(SEAL_PROPERTY);
        let table = &request.table_name;
        let identity = self.context.claimed_identity();
        check_spill_target(self.settings, identity, &request.query_id, &request.split)?;
        let arguments = &request.constraints.query_passthrough_arguments;
        let access = self.access(table, !arguments.is_empty())?;
        let connector = self.source(arguments)?;
        let plan = self.plan(&connector, &request.constraints, table).await?;
        let constraints = Arc::new(match &plan {
            Some(plan) => plan.join(&request.constraints),
            None => request.constraints.clone(),
        });
        let mut needed = constraint_columns(&constraints);
        needed.extend(access.columns());
        let columns = self.columns(&connector, &request, plan.as_ref(), needed).await?;
        let read_schema = Arc::clone(columns.read_schema());
        if let Some(plan) = &plan {
            reject_unevaluated_plan(plan, &read_schema)?;
        }
        let residual =
            Residual::try_new(&constraints, &read_schema)?.with_time_limit(self.context.time_limit);
        reject_limit_of_unevaluated(&constraints, &residual)?;
        let limit = RowLimit::try_new(&constraints, &read_schema, self.settings.sort_memory())?;
        let split = Split { properties: request.split.properties.clone() };
        let partition = PartitionValues::from_split(&split, &read_schema)?;
        let offered = access.source_constraints(Arc::clone(&constraints));
        let (offered, is_excluded) = match decide(&offered, &partition)? {
            Decided::Remaining(remaining) => (remaining, false),
            Decided::Excluded => (offered, true),
        };
        let reader = SplitReader {
            connector: Arc::clone(&connector),
            partition,
            request: ReadRecords {
                context: self.context(),
                table: table.clone(),
                projection: Arc::clone(&read_schema),
                split,
                constraints: offered,
                claims: Arc::default(),
            },
            is_excluded,
            columns: columns.clone(),
            access: AccessFilter::try_new(&access, &read_schema, self.context.time_limit)?,
            offers_all_conditions: !access.hides_conditions(&constraints),
            residual,
            limit,
        };
        let split = describe_properties(&request.split.properties);
        let split = shorten_names(&split);
        let name = table.to_string();
        let span = tracing::info_span!("split", table = &*shorten_names(&name), split = &*split);
        match self.sink(&request, &columns).consume(reader).instrument(span).await {
            Ok(ReadOutcome::Inline(records)) => Ok(Response::ReadRecords(ReadRecordsResponse {
                catalog_name: request.catalog_name,
                records,
            })),
            Ok(ReadOutcome::Spilled(remote_blocks)) => {
                Ok(Response::RemoteReadRecords(RemoteReadRecordsResponse {
                    catalog_name: request.catalog_name,
                    schema: Arc::clone(columns.response_schema()),
                    remote_blocks,
                    encryption_key: request.split.encryption_key,
                }))
            }
            Err(error) => {
                let fields = read_schema.fields();
                Err(self.classify_schema_error(error, &connector, table, fields).await)
            }
        }
    }

    /// Determines the columns to read: the requested ones, or those from which a plan computes
    /// them, and those that only the conditions name, which are `needed`.
    ///
    /// The types of the latter are in the definition of the table, which is requested only if there
    /// are such columns.
    async fn columns(
        &self,
        source: &Arc<dyn Connector>,
        request: &ReadRecordsRequest,
        plan: Option<&Plan>,
        mut needed: BTreeSet<&str>,
    ) -> Result<Columns> {
        let mut names = BTreeSet::new();
        if let Some(duplicate) =
            request.schema.fields().iter().find(|field| !names.insert(field.name()))
        {
            return Err(Error::invalid_input(format!(
                "column {:?} is requested twice; column names must be unique",
                duplicate.name()
            )));
        }
        let computed = plan.map(|plan| computed(plan, &request.schema)).unwrap_or_default();
        needed.extend(computed.values().flat_map(|expression| expression.columns()));
        let requested = ColumnIndex::new(request.schema.fields());
        needed.retain(|name| computed.contains_key(name) || requested.find(name).is_none());
        let missing = needed;
        if missing.is_empty() && computed.is_empty() {
            return Ok(Columns::new(Arc::clone(&request.schema), []));
        }
        let definition = self.definition(source, &request.table_name).await?;
        // A column that the table does not have cannot be read: the residual decides about it.
        let columns = ColumnIndex::new(definition.schema.fields());
        let found = missing.into_iter().filter_map(|name| columns.find(name));
        Columns::with_computed(
            Arc::clone(&request.schema),
            &computed,
            found.map(|(_, field)| Arc::clone(field)),
        )
    }

    fn sink(&self, request: &ReadRecordsRequest, columns: &Columns) -> Sink<'_> {
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let max_object_bytes =
            self.settings.spill.max_block_bytes.unwrap_or_else(|| size(request.max_block_size));
        let max_object_bytes = max_object_bytes.min(self.settings.max_block_bytes());
        let target = request.split.spill_location.as_ref().map(|location| SpillTarget {
            bucket: location.bucket.clone().unwrap_or_default(),
            key: location.key.clone().unwrap_or_default(),
            encryption_key: request.split.encryption_key.clone(),
        });
        // The size in the request is that of the object, encryption included.
        let encryption_overhead = target.as_ref().map_or(0, SpillTarget::encryption_overhead);
        Sink {
            spilling: &self.handler.spilling,
            settings: self.settings,
            context: &self.context,
            limits: Limits {
                max_block_size: max_object_bytes.saturating_sub(encryption_overhead),
                max_inline_size: size(request.max_inline_block_size),
                json_overhead: json_len(&request.catalog_name),
                framing: self.version.framing(),
                in_flight: self.settings.max_blocks_in_flight(max_object_bytes),
            },
            target,
            columns: columns.clone(),
        }
    }
}

/// Returns the requested columns that the plan computes: those that are not the column of the table
/// of the same name.
fn computed<'a>(plan: &'a Plan, requested: &'a Schema) -> BTreeMap<&'a str, &'a Expression> {
    let outputs = plan.outputs_by_name();
    let mut computed = BTreeMap::new();
    for field in requested.fields() {
        let name = field.name().as_str();
        let Some(output) = outputs.find(name) else { continue };
        let is_itself = matches!(
            output,
            Expression::Variable { column, .. } if column.eq_ignore_ascii_case(name)
        );
        if !is_itself {
            computed.insert(name, output);
        }
    }
    computed
}

/// Checks that this function made the split for this query.
fn check_seal(keys: &SealKeys, request: &ReadRecordsRequest, context: &Context) -> Result<()> {
    let seal = request.split.properties.get(SEAL_PROPERTY).map(String::as_str);
    let subject = Subject::Split {
        query_id: &request.query_id,
        catalog: &request.catalog_name,
        table: &request.table_name,
        split: &request.split,
    };
    keys.check(&subject, seal, context)
}

fn check_max_block_size(bytes: u64) -> Result<()> {
    if bytes >= MIN_BLOCK_BYTES {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "maxBlockSize is {bytes} bytes, expected at least {MIN_BLOCK_BYTES}; smaller blocks would \
         hold almost nothing but their headers"
    )))
}

/// Rejects a plan whose predicate cannot be evaluated completely: a caller that sends a predicate
/// only in a plan does not apply it again.
fn reject_unevaluated_plan(plan: &Plan, read_schema: &SchemaRef) -> Result<()> {
    let constraints = Constraints { expressions: plan.filter.clone(), ..Constraints::default() };
    let residual = Residual::try_new(&constraints, read_schema)?;
    if residual.is_complete() {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "the query plan has a predicate with {:?} on types for which this connector cannot \
         evaluate it; leave it to the engine",
        residual.unevaluated()
    )))
}

/// Rejects a limit or order on a predicate that cannot be evaluated completely.
///
/// A limit counts the rows that pass the whole predicate: once the engine removes some of the rows
/// before the limit, rows beyond it would be missing.
fn reject_limit_of_unevaluated(constraints: &Constraints, residual: &Residual) -> Result<()> {
    if constraints.limit.is_none() && constraints.order_by.is_empty() {
        return Ok(());
    }
    let unevaluated = residual.unevaluated();
    if unevaluated.is_empty() {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "the query has a limit or an order, and a predicate with {unevaluated:?}, which this \
         connector cannot evaluate; send only functions that the capabilities list, or no limit"
    )))
}
