//! Faults in partitions and splits.

use std::sync::Arc;

use athena_conformance::suite::Kind;
use athena_protocol::{
    Request, Response,
    message::{GetSplitsRequest, GetSplitsResponse, GetTableLayoutRequest, GetTableLayoutResponse},
};

use super::{
    super::{faulty_connector::FaultyConnector, paged::Paged},
    every_other_time,
};

/// Injects a fault in splits.
fn splits(
    connector: FaultyConnector,
    fault: impl Fn(&GetSplitsRequest, &mut GetSplitsResponse) + Send + Sync + 'static,
) -> FaultyConnector {
    connector.map_response(move |request, response| {
        if let (Request::GetSplits(request), Response::GetSplits(response)) = (request, response) {
            fault(request, response);
        }
    })
}

/// Injects a fault in partitions.
fn layout(
    connector: FaultyConnector,
    fault: impl Fn(&GetTableLayoutRequest, &mut GetTableLayoutResponse) + Send + Sync + 'static,
) -> FaultyConnector {
    connector.map_response(move |request, response| {
        if let (Request::GetTableLayout(request), Response::GetTableLayout(response)) =
            (request, response)
        {
            fault(request, response);
        }
    })
}

pub(super) fn connectors() -> Vec<FaultyConnector> {
    let mut connectors = of_splits();
    connectors.extend(of_pages());
    connectors.extend(of_partitions());
    connectors
}

fn of_splits() -> Vec<FaultyConnector> {
    let turn = every_other_time();
    vec![
        splits(
            FaultyConnector::new(
                Kind::SplitsOverlap,
                "every split ends with the first row of the next",
            ),
            |_, response| {
                for split in &mut response.splits {
                    let to: i64 = split.properties["to"].parse().unwrap();
                    split.properties.insert("to".to_owned(), (to + 1).to_string());
                }
            },
        ),
        splits(
            FaultyConnector::new(
                Kind::SplitsIncomplete,
                "the last split of several partitions is missing",
            ),
            |request, response| {
                if request.partitions.num_rows() > 1 {
                    response.splits.pop();
                }
            },
        ),
        splits(
            FaultyConnector::new(
                Kind::SplitsShareLocation,
                "all splits have the same spill location",
            ),
            |_, response| {
                let first = response.splits.first().and_then(|split| split.spill_location.clone());
                for split in &mut response.splits {
                    split.spill_location.clone_from(&first);
                }
            },
        ),
        splits(
            FaultyConnector::new(Kind::SplitsUnstable, "every other plan lacks a split"),
            move |_, response| {
                if response.splits.len() > 5 && turn() {
                    response.splits.pop();
                }
            },
        ),
        splits(
            FaultyConnector::new(Kind::QueryLosesRows, "a predicate drops a split"),
            |request, response| {
                if !request.constraints.summary.is_empty() {
                    response.splits.pop();
                }
            },
        )
        .with_cases(600),
    ]
}

fn of_pages() -> Vec<FaultyConnector> {
    let turn = every_other_time();
    vec![
        FaultyConnector::new(Kind::SplitsIncomplete, "the token skips a split")
            .map_inner(|inner, _| Arc::new(Paged { split_offset: 1, ..Paged::correct(inner) })),
        FaultyConnector::new(Kind::SplitsOverlap, "the token repeats a split")
            .map_inner(|inner, _| Arc::new(Paged { split_offset: -1, ..Paged::correct(inner) })),
        FaultyConnector::new(Kind::SplitsNeverEnd, "the last page of splits has a token")
            .map_request(|request| {
                if let Request::GetSplits(request) = request {
                    request.continuation_token = None;
                }
            })
            .map_response(|_, response| {
                if let Response::GetSplits(response) = response {
                    response.continuation_token = Some("more".to_owned());
                }
            }),
        splits(
            FaultyConnector::new(Kind::SplitsPageChanges, "every other later page lacks a split")
                .map_inner(|inner, _| Arc::new(Paged::correct(inner))),
            move |request, response| {
                if request.continuation_token.is_some() && turn() {
                    response.splits.pop();
                }
            },
        ),
    ]
}

fn of_partitions() -> Vec<FaultyConnector> {
    let turn = every_other_time();
    vec![
        layout(
            FaultyConnector::new(Kind::PartitionPrunedWrongly, "a predicate drops a partition"),
            |request, response| {
                let rows = response.partitions.num_rows();
                if !request.constraints.summary.is_empty() && rows > 0 {
                    response.partitions = response.partitions.slice(0, rows - 1);
                }
            },
        )
        .with_cases(400),
        layout(
            FaultyConnector::new(Kind::PartitionsWithoutColumn, "a partition column is missing"),
            |_, response| {
                if response.partitions.num_columns() > 1 {
                    response.partitions = response.partitions.project(&[1, 2]).unwrap();
                }
            },
        ),
        layout(
            FaultyConnector::new(Kind::LayoutUnstable, "every other layout lacks a partition"),
            move |_, response| {
                if response.partitions.num_rows() > 1 && turn() {
                    response.partitions =
                        response.partitions.slice(1, response.partitions.num_rows() - 1);
                }
            },
        ),
    ]
}
