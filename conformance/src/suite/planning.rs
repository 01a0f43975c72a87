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
    caller::{Caller, Definition, SplitsPage},
    report::{Fault, Report},
};
use crate::oracle::{Cell, Predicate, Row, Verdict, key_of};

/// How a table is read without a predicate.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) partitions: RecordBatch,
    pub(crate) splits: Vec<Split>,
    /// The request that the last splits were answered to.
    pub(crate) request: Bytes,
    /// The splits as a second plan has them, if they are not the same.
    pub(crate) other_splits: Option<Vec<Split>>,
}

/// Plans the whole table, twice.
pub(crate) async fn check(
    caller: &Caller,
    report: &mut Report,
    table: &Definition,
) -> Option<Plan> {
    report.checked(Area::Planning);
    let name = Some(&table.name);
    let everything = Constraints::default();
    let layout = report.take(name, caller.get_table_layout(table, &everything).await)?;
    for sentence in wrong_columns(table, &layout.answer) {
        report.add(name, Fault::new(Kind::PartitionsWithoutColumn, &layout.request, sentence));
    }
    if let Some(again) = report.take(name, caller.get_table_layout(table, &everything).await)
        && counts(&partition_keys(table, &again.answer))
            != counts(&partition_keys(table, &layout.answer))
    {
        let (first, second) = (layout.answer.num_rows(), again.answer.num_rows());
        let sentence = format!("{first} partitions, and then {second} or others");
        report.add(name, Fault::new(Kind::LayoutUnstable, &again.request, sentence));
    }
    let pages = report.take(name, caller.splits(table, &layout.answer, &everything).await)?;
    let partitions = layout.answer;
    let changed = pages_again(caller, report, (table, &partitions), &pages.answer).await;
    let again = report.take(name, caller.splits(table, &partitions, &everything).await)?;
    let all = |pages: &[SplitsPage]| -> Vec<Split> {
        pages.iter().flat_map(|page| page.splits.clone()).collect()
    };
    let (splits, again) = (all(&pages.answer), all(&again.answer));
    let is_stable = properties(&again) == properties(&splits);
    // Where what splits say of themselves changes from plan to plan, only their number can be
    // compared.
    for Changed { request, first, second } in
        changed.into_iter().filter(|page| is_stable || page.first != page.second)
    {
        let sentence =
            format!("a page of {first} splits had {second} or others when it was asked for again");
        report.add(name, Fault::new(Kind::SplitsPageChanges, &request, sentence));
    }
    let request = pages.request;
    if let Some(place) = shared_location(&splits) {
        report.add(
            name,
            Fault::new(
                Kind::SplitsShareLocation,
                &request,
                format!("two splits spill to {place:?}"),
            ),
        );
    }
    let other_splits = (!is_stable).then_some(again);
    Some(Plan { partitions, splits, request, other_splits })
}

/// A page of splits that was another one when it was asked for once more.
struct Changed {
    request: Bytes,
    first: usize,
    second: usize,
}

/// The pages that are not the same when they are asked for once more, with their tokens.
async fn pages_again(
    caller: &Caller,
    report: &mut Report,
    (table, partitions): (&Definition, &RecordBatch),
    pages: &[SplitsPage],
) -> Vec<Changed> {
    const PAGES: usize = 5;
    let mut changed = Vec::new();
    for page in pages.iter().filter(|page| page.token.is_some()).take(PAGES) {
        report.checked(Area::Planning);
        let asked = caller
            .splits_page(table, partitions, &Constraints::default(), page.token.as_deref())
            .await;
        let Some(again) = report.take(Some(&table.name), asked) else { break };
        let (splits, _) = again.answer;
        if properties(&splits) != properties(&page.splits) {
            changed.push(Changed {
                request: again.request,
                first: page.splits.len(),
                second: splits.len(),
            });
        }
    }
    changed
}

/// Partitions must have every partition column, in the type of the table.
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
        (Ok(_), None) => Some(format!("the partitions lack the partition column {column:?}")),
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

/// The values of the partition columns of each partition.
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

/// What splits say, as often as they say it.
fn properties(splits: &[Split]) -> HashMap<&BTreeMap<String, String>, usize> {
    let mut counts = HashMap::new();
    for split in splits {
        *counts.entry(&split.properties).or_default() += 1;
    }
    counts
}

/// The spill place that two splits have.
fn shared_location(splits: &[Split]) -> Option<&str> {
    let mut seen = HashSet::new();
    splits.iter().filter_map(|split| split.spill_location.as_ref()).find_map(|location| {
        let place = (location.bucket.as_deref()?, location.key.as_deref()?);
        (!seen.insert(place)).then_some(place.1)
    })
}

/// The partitions that `constraints` leave, if none is missing that they can match.
pub(crate) async fn prune(
    caller: &Caller,
    report: &mut Report,
    (table, plan): (&Definition, &Plan),
    constraints: &Constraints,
) -> Option<RecordBatch> {
    report.checked(Area::Planning);
    let name = Some(&table.name);
    let left = report.take(name, caller.get_table_layout(table, constraints).await)?;
    let found = partition_keys(table, &left.answer);
    let mut found = counts(&found);
    let on_partitions =
        Constraints { summary: constraints.summary.clone(), ..Constraints::default() };
    let predicate = Predicate::new(&on_partitions, &table.partition_columns);
    let mut missing = 0;
    for row in partition_rows(table, &plan.partitions) {
        if row.len() < table.partition_columns.len() || predicate.judge(&row).0 != Verdict::Keep {
            continue;
        }
        match found.get_mut(&key_of(&row)) {
            Some(count) if *count > 0 => *count -= 1,
            _ => missing += 1,
        }
    }
    if missing > 0 {
        let sentence =
            format!("{missing} partitions that the predicate can match are not in the layout");
        report.add(name, Fault::new(Kind::PartitionPrunedWrongly, &left.request, sentence));
    }
    Some(left.answer)
}

/// The splits of each partition alone; `None` where there are not several, or too many.
pub(crate) async fn by_partition(
    caller: &Caller,
    report: &mut Report,
    (table, plan): (&Definition, &Plan),
) -> Option<Vec<Split>> {
    const PARTITIONS: usize = 100;
    if !(2..=PARTITIONS).contains(&plan.partitions.num_rows()) {
        return None;
    }
    report.checked(Area::Planning);
    let mut splits = Vec::new();
    for row in 0..plan.partitions.num_rows() {
        let one = plan.partitions.slice(row, 1);
        let pages = report
            .take(Some(&table.name), caller.splits(table, &one, &Constraints::default()).await)?;
        splits.extend(pages.answer.into_iter().flat_map(|page| page.splits));
    }
    (properties(&splits) != properties(&plan.splits)).then_some(splits)
}

/// How many rows are in more than one split, if that is no chance: some column tells the rows of
/// every split apart, where two splits have the same value of it they have the same row, and these
/// rows are many, or just those with which a split begins or ends.
pub(crate) fn overlap(splits: &[&[Row]]) -> Option<usize> {
    /// With fewer rows, equal ones may be chance.
    const ROWS: usize = 20;
    let rows: usize = splits.iter().map(|rows| rows.len()).sum();
    let columns = splits.iter().find_map(|rows| rows.first()).map_or(0, |row| row.len());
    if rows < ROWS {
        return None;
    }
    let Again { rows: again, at_ends } =
        (0..columns).find_map(|column| rows_again(splits, column))?;
    // The values of a single column are its rows, and some are equal by chance wherever they are.
    let is_many = again * 10 >= rows;
    (again > 0 && (is_many || (at_ends && columns > 1))).then_some(again)
}

/// Rows that are in an earlier split too.
struct Again {
    rows: usize,
    /// Whether each split has them at its beginning or at its end, and nowhere else.
    at_ends: bool,
}

/// The rows whose value of `column` a row of an earlier split has too; `None` if the column does
/// not tell rows apart.
fn rows_again(splits: &[&[Row]], column: usize) -> Option<Again> {
    let mut known = HashMap::<Vec<u8>, (usize, &Row)>::new();
    let mut again = Again { rows: 0, at_ends: true };
    for (number, rows) in splits.iter().enumerate() {
        let mut places = Vec::new();
        for (place, row) in rows.iter().enumerate() {
            if row[column].is_null() {
                return None;
            }
            match known.insert(key_of([&row[column]]), (number, row)) {
                Some((earlier, same))
                    if earlier < number && key_of(same.iter()) == key_of(row.iter()) =>
                {
                    places.push(place);
                }
                Some(_) => return None,
                None => {}
            }
        }
        let (begin, end) = (
            places.iter().copied().eq(0..places.len()),
            places.iter().copied().eq(rows.len() - places.len()..rows.len()),
        );
        again.rows += places.len();
        again.at_ends &= begin || end;
    }
    Some(again)
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
    fn a_row_of_two_splits_is_an_overlap_if_a_column_is_a_key() {
        assert_eq!(overlap(&[&rows(0..16, 0), &rows(15..30, 0)]), Some(1));
        let in_the_middle = rows((15..22).chain([3]).chain(22..30), 0);
        assert_eq!(overlap(&[&rows(0..15, 0), &in_the_middle]), None, "a word that two files have");
        assert_eq!(overlap(&[&rows(0..15, 0), &rows(15..30, 0)]), None);
    }

    #[test]
    fn a_value_that_two_splits_share_is_no_overlap_if_it_is_not_a_key() {
        // The first column starts again in the second split, where only one of the rows happens to
        // be the same.
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
