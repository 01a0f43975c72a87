//! Rows that must be the same however they are read.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Fields};
use bytes::Bytes;

use super::{
    Area, Kind,
    baseline::{SplitRows, Subject},
    caller::Exchange,
    report::{Fault, Report},
    rows::Read,
};
use crate::{
    generate::Dice,
    oracle::{Cell, key_of},
};

/// How two sets of rows differ, in numbers; `None` if they hold the same rows as often.
pub(crate) fn difference<'a, R: AsRef<[Cell]> + 'a>(
    expected: impl IntoIterator<Item = &'a R>,
    got: &[impl AsRef<[Cell]>],
) -> Option<String> {
    let mut counts: HashMap<Vec<u8>, i64> = HashMap::new();
    let mut known = 0;
    for row in expected {
        known += 1;
        *counts.entry(key_of(row.as_ref())).or_default() += 1;
    }
    for row in got {
        *counts.entry(key_of(row.as_ref())).or_default() -= 1;
    }
    let missing: i64 = counts.values().filter(|count| **count > 0).sum();
    let added: i64 = -counts.values().filter(|count| **count < 0).sum::<i64>();
    (missing > 0 || added > 0).then(|| {
        format!("of {known} rows {missing} are missing and {added} are there that were not")
    })
}

/// Reads some splits in every way.
pub(crate) async fn check(subject: &Subject<'_>, report: &mut Report, dice: &mut Dice) {
    const SPLITS: usize = 3;
    let mut filled: Vec<&SplitRows> =
        subject.splits.iter().filter(|split| !split.rows.is_empty()).collect();
    dice.shuffle(&mut filled);
    filled.truncate(SPLITS);
    if filled.is_empty() {
        filled.extend(subject.splits.first());
    }
    for split in filled {
        let all = subject.all_columns();
        again(subject, report, split).await;
        let reversed: Vec<usize> = all.iter().rev().copied().collect();
        let mut some = all.clone();
        dice.shuffle(&mut some);
        some.truncate(1 + dice.below(all.len()));
        for columns in [&reversed, &some] {
            let read = subject.read(&split.split, columns);
            compare(subject, report, split, (columns, &read), Kind::RowsDifferByColumns).await;
        }
        no_columns(subject, report, split).await;
        if subject.caller.store.is_some() && split.split.spill_location.is_some() {
            spilled(subject, report, split).await;
        }
    }
    in_reverse(subject, report).await;
}

async fn again(subject: &Subject<'_>, report: &mut Report, split: &SplitRows) {
    let all = subject.all_columns();
    for _ in 0..2 {
        let read = subject.read(&split.split, &all);
        compare(subject, report, split, (&all, &read), Kind::RowsDifferOnRepetition).await;
    }
}

/// Reads once more, and says how the rows differ from the first time.
async fn compare(
    subject: &Subject<'_>,
    report: &mut Report,
    split: &SplitRows,
    (columns, read): (&[usize], &Read<'_>),
    kind: Kind,
) -> Option<(Bytes, super::rows::Brought)> {
    let name = Some(&subject.table.name);
    report.checked(kind.area());
    let Exchange { request, answer: rows } =
        subject.rows(report, subject.caller.read(read).await)?;
    let expected: Vec<Vec<Cell>> = split
        .rows
        .iter()
        .map(|row| columns.iter().map(|&column| row[column].clone()).collect())
        .collect();
    if let Some(difference) = difference(&expected, &rows.rows) {
        report.add(name, Fault::new(kind, &request, difference));
    }
    Some((request, rows))
}

async fn no_columns(subject: &Subject<'_>, report: &mut Report, split: &SplitRows) {
    report.checked(Area::Reading);
    let fault = match subject.caller.read(&subject.read(&split.split, &[])).await {
        Ok(read) if read.answer.is_cut || read.answer.count == split.rows.len() => return,
        Ok(read) => {
            let sentence = format!(
                "{} rows without columns, {} with them",
                read.answer.count,
                split.rows.len()
            );
            Fault::new(Kind::RowCountLost, &read.request, sentence)
        }
        Err(fault) => Fault {
            kind: Kind::RowCountLost,
            sentence: format!("asked for no columns: {}", fault.sentence),
            ..fault
        },
    };
    report.add(Some(&subject.table.name), fault);
}

/// All rows to objects; then in blocks of a few rows.
async fn spilled(subject: &Subject<'_>, report: &mut Report, split: &SplitRows) {
    let all = subject.all_columns();
    let read = Read { max_inline_size: 0, ..subject.read(&split.split, &all) };
    let Some((_, whole)) =
        compare(subject, report, split, (&all, &read), Kind::RowsDifferWhenSpilled).await
    else {
        return;
    };
    let longest = split.rows.iter().map(|row| key_of(row.iter()).len()).max().unwrap_or(0);
    // One row must fit with room to spare; four blocks or so are enough to see that none is lost.
    let size = (whole.longest / 4).max(2 * longest + header(subject.table.schema.fields()));
    let read = Read {
        max_inline_size: 0,
        max_block_size: size as u64,
        ..subject.read(&split.split, &all)
    };
    compare(subject, report, split, (&all, &read), Kind::RowsDifferByBlockSize).await;
}

/// More bytes than the header of an object takes, and the padding of its buffers.
fn header(fields: &Fields) -> usize {
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

/// Reads all splits from the last to the first.
async fn in_reverse(subject: &Subject<'_>, report: &mut Report) {
    const SPLITS: usize = 64;
    if subject.splits.len() < 2 {
        return;
    }
    let all = subject.all_columns();
    for split in subject.splits.iter().rev().take(SPLITS) {
        let read = subject.read(&split.split, &all);
        compare(subject, report, split, (&all, &read), Kind::RowsDifferBySplitOrder).await;
    }
}
