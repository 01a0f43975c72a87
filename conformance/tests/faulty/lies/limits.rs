//! Lies about limits, with and without an order.

use std::collections::HashSet;

use arrow::{array::BooleanArray, compute::filter_record_batch};
use athena_conformance::{
    oracle::{Cell, Predicate, Verdict},
    suite::Kind,
};
use athena_protocol::{
    Constraints,
    message::ReadRecordsRequest,
    predicate::{Direction, OrderByField},
};

use super::super::liar::Liar;

fn turning(kind: Kind, name: &'static str, turn: fn(Direction) -> Direction) -> Liar {
    ordered(kind, name, move |order| {
        order.iter_mut().for_each(|field| field.direction = turn(field.direction))
    })
}

/// A liar that hears another order.
fn ordered(
    kind: Kind,
    name: &'static str,
    lie: impl Fn(&mut Vec<OrderByField>) + Send + Sync + 'static,
) -> Liar {
    Liar::new(kind, name).in_cases(400).reading(move |request| {
        if request.constraints.limit.is_some() {
            lie(&mut request.constraints.order_by);
        }
    })
}

fn limited(liar: Liar, lie: impl Fn(&mut ReadRecordsRequest) + Send + Sync + 'static) -> Liar {
    liar.in_cases(400).reading(move |request| {
        if request.constraints.limit.is_some() {
            lie(request);
        }
    })
}

pub(super) fn lies() -> Vec<Liar> {
    vec![
        limited(Liar::new(Kind::LimitShort, "the limit comes before the filter"), |request| {
            let Constraints { limit, order_by, .. } = request.constraints.clone();
            if order_by.is_empty() {
                request.constraints = Constraints { limit, ..Constraints::default() };
            }
        })
        .giving(|asked, rows| {
            if asked.constraints.limit.is_none() {
                return rows;
            }
            let names: Vec<String> =
                rows.schema().fields().iter().map(|field| field.name().clone()).collect();
            let predicate = Predicate::new(&asked.constraints, &names);
            let kept: BooleanArray = Cell::rows(&rows)
                .map(|row| Some(predicate.judge(&row).0 != Verdict::Drop))
                .collect();
            filter_record_batch(&rows, &kept).unwrap()
        }),
        limited(Liar::new(Kind::LimitShort, "a limit costs the expressions"), |request| {
            request.constraints.expressions.clear();
            request.constraints.query_plan = None;
        })
        .in_cases(800),
        limited(Liar::new(Kind::LimitShort, "a limit is one row too small"), |request| {
            request.constraints.limit =
                request.constraints.limit.map(|limit| limit.saturating_sub(1));
        }),
        limited(
            Liar::new(Kind::LimitNotApplied, "limits are announced and not applied"),
            |request| {
                if request.constraints.order_by.is_empty() {
                    request.constraints.limit = None;
                }
            },
        ),
        limited(Liar::new(Kind::TopNNotApplied, "top-N is announced and not applied"), |request| {
            if !request.constraints.order_by.is_empty() {
                request.constraints.limit = None;
                request.constraints.order_by.clear();
            }
        }),
        ordered(Kind::TopNWrongRows, "the limit does not wait for the order", Vec::clear),
        ordered(Kind::TopNWrongRows, "only the last column orders", |order| {
            if let Some(last) = order.pop() {
                *order = vec![last];
            }
        }),
        turning(Kind::TopNOpposite, "ascending is descending", |direction| {
            Direction::new(!direction.descending(), direction.nulls_first())
        }),
        turning(Kind::TopNNullsMisplaced, "nulls first are nulls last", |direction| {
            Direction::new(direction.descending(), !direction.nulls_first())
        }),
        turning(Kind::TopNNullsMisplaced, "nulls are the greatest", |direction| {
            Direction::new(direction.descending(), direction.descending())
        }),
        Liar::new(Kind::TopNShort, "of rows that are equal in the order one comes")
            .in_cases(400)
            .giving(|asked, rows| {
                let order = &asked.constraints.order_by;
                if order.is_empty() {
                    return rows;
                }
                let schema = rows.schema();
                let places: Vec<usize> = order
                    .iter()
                    .filter_map(|field| schema.index_of(field.column_name.as_deref()?).ok())
                    .collect();
                let mut seen = HashSet::new();
                let kept: BooleanArray = Cell::rows(&rows)
                    .map(|row| {
                        let mut key = Vec::new();
                        for &place in &places {
                            row[place].write_key(&mut key);
                        }
                        Some(seen.insert(key))
                    })
                    .collect();
                filter_record_batch(&rows, &kept).unwrap()
            }),
    ]
}
