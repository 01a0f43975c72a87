//! The rows that everything is compared with: those of a read without any predicate, split by
//! split.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use athena_protocol::{Constraints, Split, TableName};
use bytes::Bytes;

use super::{
    Area, Kind,
    caller::{Caller, Definition, Exchange},
    planning::{self, Plan},
    report::{Coverage, Fault, Report},
    rows::{Brought, MAX_BLOCK, MAX_INLINE, Read, Room},
};
use crate::{
    generate::{Dice, Pool},
    oracle::{Cell, Row},
};
use athena_client::Capabilities;

/// A split and its rows, of all columns.
#[derive(Debug)]
pub(crate) struct SplitRows {
    pub(crate) split: Split,
    pub(crate) rows: Vec<Row>,
}

/// One table with the rows that were read of it.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) announced: &'a Capabilities,
    pub(crate) table: Definition,
    pub(crate) plan: Plan,
    pub(crate) splits: Vec<SplitRows>,
    /// Whether `splits` are all there are.
    pub(crate) is_complete: bool,
    /// Bytes that the rows take in memory, about.
    pub(crate) bytes: usize,
    pub(crate) names: Vec<String>,
    pub(crate) pools: Vec<Pool>,
    pub(crate) everything: Constraints,
}

/// How much of a table is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// What splits are chosen by.
    pub(crate) seed: u64,
    /// What is kept of it.
    pub(crate) room: Room,
}

impl Sample {
    /// Most splits of a table that are read.
    const SPLITS: usize = 200;
}

/// The columns of a table at some places, with the metadata of the table.
pub(crate) fn project(schema: &SchemaRef, columns: &[usize]) -> SchemaRef {
    let fields: Vec<_> =
        columns.iter().map(|&column| Arc::clone(&schema.fields()[column])).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// Reads as many splits of a table as may be read, and says what was left out.
pub(crate) async fn read<'a>(
    caller: &'a Caller,
    report: &mut Report,
    (table, plan): (Definition, Plan),
    (announced, sample): (&'a Capabilities, &Sample),
) -> (Subject<'a>, Coverage) {
    let mut dice = Dice::of(sample.seed, 1);
    let mut order: Vec<usize> = (0..plan.splits.len()).collect();
    if order.len() > Sample::SPLITS {
        dice.shuffle(&mut order);
        order.truncate(Sample::SPLITS);
        order.sort_unstable();
    }
    let everything = Constraints::default();
    let (mut splits, mut rows, mut bytes, mut too_large) = (Vec::new(), 0, 0, 0);
    for &place in &order {
        /// Splits that are tried in vain.
        const TRIES: usize = 2;
        if too_large >= TRIES {
            break;
        }
        report.checked(Area::Reading);
        let (split, room) = (&plan.splits[place], sample.room.without(rows, bytes));
        if announced.limit && is_larger(caller, (&table, split), room).await {
            too_large += 1;
            continue;
        }
        let read = Read {
            table: &table.name,
            schema: Arc::clone(&table.schema),
            split,
            constraints: &everything,
            max_block_size: MAX_BLOCK,
            max_inline_size: MAX_INLINE,
            room,
        };
        let Some(exchange) = taken(report, &table.name, caller.read(&read).await) else { continue };
        let Brought { rows: found, bytes: more, is_cut, .. } = exchange.answer;
        if is_cut {
            too_large += 1;
            continue;
        }
        rows += found.len();
        bytes += more;
        splits.push(SplitRows { split: split.clone(), rows: found });
    }
    let is_complete = splits.len() == plan.splits.len();
    let left_out = match plan.splits.len() - splits.len() {
        0 => String::new(),
        _ if sample.room.rows == 0 || sample.room.bytes == 0 => {
            "its rows: there is no room left for them, so name it alone".to_owned()
        }
        1 if plan.splits.len() == 1 => {
            format!("its rows: there are more than {}, or they are too long", sample.room.rows)
        }
        others => {
            let (all, rows) = (plan.splits.len(), sample.room.rows);
            format!("the rows of {others} of {all} splits: they are more than {rows}, or too long")
        }
    };
    let coverage = Coverage {
        table: table.name.clone(),
        splits: plan.splits.len(),
        splits_read: splits.len(),
        rows,
        cases: 0,
        left_out,
    };
    let pools = pools(&table.schema, &splits, &mut dice);
    let names = table.schema.fields().iter().map(|field| field.name().clone()).collect();
    (
        Subject {
            caller,
            announced,
            table,
            plan,
            splits,
            is_complete,
            bytes,
            names,
            pools,
            everything,
        },
        coverage,
    )
}

/// What a read brought; its faults, and those of how the rows came, are written down.
fn taken(
    report: &mut Report,
    table: &TableName,
    result: Result<Exchange<Brought>, Fault>,
) -> Option<Exchange<Brought>> {
    let mut exchange = report.take(Some(table), result)?;
    for fault in exchange.answer.faults.drain(..) {
        report.add(Some(table), fault);
    }
    Some(exchange)
}

/// Whether a split has more rows than `room`, as far as a limit on its first column can tell.
async fn is_larger(caller: &Caller, (table, split): (&Definition, &Split), room: Room) -> bool {
    let limit = Constraints { limit: Some(room.rows as u64 + 1), ..Constraints::default() };
    let read = Read {
        table: &table.name,
        schema: project(&table.schema, &[narrowest(&table.schema)]),
        split,
        constraints: &limit,
        max_block_size: MAX_BLOCK,
        max_inline_size: MAX_INLINE,
        room,
    };
    // What fails here fails again where it is a finding.
    caller.read(&read).await.is_ok_and(|rows| rows.answer.count > room.rows)
}

fn narrowest(schema: &Schema) -> usize {
    let width =
        |place: &usize| schema.field(*place).data_type().primitive_width().unwrap_or(usize::MAX);
    (0..schema.fields().len()).min_by_key(width).unwrap_or(0)
}

fn pools(schema: &Schema, splits: &[SplitRows], dice: &mut Dice) -> Vec<Pool> {
    let cells = |column: usize| -> Vec<&Cell> {
        splits.iter().flat_map(|split| split.rows.iter().map(move |row| &row[column])).collect()
    };
    schema
        .fields()
        .iter()
        .enumerate()
        .map(|(column, field)| {
            Pool::new(field.name(), field.data_type(), cells(column).into_iter(), dice)
        })
        .collect()
}

impl Subject<'_> {
    /// A read of some columns of a split, without a predicate and with sizes as Athena has them.
    pub(crate) fn read<'s>(&'s self, split: &'s Split, columns: &[usize]) -> Read<'s> {
        Read {
            table: &self.table.name,
            schema: project(&self.table.schema, columns),
            split,
            constraints: &self.everything,
            max_block_size: MAX_BLOCK,
            max_inline_size: MAX_INLINE,
            room: Room::UNLIMITED,
        }
    }

    /// The rows of a read whose faults are written down; `None` if they are not all to be had, as
    /// spilled ones without a store.
    pub(crate) fn rows(
        &self,
        report: &mut Report,
        result: Result<Exchange<Brought>, Fault>,
    ) -> Option<Exchange<Brought>> {
        taken(report, &self.table.name, result).filter(|exchange| !exchange.answer.is_cut)
    }

    pub(crate) fn all_columns(&self) -> Vec<usize> {
        (0..self.names.len()).collect()
    }

    /// Checks that need the rows of all splits: that no row is in two, and that another plan has
    /// the same.
    pub(crate) async fn check_splits(&self, report: &mut Report) {
        let name = Some(&self.table.name);
        let splits: Vec<&[Row]> = self.splits.iter().map(|split| split.rows.as_slice()).collect();
        if let Some(rows) = planning::overlap(&splits) {
            let sentence = format!(
                "{rows} rows are in more than one split, although no split holds a row twice"
            );
            report.add(name, Fault::new(Kind::SplitsOverlap, &self.plan.request, sentence));
        }
        if !self.is_complete {
            return;
        }
        if let Some(splits) = &self.plan.other_splits {
            self.same_rows(report, splits, Kind::SplitsUnstable, "planned again").await;
        }
        if let Some(splits) =
            planning::by_partition(self.caller, report, (&self.table, &self.plan)).await
        {
            self.same_rows(
                report,
                &splits,
                Kind::SplitsIncomplete,
                "planned partition by partition",
            )
            .await;
        }
    }

    /// Whether other splits of the whole table have its rows.
    async fn same_rows(&self, report: &mut Report, splits: &[Split], kind: Kind, words: &str) {
        let mut rows: Vec<Row> = Vec::new();
        let mut request = Bytes::new();
        for split in splits {
            report.checked(Area::Reading);
            let read = self.caller.read(&self.read(split, &self.all_columns())).await;
            let Some(read) = self.rows(report, read) else { return };
            request = read.request;
            rows.extend(read.answer.rows);
        }
        let known = self.splits.iter().flat_map(|split| &split.rows);
        if let Some(difference) = super::reading::difference(known, &rows) {
            let sentence = format!("{words}, the table has other rows: {difference}");
            report.add(Some(&self.table.name), Fault::new(kind, &request, sentence));
        }
    }
}
