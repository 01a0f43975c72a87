//! Faults in limits, with and without an order.

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

use super::super::faulty_connector::FaultyConnector;

/// Creates a connector that changes the direction of every key.
fn turning(kind: Kind, name: &'static str, turn: fn(Direction) -> Direction) -> FaultyConnector {
    ordered(kind, name, move |order| {
        for field in order.iter_mut() {
            field.direction = turn(field.direction);
        }
    })
}

/// Creates a connector that receives another order.
fn ordered(
    kind: Kind,
    name: &'static str,
    fault: impl Fn(&mut Vec<OrderByField>) + Send + Sync + 'static,
) -> FaultyConnector {
    FaultyConnector::new(kind, name).with_cases(400).map_read_request(move |request| {
        if request.constraints.limit.is_some() {
            fault(&mut request.constraints.order_by);
        }
    })
}

/// Injects a fault in reads with a limit.
fn limited(
    connector: FaultyConnector,
    fault: impl Fn(&mut ReadRecordsRequest) + Send + Sync + 'static,
) -> FaultyConnector {
    connector.with_cases(400).map_read_request(move |request| {
        if request.constraints.limit.is_some() {
            fault(request);
        }
    })
}

pub(super) fn connectors() -> Vec<FaultyConnector> {
    vec![
        limited(
            FaultyConnector::new(Kind::LimitShort, "the limit is applied before the filter"),
            |request| {
                let Constraints { limit, order_by, .. } = request.constraints.clone();
                if order_by.is_empty() {
                    request.constraints = Constraints { limit, ..Constraints::default() };
                }
            },
        )
        .map_rows(|request, rows| {
            if request.constraints.limit.is_none() {
                return rows;
            }
            let names: Vec<String> =
                rows.schema().fields().iter().map(|field| field.name().clone()).collect();
            let predicate = Predicate::new(&request.constraints, &names);
            let kept: BooleanArray =
                Cell::rows(&rows).map(|row| Some(predicate.judge(&row) != Verdict::Drop)).collect();
            filter_record_batch(&rows, &kept).unwrap()
        }),
        limited(
            FaultyConnector::new(Kind::LimitShort, "a limit discards the expressions"),
            |request| {
                request.constraints.expressions.clear();
                request.constraints.query_plan = None;
            },
        )
        .with_cases(800),
        limited(
            FaultyConnector::new(Kind::LimitShort, "a limit is one row too small"),
            |request| {
                request.constraints.limit =
                    request.constraints.limit.map(|limit| limit.saturating_sub(1));
            },
        ),
        limited(
            FaultyConnector::new(Kind::LimitNotApplied, "limits are announced and not applied"),
            |request| {
                if request.constraints.order_by.is_empty() {
                    request.constraints.limit = None;
                }
            },
        ),
        limited(
            FaultyConnector::new(Kind::TopNNotApplied, "top-N is announced and not applied"),
            |request| {
                if !request.constraints.order_by.is_empty() {
                    request.constraints.limit = None;
                    request.constraints.order_by.clear();
                }
            },
        ),
        ordered(Kind::TopNWrongRows, "the order of a top-N is ignored", Vec::clear),
        ordered(Kind::TopNWrongRows, "only the last key of an order is used", |order| {
            if let Some(last) = order.pop() {
                *order = vec![last];
            }
        }),
        turning(Kind::TopNOpposite, "ascending and descending are swapped", |direction| {
            Direction::new(!direction.descending(), direction.nulls_first())
        }),
        turning(Kind::TopNNullsMisplaced, "nulls first and nulls last are swapped", |direction| {
            Direction::new(direction.descending(), !direction.nulls_first())
        }),
        turning(Kind::TopNNullsMisplaced, "nulls are ordered as the greatest value", |direction| {
            Direction::new(direction.descending(), direction.descending())
        }),
        FaultyConnector::new(Kind::TopNShort, "only one of the rows with equal keys is returned")
            .with_cases(400)
            .map_rows(|request, rows| {
                let order = &request.constraints.order_by;
                if order.is_empty() {
                    return rows;
                }
                let schema = rows.schema();
                let columns: Vec<usize> = order
                    .iter()
                    .filter_map(|field| schema.index_of(field.column_name.as_deref()?).ok())
                    .collect();
                let mut seen = HashSet::new();
                let kept: BooleanArray = Cell::rows(&rows)
                    .map(|row| {
                        let mut key = Vec::new();
                        for &column in &columns {
                            row[column].write_key(&mut key);
                        }
                        Some(seen.insert(key))
                    })
                    .collect();
                filter_record_batch(&rows, &kept).unwrap()
            }),
    ]
}
