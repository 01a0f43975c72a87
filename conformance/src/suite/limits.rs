//! Comparison of the rows of a response with a limit, or an order and a limit.

use std::{cmp::Ordering, collections::HashMap};

use athena_protocol::predicate::{Direction, OrderByField};

use super::{Kind, judgement::Judgement};
use crate::oracle::{Cell, Row, Verdict, order_by_cmp};

/// Describes the faults in the rows that were returned for the limit of the case.
pub(crate) fn judge(judgement: &Judgement<'_>, limit: usize) -> Vec<(Kind, String)> {
    let case = judgement.case;
    let returned = judgement.returned;
    let mut faults = judgement.extra_rows();
    if judgement.invented > 0 {
        return faults;
    }
    if case.constraints.order_by.is_empty() {
        let expected = limit.min(judgement.passing());
        let passing = judgement.returned_passing();
        if passing < expected {
            let message = format!(
                "{passing} rows that pass {case} are returned for a limit of {limit}, \
                 expected {expected}"
            );
            faults.push((Kind::LimitShort, message));
        }
        if returned > limit {
            let message = format!("{returned} rows are returned for an announced limit of {limit}");
            faults.push((Kind::LimitNotApplied, message));
        }
        return faults;
    }
    if returned > limit {
        let message = format!("{returned} rows are returned for an announced top-N of {limit}");
        faults.push((Kind::TopNNotApplied, message));
    }
    // With an undecided row, the first rows of the order are undecided too.
    if !judgement.verdicts.contains(&Verdict::Either) {
        faults.extend(top_n(judgement, limit));
    }
    faults
}

fn top_n(judgement: &Judgement<'_>, limit: usize) -> Option<(Kind, String)> {
    let order = &judgement.case.constraints.order_by;
    let count = limit.min(judgement.passing());
    if is_top_n(judgement, order, count) {
        return None;
    }
    let passing = judgement.returned_passing();
    let keys: Vec<String> = order
        .iter()
        .map(|field| {
            let column = field.column_name.as_deref().unwrap_or_default();
            format!("{column} {}", field.direction.wire_name())
        })
        .collect();
    let expected =
        format!("the first {count} rows that pass {} by {}", judgement.case, keys.join(", "));
    if passing < count {
        let message = format!("{passing} rows are returned, expected {expected}");
        return Some((Kind::TopNShort, message));
    }
    let wrong = (Kind::TopNWrongRows, format!("other rows are returned, expected {expected}"));
    if judgement.returned > limit {
        // Without a limit no row is missing because of the order.
        return Some(wrong);
    }
    for (descending, nulls, kind, description) in [
        (false, true, Kind::TopNNullsMisplaced, "nulls at the other end"),
        (true, false, Kind::TopNOpposite, "the opposite order"),
        (true, true, Kind::TopNOpposite, "the opposite order"),
    ] {
        if is_top_n(judgement, &flipped(order, descending, nulls), count) {
            let message = format!("the rows are those of {description}, expected {expected}");
            return Some((kind, message));
        }
    }
    Some(wrong)
}

/// Flips the direction of every key, the position of nulls, or both.
fn flipped(order: &[OrderByField], descending: bool, nulls: bool) -> Vec<OrderByField> {
    let flip = |field: &OrderByField| {
        let direction = field.direction;
        let direction =
            Direction::new(direction.descending() != descending, direction.nulls_first() != nulls);
        OrderByField { column_name: field.column_name.clone(), direction }
    };
    order.iter().map(flip).collect()
}

/// Returns true if the first `count` rows by `order` were returned, with any choice among ties.
fn is_top_n(judgement: &Judgement<'_>, order: &[OrderByField], count: usize) -> bool {
    if count == 0 {
        return true;
    }
    let case = judgement.case;
    let key = |field: &OrderByField| {
        let name = field.column_name.as_deref()?;
        Some((case.names.iter().position(|column| column == name)?, field.direction))
    };
    let Some(order) = order.iter().map(key).collect::<Option<Vec<_>>>() else { return true };
    let passing =
        case.rows.iter().zip(&judgement.verdicts).filter(|(_, verdict)| **verdict == Verdict::Keep);
    let mut passing: Vec<&Row> = passing.map(|(row, _)| row).collect();
    let by = |left: &&Row, right: &&Row| cmp_rows(&order, left, right);
    passing.sort_by(by);
    let last = passing[count - 1];
    let before = passing.partition_point(|row| by(row, &last) == Ordering::Less);
    let through = passing.partition_point(|row| by(row, &last) != Ordering::Greater);
    // The columns of the order are among those of the response, so rows that are equal in the
    // response are equal in the order.
    let returned = |rows: &[&Row]| -> usize {
        let mut wanted = HashMap::<Vec<u8>, usize>::new();
        for row in rows {
            *wanted.entry(case.response_key(row)).or_default() += 1;
        }
        let returned = |(key, count): (Vec<u8>, usize)| {
            judgement.groups.get(&key).map_or(0, |group| group.returned.min(count))
        };
        wanted.into_iter().map(returned).sum()
    };
    returned(&passing[..before]) == before && returned(&passing[before..through]) >= count - before
}

/// Compares two rows by the columns of an order.
pub(super) fn cmp_rows(order: &[(usize, Direction)], left: &[Cell], right: &[Cell]) -> Ordering {
    let by_key = |(column, direction): &(usize, Direction)| {
        let left = &left[*column];
        let right = &right[*column];
        match (left.is_null(), right.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) | (false, true) if left.is_null() == direction.nulls_first() => {
                Ordering::Less
            }
            (true, false) | (false, true) => Ordering::Greater,
            (false, false) if direction.descending() => order_by_cmp(right, left),
            (false, false) => order_by_cmp(left, right),
        }
    };
    order.iter().map(by_key).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
