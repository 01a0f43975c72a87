//! Whether the rows of an answer are those that a limit, or an order and a limit, ask for.

use std::{cmp::Ordering, collections::HashMap};

use athena_protocol::predicate::{Direction, OrderByField};

use super::{Kind, judgement::Judgement};
use crate::oracle::{Cell, Row, Verdict, in_order, key_of};

/// What is wrong with the rows that came for the limit of the case.
pub(crate) fn judge(judgement: &Judgement<'_>, limit: usize) -> Vec<(Kind, String)> {
    let constraints = judgement.case.constraints;
    let mut faults = judgement.surplus();
    if judgement.invented > 0 {
        return faults;
    }
    if constraints.order_by.is_empty() {
        let (asked, good) = (limit.min(judgement.kept()), judgement.good());
        if good < asked {
            let words = judgement.in_words();
            let sentence = format!(
                "{good} rows that pass {words} came, expected {asked} for a limit of {limit}"
            );
            faults.push((Kind::LimitShort, sentence));
        }
        if judgement.came > limit {
            let sentence =
                format!("{} rows came for a limit of {limit}, which was announced", judgement.came);
            faults.push((Kind::LimitNotApplied, sentence));
        }
        return faults;
    }
    if judgement.came > limit {
        let sentence = format!(
            "{} rows came for the first {limit} of an order, which was announced",
            judgement.came
        );
        faults.push((Kind::TopNNotApplied, sentence));
    }
    // A row that may pass or not may be among the first or not.
    if !judgement.verdicts.contains(&Verdict::Either) {
        faults.extend(top_n(judgement, limit));
    }
    faults
}

fn top_n(judgement: &Judgement<'_>, limit: usize) -> Option<(Kind, String)> {
    let order = &judgement.case.constraints.order_by;
    let asked = limit.min(judgement.kept());
    if is_top_n(judgement, order, asked) {
        return None;
    }
    let good = judgement.good();
    let words = judgement.in_words();
    let by = order.iter().map(|field| {
        format!(
            "{} {}",
            field.column_name.as_deref().unwrap_or_default(),
            field.direction.wire_name()
        )
    });
    let asks = format!(
        "the first {asked} rows that pass {words} by {}",
        by.collect::<Vec<_>>().join(", ")
    );
    if good < asked {
        return Some((Kind::TopNShort, format!("{good} rows came for {asks}")));
    }
    let otherwise = |descending: bool, nulls: bool| -> Vec<OrderByField> {
        let turn = |field: &OrderByField| {
            let direction = field.direction;
            let direction = Direction::new(
                direction.descending() != descending,
                direction.nulls_first() != nulls,
            );
            OrderByField { column_name: field.column_name.clone(), direction }
        };
        order.iter().map(turn).collect()
    };
    let wrong = (Kind::TopNWrongRows, format!("other rows came than {asks}"));
    if judgement.came > limit {
        // Of rows that nobody limited, the missing ones were not lost by an order.
        return Some(wrong);
    }
    for (descending, nulls, kind, words) in [
        (false, true, Kind::TopNNullsMisplaced, "nulls at the other end"),
        (true, false, Kind::TopNOpposite, "the opposite order"),
        (true, true, Kind::TopNOpposite, "the opposite order"),
    ] {
        if is_top_n(judgement, &otherwise(descending, nulls), asked) {
            return Some((kind, format!("for {asks} came those of {words}")));
        }
    }
    Some(wrong)
}

/// Whether the first `asked` rows by `order` came; of rows that are equal in it, any.
fn is_top_n(judgement: &Judgement<'_>, order: &[OrderByField], asked: usize) -> bool {
    if asked == 0 {
        return true;
    }
    let case = judgement.case;
    let place = |field: &OrderByField| {
        let name = field.column_name.as_deref()?;
        Some((case.names.iter().position(|column| column == name)?, field.direction))
    };
    let Some(order) = order.iter().map(place).collect::<Option<Vec<_>>>() else { return true };
    let passing =
        case.rows.iter().zip(&judgement.verdicts).filter(|(_, verdict)| **verdict == Verdict::Keep);
    let mut passing: Vec<&Row> = passing.map(|(row, _)| row).collect();
    let by = |left: &&Row, right: &&Row| rows_in_order(&order, left, right);
    passing.sort_by(by);
    let last = passing[asked - 1];
    let before = passing.partition_point(|row| by(row, &last) == Ordering::Less);
    let through = passing.partition_point(|row| by(row, &last) != Ordering::Greater);
    // Rows that share their values in the answer's columns share them in the order's, which are
    // among these.
    let count = |rows: &[&Row]| -> usize {
        let mut wanted = HashMap::<Vec<u8>, usize>::new();
        for row in rows {
            *wanted.entry(key_of(case.columns.iter().map(|&column| &row[column]))).or_default() +=
                1;
        }
        wanted
            .into_iter()
            .map(|(key, count)| judgement.alike.get(&key).map_or(0, |alike| alike.got.min(count)))
            .sum()
    };
    count(&passing[..before]) == before && count(&passing[before..through]) >= asked - before
}

fn rows_in_order(order: &[(usize, Direction)], left: &[Cell], right: &[Cell]) -> Ordering {
    let one = |(place, direction): &(usize, Direction)| {
        let (left, right) = (&left[*place], &right[*place]);
        match (left.is_null(), right.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) | (false, true) if left.is_null() == direction.nulls_first() => {
                Ordering::Less
            }
            (true, false) | (false, true) => Ordering::Greater,
            (false, false) if direction.descending() => in_order(right, left),
            (false, false) => in_order(left, right),
        }
    };
    order.iter().map(one).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
