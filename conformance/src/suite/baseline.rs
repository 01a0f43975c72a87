//! The baseline of all comparisons: the rows of a read without a predicate, split by split.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use athena_client::Capabilities;
use athena_protocol::{Constraints, Split, TableName};
use bytes::Bytes;

use super::{
    Area, Kind,
    client::{Client, Definition, Exchange},
    planning::{self, TablePlan},
    report::{ColumnCoverage, Coverage, Fault, Report},
    rows::{Budget, MAX_BLOCK, Read, ReadResult},
};
use crate::{
    generate::{Pool, Rng},
    oracle::Row,
};

/// Split with its rows, in all columns.
#[derive(Debug)]
pub(crate) struct SplitRows {
    pub(crate) split: Split,
    pub(crate) rows: Vec<Row>,
}

/// Table with its baseline rows.
#[derive(Debug)]
pub(crate) struct TableUnderTest<'a> {
    pub(crate) client: &'a Client,
    pub(crate) announced: &'a Capabilities,
    pub(crate) plan: TablePlan,
    pub(crate) splits: Vec<SplitRows>,
    /// Whether `splits` holds every split of the plan.
    pub(crate) is_complete: bool,
    /// Approximate size of the rows in memory.
    pub(crate) bytes: usize,
    /// Names of the columns, in the order of the schema.
    pub(crate) names: Vec<String>,
    pub(crate) pools: Vec<Pool>,
    pub(crate) unconstrained: Constraints,
}

/// Settings of a baseline read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample<'a> {
    pub(crate) client: &'a Client,
    pub(crate) announced: &'a Capabilities,
    /// Seed of the choice of splits.
    pub(crate) seed: u64,
    /// Limits on the rows kept.
    pub(crate) budget: Budget,
}

impl Sample<'_> {
    /// Maximum number of splits read of a table.
    const MAX_SPLITS: usize = 200;
    /// Number of splits over budget after which the rest of the table is skipped.
    const MAX_OVERSIZED: usize = 2;
}

/// Returns the columns of a table at `columns`, with the metadata of the table.
pub(crate) fn project(schema: &SchemaRef, columns: &[usize]) -> SchemaRef {
    let fields: Vec<_> =
        columns.iter().map(|&column| Arc::clone(&schema.fields()[column])).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// Reads as many splits of a table as the budget allows.
pub(crate) async fn read<'a>(
    report: &mut Report,
    plan: TablePlan,
    sample: &Sample<'a>,
) -> (TableUnderTest<'a>, Coverage) {
    let mut rng = Rng::new(sample.seed, 1);
    let mut order: Vec<usize> = (0..plan.splits.len()).collect();
    if order.len() > Sample::MAX_SPLITS {
        rng.shuffle(&mut order);
        order.truncate(Sample::MAX_SPLITS);
        order.sort_unstable();
    }
    let definition = &plan.definition;
    let unconstrained = Constraints::default();
    let mut splits = Vec::new();
    let mut rows = 0;
    let mut bytes = 0;
    let mut oversized = 0;
    for &index in &order {
        if oversized >= Sample::MAX_OVERSIZED {
            break;
        }
        report.count_check(Area::Reading);
        let split = &plan.splits[index];
        let budget = sample.budget.minus(rows, bytes);
        if sample.announced.limit && exceeds(sample.client, definition, split, budget).await {
            oversized += 1;
            continue;
        }
        let read = Read {
            table: &definition.name,
            schema: Arc::clone(&definition.schema),
            split,
            constraints: &unconstrained,
            max_block_size: MAX_BLOCK,
            max_inline_size: sample.client.max_inline_size,
            budget,
        };
        let result = sample.client.read(&read).await;
        let Some(exchange) = record_faults(report, &definition.name, result) else { continue };
        let result = exchange.response;
        if result.is_truncated {
            oversized += 1;
            continue;
        }
        rows += result.rows.len();
        bytes += result.bytes;
        splits.push(SplitRows { split: split.clone(), rows: result.rows });
    }
    let columns: Vec<ColumnCoverage> =
        definition.schema.fields().iter().map(|field| ColumnCoverage::new(field.name())).collect();
    let coverage = Coverage {
        table: definition.name.clone(),
        splits: plan.splits.len(),
        splits_read: splits.len(),
        rows,
        cases: 0,
        limits: 0,
        columns: columns.clone(),
        statements: 0,
        sql_columns: columns,
        skipped: skipped(plan.splits.len(), splits.len(), sample.budget),
    };
    let table = TableUnderTest {
        client: sample.client,
        announced: sample.announced,
        is_complete: splits.len() == plan.splits.len(),
        bytes,
        names: definition.schema.fields().iter().map(|field| field.name().clone()).collect(),
        pools: pools(&definition.schema, &splits, &mut rng),
        unconstrained,
        plan,
        splits,
    };
    (table, coverage)
}

/// Describes the splits that were not read; empty if all were.
fn skipped(splits: usize, splits_read: usize, budget: Budget) -> String {
    let Budget { rows, bytes } = budget;
    match splits - splits_read {
        0 => String::new(),
        _ if rows == 0 || bytes == 0 => {
            "all rows: other tables use up the row budget; check this table separately".to_owned()
        }
        1 if splits == 1 => format!("all rows: there are more than {rows}, or they are too long"),
        unread => {
            format!("the rows of {unread} of {splits} splits: more than {rows}, or too long")
        }
    }
}

/// Returns the result of a read after recording its faults.
fn record_faults(
    report: &mut Report,
    table: &TableName,
    result: Result<Exchange<ReadResult>, Fault>,
) -> Option<Exchange<ReadResult>> {
    let mut exchange = report.ok_or_record(Some(table), result)?;
    for fault in exchange.response.faults.drain(..) {
        report.add(Some(table), fault);
    }
    Some(exchange)
}

/// Returns true if a limited read of one column shows more rows than `budget` allows.
async fn exceeds(client: &Client, table: &Definition, split: &Split, budget: Budget) -> bool {
    let limit = Constraints { limit: Some(budget.rows as u64 + 1), ..Constraints::default() };
    let read = Read {
        table: &table.name,
        schema: project(&table.schema, &[narrowest(&table.schema)]),
        split,
        constraints: &limit,
        max_block_size: MAX_BLOCK,
        max_inline_size: client.max_inline_size,
        budget,
    };
    // A failure here is not recorded: it recurs in the read that follows.
    client.read(&read).await.is_ok_and(|rows| rows.response.count > budget.rows)
}

/// Returns the index of the column with the smallest values.
fn narrowest(schema: &Schema) -> usize {
    let width =
        |index: &usize| schema.field(*index).data_type().primitive_width().unwrap_or(usize::MAX);
    (0..schema.fields().len()).min_by_key(width).unwrap_or(0)
}

fn pools<'a, S>(schema: &Schema, splits: &'a [S], rng: &mut Rng) -> Vec<Pool>
where
    S: std::borrow::Borrow<SplitRows> + 'a,
{
    let mut pools = Vec::new();
    for (column, field) in schema.fields().iter().enumerate() {
        let rows = splits.iter().flat_map(|split| &split.borrow().rows);
        let cells = rows.map(|row| &row[column]);
        pools.push(Pool::new(field.name(), field.data_type(), cells, rng));
    }
    pools
}

impl TableUnderTest<'_> {
    pub(crate) fn definition(&self) -> &Definition {
        &self.plan.definition
    }

    pub(crate) fn name(&self) -> &TableName {
        &self.plan.definition.name
    }

    /// Returns a read of some columns of a split, without a predicate and with Athena's sizes.
    pub(crate) fn read<'s>(&'s self, split: &'s Split, columns: &[usize]) -> Read<'s> {
        Read {
            table: self.name(),
            schema: project(&self.definition().schema, columns),
            split,
            constraints: &self.unconstrained,
            max_block_size: MAX_BLOCK,
            max_inline_size: self.client.max_inline_size,
            budget: Budget::UNLIMITED,
        }
    }

    /// Returns the rows of a read after recording its faults; `None` if rows are missing because
    /// they were spilled and there is no store.
    pub(crate) fn rows(
        &self,
        report: &mut Report,
        result: Result<Exchange<ReadResult>, Fault>,
    ) -> Option<Exchange<ReadResult>> {
        record_faults(report, self.name(), result)
            .filter(|exchange| !exchange.response.is_truncated)
    }

    /// Draws pools from the rows of some splits.
    pub(crate) fn pools_of(&self, splits: &[&SplitRows], rng: &mut Rng) -> Vec<Pool> {
        pools(&self.definition().schema, splits, rng)
    }

    pub(crate) fn all_columns(&self) -> Vec<usize> {
        (0..self.names.len()).collect()
    }

    /// Checks that no row is in two splits, and that other plans of the table return its rows.
    pub(crate) async fn check_splits(&self, report: &mut Report) {
        let name = Some(self.name());
        let splits: Vec<&[Row]> = self.splits.iter().map(|split| split.rows.as_slice()).collect();
        if let Some(rows) = planning::overlap(&splits) {
            let message = format!(
                "{rows} rows are in more than one split, although no split holds a row twice"
            );
            report.add(name, Fault::new(Kind::SplitsOverlap, &self.plan.request, message));
        }
        if !self.is_complete {
            return;
        }
        if let Some(splits) = &self.plan.other_splits
            && let Some((request, difference)) = self.compare_rows(report, splits).await
        {
            let message = format!("a second plan returns other rows: {difference}");
            report.add(name, Fault::new(Kind::SplitsUnstable, &request, message));
        }
        if let Some(splits) = planning::by_partition(self.client, report, &self.plan).await
            && let Some((request, difference)) = self.compare_rows(report, &splits).await
        {
            let message = format!("a plan for each partition returns other rows: {difference}");
            report.add(name, Fault::new(Kind::SplitsIncomplete, &request, message));
        }
    }

    /// Returns the difference between the baseline and the rows of `splits`, with the request of
    /// the last read.
    async fn compare_rows(&self, report: &mut Report, splits: &[Split]) -> Option<(Bytes, String)> {
        let mut rows: Vec<Row> = Vec::new();
        let mut request = Bytes::new();
        for split in splits {
            report.count_check(Area::Reading);
            let read = self.client.read(&self.read(split, &self.all_columns())).await;
            let read = self.rows(report, read)?;
            request = read.request;
            rows.extend(read.response.rows);
        }
        let known = self.splits.iter().flat_map(|split| &split.rows);
        super::difference::difference(known, &rows).map(|difference| (request, difference))
    }
}
