//! Partitions and splits.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use arrow::{datatypes::DataType, record_batch::RecordBatch};
use athena_protocol::{Constraints, Split};
use bytes::Bytes;

use super::{
    Area, Kind,
    client::{Client, Definition, SplitsPage, SplitsQuery},
    report::{Fault, Report},
};
use crate::oracle::{Cell, Predicate, Row, Verdict, key_of};

/// Partitions and splits of a table without a predicate.
#[derive(Debug)]
pub(crate) struct TablePlan {
    pub(crate) definition: Definition,
    pub(crate) partitions: RecordBatch,
    pub(crate) splits: Vec<Split>,
    /// Request for the last page of splits.
    pub(crate) request: Bytes,
    /// Splits of a second plan, if they differ from the first.
    pub(crate) other_splits: Option<Vec<Split>>,
}

/// Plans the whole table twice.
pub(crate) async fn check(
    client: &Client,
    report: &mut Report,
    definition: Definition,
) -> Option<TablePlan> {
    report.count_check(Area::Planning);
    let name = Some(&definition.name);
    let unconstrained = Constraints::default();
    let partitions = check_layout(client, report, &definition).await?;
    let query =
        SplitsQuery { table: &definition, partitions: &partitions, constraints: &unconstrained };
    let pages = report.ok_or_record(name, client.splits(&query).await)?;
    let changed = repeat_pages(client, report, &query, &pages.response).await;
    let again = report.ok_or_record(name, client.splits(&query).await)?;
    let request = pages.request;
    let splits = all_splits(pages.response);
    let again = all_splits(again.response);
    let is_stable = property_counts(&again) == property_counts(&splits);
    // Where the properties change from plan to plan, only the number of splits can be compared.
    for ChangedPage { request, first, second } in
        changed.into_iter().filter(|page| is_stable || page.first != page.second)
    {
        let message = format!("a page of {first} splits is repeated as {second} or other splits");
        report.add(name, Fault::new(Kind::SplitsPageChanges, &request, message));
    }
    if let Some(key) = shared_location(&splits) {
        let message = format!("two splits spill to {key:?}");
        report.add(name, Fault::new(Kind::SplitsShareLocation, &request, message));
    }
    let other_splits = (!is_stable).then_some(again);
    Some(TablePlan { definition, partitions, splits, request, other_splits })
}

/// Requests all partitions twice.
async fn check_layout(
    client: &Client,
    report: &mut Report,
    table: &Definition,
) -> Option<RecordBatch> {
    let name = Some(&table.name);
    let unconstrained = Constraints::default();
    let layout = report.ok_or_record(name, client.get_table_layout(table, &unconstrained).await)?;
    for message in wrong_columns(table, &layout.response) {
        report.add(name, Fault::new(Kind::PartitionsWithoutColumn, &layout.request, message));
    }
    if let Some(again) =
        report.ok_or_record(name, client.get_table_layout(table, &unconstrained).await)
        && counts(&partition_keys(table, &again.response))
            != counts(&partition_keys(table, &layout.response))
    {
        let first = layout.response.num_rows();
        let second = again.response.num_rows();
        let message = format!("{first} partitions, then {second} or others");
        report.add(name, Fault::new(Kind::LayoutUnstable, &again.request, message));
    }
    Some(layout.response)
}

fn all_splits(pages: Vec<SplitsPage>) -> Vec<Split> {
    pages.into_iter().flat_map(|page| page.splits).collect()
}

/// Page of splits that differs when it is requested again; `first` and `second` count its splits.
struct ChangedPage {
    request: Bytes,
    first: usize,
    second: usize,
}

/// Requests pages of splits again by their tokens, and returns those that differ.
async fn repeat_pages(
    client: &Client,
    report: &mut Report,
    query: &SplitsQuery<'_>,
    pages: &[SplitsPage],
) -> Vec<ChangedPage> {
    const MAX_PAGES: usize = 5;
    let mut changed = Vec::new();
    for page in pages.iter().filter(|page| page.token.is_some()).take(MAX_PAGES) {
        report.count_check(Area::Planning);
        let result = client.splits_page(query, page.token.as_deref()).await;
        let Some(again) = report.ok_or_record(Some(&query.table.name), result) else { break };
        let (splits, _) = again.response;
        if property_counts(&splits) != property_counts(&page.splits) {
            changed.push(ChangedPage {
                request: again.request,
                first: page.splits.len(),
                second: splits.len(),
            });
        }
    }
    changed
}

/// Describes the partition columns that are missing from the partitions or have another type.
fn wrong_columns(table: &Definition, partitions: &RecordBatch) -> Vec<String> {
    if partitions.num_rows() == 0 {
        return Vec::new();
    }
    let same_kind = |left: &DataType, right: &DataType| match (left, right) {
        (DataType::Timestamp(left, Some(_)), DataType::Timestamp(right, Some(_))) => left == right,
        _ => left == right,
    };
    let wrong = |column: &String| match (
        table.schema.field_with_name(column),
        partitions.column_by_name(column),
    ) {
        (Ok(_), None) => {
            Some(format!("partition column {column:?} is missing from the partitions"))
        }
        (Ok(field), Some(found)) if !same_kind(field.data_type(), found.data_type()) => {
            Some(format!(
                "partition column {column:?} is {}, expected {}",
                found.data_type(),
                field.data_type()
            ))
        }
        _ => None,
    };
    table.partition_columns.iter().filter_map(wrong).collect()
}

/// Returns the values of the partition columns, partition by partition.
fn partition_rows(table: &Definition, partitions: &RecordBatch) -> Vec<Vec<Cell>> {
    let columns: Vec<_> = table
        .partition_columns
        .iter()
        .filter_map(|column| partitions.column_by_name(column).map(Arc::clone))
        .collect();
    (0..partitions.num_rows())
        .map(|row| columns.iter().map(|column| Cell::read(column, row)).collect())
        .collect()
}

fn partition_keys(table: &Definition, partitions: &RecordBatch) -> Vec<Vec<u8>> {
    partition_rows(table, partitions).iter().map(key_of).collect()
}

fn counts<T: std::hash::Hash + Eq>(items: &[T]) -> HashMap<&T, usize> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

/// Counts the splits by their properties.
fn property_counts(splits: &[Split]) -> HashMap<&BTreeMap<String, String>, usize> {
    let mut counts = HashMap::new();
    for split in splits {
        *counts.entry(&split.properties).or_default() += 1;
    }
    counts
}

/// Returns the key of a spill location that two splits share.
fn shared_location(splits: &[Split]) -> Option<&str> {
    let mut seen = HashSet::new();
    splits.iter().filter_map(|split| split.spill_location.as_ref()).find_map(|location| {
        let bucket = location.bucket.as_deref()?;
        let key = location.key.as_deref()?;
        (!seen.insert((bucket, key))).then_some(key)
    })
}

/// Requests the partitions that `constraints` can match, and checks that none is missing.
pub(crate) async fn prune(
    client: &Client,
    report: &mut Report,
    plan: &TablePlan,
    constraints: &Constraints,
) -> Option<RecordBatch> {
    report.count_check(Area::Planning);
    let table = &plan.definition;
    let name = Some(&table.name);
    let layout = report.ok_or_record(name, client.get_table_layout(table, constraints).await)?;
    let found = partition_keys(table, &layout.response);
    let mut found = counts(&found);
    let on_partitions =
        Constraints { summary: constraints.summary.clone(), ..Constraints::default() };
    let predicate = Predicate::new(&on_partitions, &table.partition_columns);
    let mut missing = 0;
    for row in partition_rows(table, &plan.partitions) {
        if row.len() < table.partition_columns.len() || predicate.judge(&row) != Verdict::Keep {
            continue;
        }
        match found.get_mut(&key_of(&row)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => missing += 1,
        }
    }
    if missing > 0 {
        let message =
            format!("{missing} partitions that the predicate can match are not in the layout");
        report.add(name, Fault::new(Kind::PartitionPrunedWrongly, &layout.request, message));
    }
    Some(layout.response)
}

/// Requests the splits of each partition separately; `None` if there are fewer than two partitions
/// or too many, or if the splits are those of the whole plan.
pub(crate) async fn by_partition(
    client: &Client,
    report: &mut Report,
    plan: &TablePlan,
) -> Option<Vec<Split>> {
    const MAX_PARTITIONS: usize = 100;
    if !(2..=MAX_PARTITIONS).contains(&plan.partitions.num_rows()) {
        return None;
    }
    report.count_check(Area::Planning);
    let unconstrained = Constraints::default();
    let mut splits = Vec::new();
    for row in 0..plan.partitions.num_rows() {
        let partition = plan.partitions.slice(row, 1);
        let query = SplitsQuery {
            table: &plan.definition,
            partitions: &partition,
            constraints: &unconstrained,
        };
        let result = client.splits(&query).await;
        let pages = report.ok_or_record(Some(&plan.definition.name), result)?;
        splits.extend(all_splits(pages.response));
    }
    (property_counts(&splits) != property_counts(&plan.splits)).then_some(splits)
}

/// Counts the rows that are in more than one split, unless that may be chance.
///
/// It is no chance if some column is a key of every split, splits that share a key also share the
/// whole row, and the shared rows are many, or exactly those at the beginning or the end of a
/// split.
pub(crate) fn overlap(splits: &[&[Row]]) -> Option<usize> {
    /// Number of rows below which equal rows may be chance.
    const MIN_ROWS: usize = 20;
    let rows: usize = splits.iter().map(|rows| rows.len()).sum();
    let columns = splits.iter().find_map(|rows| rows.first()).map_or(0, |row| row.len());
    if rows < MIN_ROWS {
        return None;
    }
    let repeated = (0..columns).find_map(|column| repeated_rows(splits, column))?;
    // In a table of one column, a repeated value is a repeated row, so its position means nothing.
    let is_many = repeated.rows * 10 >= rows;
    (repeated.rows > 0 && (is_many || (repeated.at_ends && columns > 1))).then_some(repeated.rows)
}

/// Rows that are also in an earlier split.
struct RepeatedRows {
    rows: usize,
    /// Whether they are only at the beginning or only at the end of each split.
    at_ends: bool,
}

/// Counts the rows whose value of `column` is in an earlier split; `None` if the column is not a
/// key.
fn repeated_rows(splits: &[&[Row]], column: usize) -> Option<RepeatedRows> {
    let mut known = HashMap::<Vec<u8>, (usize, &Row)>::new();
    let mut repeated = RepeatedRows { rows: 0, at_ends: true };
    for (number, rows) in splits.iter().enumerate() {
        let mut indices = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            if row[column].is_null() {
                return None;
            }
            match known.insert(key_of([&row[column]]), (number, row)) {
                Some((earlier, same))
                    if earlier < number && key_of(same.iter()) == key_of(row.iter()) =>
                {
                    indices.push(index);
                }
                Some(_) => return None,
                None => {}
            }
        }
        let at_begin = indices.iter().copied().eq(0..indices.len());
        let at_end = indices.iter().copied().eq(rows.len() - indices.len()..rows.len());
        repeated.rows += indices.len();
        repeated.at_ends &= at_begin || at_end;
    }
    Some(repeated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(keys: impl IntoIterator<Item = i64>, value: i64) -> Vec<Row> {
        keys.into_iter()
            .map(|key| [Cell::Int(key), Cell::Int(key % 3 + value)].into_iter().collect())
            .collect()
    }

    #[test]
    fn a_row_in_two_splits_is_an_overlap_if_a_column_is_a_key() {
        assert_eq!(overlap(&[&rows(0..16, 0), &rows(15..30, 0)]), Some(1));
        let in_the_middle = rows((15..22).chain([3]).chain(22..30), 0);
        assert_eq!(
            overlap(&[&rows(0..15, 0), &in_the_middle]),
            None,
            "a repeated row inside a split, as a word in two files"
        );
        assert_eq!(overlap(&[&rows(0..15, 0), &rows(15..30, 0)]), None);
    }

    #[test]
    fn a_value_in_two_splits_is_no_overlap_if_its_column_is_not_a_key() {
        // The first column restarts in the second split, where only one row happens to be equal.
        let mut second = rows(0..15, 1);
        second[0] = rows(0..1, 0).remove(0);
        assert_eq!(overlap(&[&rows(0..15, 0), &second]), None);
        let single = |keys: std::ops::Range<i64>| -> Vec<Row> {
            keys.map(|key| [Cell::Int(key)].into_iter().collect()).collect()
        };
        assert_eq!(overlap(&[&single(0..15), &single(14..30)]), None);
        assert_eq!(overlap(&[&single(0..15), &single(8..30)]), Some(7));
    }
}
