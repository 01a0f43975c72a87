//! Reads that must return the same rows in every variant.

use arrow::datatypes::{DataType, Fields};

use super::{
    Area, Kind,
    baseline::{SplitRows, TableUnderTest},
    client::Exchange,
    difference::difference,
    report::{Fault, Report},
    rows::{Read, ReadResult},
};
use crate::{
    generate::Rng,
    oracle::{Cell, key_of},
};

/// Repeated read of a split.
struct Reread<'a> {
    split: &'a SplitRows,
    columns: &'a [usize],
    read: Read<'a>,
    /// Kind of the finding if the rows differ.
    kind: Kind,
}

/// Reads some splits in all variants.
pub(crate) async fn check(table: &TableUnderTest<'_>, report: &mut Report, rng: &mut Rng) {
    const MAX_SPLITS: usize = 3;
    let all = table.all_columns();
    let mut filled: Vec<&SplitRows> =
        table.splits.iter().filter(|split| !split.rows.is_empty()).collect();
    rng.shuffle(&mut filled);
    filled.truncate(MAX_SPLITS);
    if filled.is_empty() {
        filled.extend(table.splits.first());
    }
    for split in filled {
        for _ in 0..2 {
            compare(table, report, reread(table, split, &all, Kind::RowsDifferOnRepetition)).await;
        }
        let reversed: Vec<usize> = all.iter().rev().copied().collect();
        let mut some = all.clone();
        rng.shuffle(&mut some);
        some.truncate(1 + rng.below(all.len()));
        for columns in [&reversed, &some] {
            compare(table, report, reread(table, split, columns, Kind::RowsDifferByColumns)).await;
        }
        no_columns(table, report, split).await;
        if table.client.store.is_some() && split.split.spill_location.is_some() {
            spilled(table, report, split).await;
        }
        if table.client.stops(report) {
            return;
        }
    }
    let filled = table.splits.iter().filter(|split| !split.rows.is_empty());
    if let Some(split) = filled.min_by_key(|split| split.rows.len()) {
        projections(table, report, split).await;
    }
    in_reverse(table, report).await;
}

/// Reads every column alone, and every two neighbors in the opposite order; in a large split, only
/// the first ones.
async fn projections(table: &TableUnderTest<'_>, report: &mut Report, split: &SplitRows) {
    const MAX_ROWS: usize = 40_000;
    let columns = table.all_columns();
    let most = (MAX_ROWS / split.rows.len()).clamp(1, 40);
    for &column in columns.iter().take(most) {
        let pair = [column + 1, column];
        let single = [column];
        let selections: [&[usize]; 2] = [&single, &pair];
        let selections = &selections[..if column + 1 < columns.len() { 2 } else { 1 }];
        for selection in selections {
            compare(table, report, reread(table, split, selection, Kind::RowsDifferByColumns))
                .await;
        }
    }
}

fn reread<'a>(
    table: &'a TableUnderTest<'_>,
    split: &'a SplitRows,
    columns: &'a [usize],
    kind: Kind,
) -> Reread<'a> {
    Reread { split, columns, read: table.read(&split.split, columns), kind }
}

/// Reads again and records the difference from the baseline.
async fn compare(
    table: &TableUnderTest<'_>,
    report: &mut Report,
    reread: Reread<'_>,
) -> Option<ReadResult> {
    report.count_check(reread.kind.area());
    let Exchange { request, response: result } =
        table.rows(report, table.client.read(&reread.read).await)?;
    let expected: Vec<Vec<Cell>> = reread
        .split
        .rows
        .iter()
        .map(|row| reread.columns.iter().map(|&column| row[column].clone()).collect())
        .collect();
    if let Some(difference) = difference(&expected, &result.rows) {
        report.add(Some(table.name()), Fault::new(reread.kind, &request, difference));
    }
    Some(result)
}

async fn no_columns(table: &TableUnderTest<'_>, report: &mut Report, split: &SplitRows) {
    report.count_check(Area::Reading);
    let fault = match table.client.read(&table.read(&split.split, &[])).await {
        Ok(read) if read.response.is_truncated || read.response.count == split.rows.len() => return,
        Ok(read) => {
            let message = format!(
                "{} rows are returned without columns, {} with columns",
                read.response.count,
                split.rows.len()
            );
            Fault::new(Kind::RowCountLost, &read.request, message)
        }
        Err(fault) => Fault {
            kind: Kind::RowCountLost,
            message: format!("a read without columns fails: {}", fault.message),
            ..fault
        },
    };
    report.add(Some(table.name()), fault);
}

/// Reads with all rows spilled, first in Athena's blocks and then in small ones.
async fn spilled(table: &TableUnderTest<'_>, report: &mut Report, split: &SplitRows) {
    let all = table.all_columns();
    let mut whole = reread(table, split, &all, Kind::RowsDifferWhenSpilled);
    whole.read.max_inline_size = 0;
    let Some(result) = compare(table, report, whole).await else { return };
    let longest_row = split.rows.iter().map(|row| key_of(row.iter()).len()).max().unwrap_or(0);
    // A block must hold the longest row with a margin; about four blocks show a lost one.
    let fields = table.definition().schema.fields();
    let size = (result.longest_object / 4).max(2 * longest_row + max_header(fields));
    let mut small = reread(table, split, &all, Kind::RowsDifferByBlockSize);
    small.read.max_inline_size = 0;
    small.read.max_block_size = size as u64;
    compare(table, report, small).await;
    if result.objects == 1 {
        let overhead = result.longest_object.saturating_sub(result.value_bytes);
        let size = overhead + (result.value_bytes / 5).max(2 * longest_row);
        smaller_blocks(table, report, split, size as u64).await;
    }
}

/// Reads with blocks of a size that may be too small for a row. A function may refuse it or exceed
/// it, but the rows must be the same.
async fn smaller_blocks(
    table: &TableUnderTest<'_>,
    report: &mut Report,
    split: &SplitRows,
    size: u64,
) {
    let mut read = table.read(&split.split, &table.all_columns());
    read.max_inline_size = 0;
    read.max_block_size = size;
    let Ok(Exchange { request, response: result }) = table.client.read(&read).await else { return };
    if result.is_truncated {
        return;
    }
    report.count_check(Area::Spilling);
    if let Some(difference) = difference(&split.rows, &result.rows) {
        let kind = Kind::RowsDifferByBlockSize;
        report.add(Some(table.name()), Fault::new(kind, &request, difference));
    }
}

/// Returns an upper bound on the size of an object's header and of the padding of its buffers.
fn max_header(fields: &Fields) -> usize {
    const HEADER: usize = 1_024;
    const FIELD: usize = 160;
    fn count(data_type: &DataType) -> usize {
        1 + match data_type {
            DataType::List(item) | DataType::Map(item, _) => count(item.data_type()),
            DataType::Struct(fields) => fields.iter().map(|field| count(field.data_type())).sum(),
            _ => 0,
        }
    }
    HEADER + FIELD * fields.iter().map(|field| count(field.data_type())).sum::<usize>()
}

/// Reads the splits from the last to the first.
async fn in_reverse(table: &TableUnderTest<'_>, report: &mut Report) {
    const MAX_SPLITS: usize = 64;
    if table.splits.len() < 2 {
        return;
    }
    let all = table.all_columns();
    for split in table.splits.iter().rev().take(MAX_SPLITS) {
        compare(table, report, reread(table, split, &all, Kind::RowsDifferBySplitOrder)).await;
    }
}
