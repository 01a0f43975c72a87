//! Lies about partitions and splits.

use std::sync::Arc;

use athena_conformance::suite::Kind;
use athena_protocol::{
    Request, Response,
    message::{GetSplitsRequest, GetSplitsResponse, GetTableLayoutRequest, GetTableLayoutResponse},
};

use super::{
    super::{liar::Liar, paged::Paged},
    every_other_time,
};

fn splits(
    liar: Liar,
    lie: impl Fn(&GetSplitsRequest, &mut GetSplitsResponse) + Send + Sync + 'static,
) -> Liar {
    liar.saying(move |asked, answer| {
        if let (Request::GetSplits(asked), Response::GetSplits(answer)) = (asked, answer) {
            lie(asked, answer);
        }
    })
}

fn layout(
    liar: Liar,
    lie: impl Fn(&GetTableLayoutRequest, &mut GetTableLayoutResponse) + Send + Sync + 'static,
) -> Liar {
    liar.saying(move |asked, answer| {
        if let (Request::GetTableLayout(asked), Response::GetTableLayout(answer)) = (asked, answer)
        {
            lie(asked, answer);
        }
    })
}

pub(super) fn lies() -> Vec<Liar> {
    let mut lies = of_splits();
    lies.extend(of_pages());
    lies.extend(of_partitions());
    lies
}

fn of_splits() -> Vec<Liar> {
    let turn = every_other_time();
    vec![
        splits(
            Liar::new(Kind::SplitsOverlap, "every split ends with the first row of the next"),
            |_, answer| {
                for split in &mut answer.splits {
                    let to: i64 = split.properties["to"].parse().unwrap();
                    split.properties.insert("to".to_owned(), (to + 1).to_string());
                }
            },
        ),
        splits(
            Liar::new(Kind::SplitsIncomplete, "the last split of several partitions is missing"),
            |asked, answer| {
                if asked.partitions.num_rows() > 1 {
                    answer.splits.pop();
                }
            },
        ),
        splits(
            Liar::new(Kind::SplitsShareLocation, "all splits spill to one place"),
            |_, answer| {
                let first = answer.splits.first().and_then(|split| split.spill_location.clone());
                for split in &mut answer.splits {
                    split.spill_location.clone_from(&first);
                }
            },
        ),
        splits(
            Liar::new(Kind::SplitsUnstable, "every other plan lacks a split"),
            move |_, answer| {
                if answer.splits.len() > 5 && turn() {
                    answer.splits.pop();
                }
            },
        ),
        splits(Liar::new(Kind::QueryLosesRows, "a predicate costs a split"), |asked, answer| {
            if !asked.constraints.summary.is_empty() {
                answer.splits.pop();
            }
        })
        .in_cases(600),
    ]
}

fn of_pages() -> Vec<Liar> {
    let turn = every_other_time();
    vec![
        Liar::new(Kind::SplitsIncomplete, "the token skips a split")
            .over(|inner, _| Arc::new(Paged { splits_off: 1, ..Paged::honest(inner) })),
        Liar::new(Kind::SplitsOverlap, "the token repeats a split")
            .over(|inner, _| Arc::new(Paged { splits_off: -1, ..Paged::honest(inner) })),
        Liar::new(Kind::SplitsNeverEnd, "the last page of splits has a token")
            .hearing(|request| {
                if let Request::GetSplits(request) = request {
                    request.continuation_token = None;
                }
            })
            .saying(|_, answer| {
                if let Response::GetSplits(answer) = answer {
                    answer.continuation_token = Some("more".to_owned());
                }
            }),
        splits(
            Liar::new(Kind::SplitsPageChanges, "every other later page lacks a split")
                .over(|inner, _| Arc::new(Paged::honest(inner))),
            move |asked, answer| {
                if asked.continuation_token.is_some() && turn() {
                    answer.splits.pop();
                }
            },
        ),
    ]
}

fn of_partitions() -> Vec<Liar> {
    let turn = every_other_time();
    vec![
        layout(
            Liar::new(Kind::PartitionPrunedWrongly, "a predicate costs a partition"),
            |asked, answer| {
                let rows = answer.partitions.num_rows();
                if !asked.constraints.summary.is_empty() && rows > 0 {
                    answer.partitions = answer.partitions.slice(0, rows - 1);
                }
            },
        )
        .in_cases(400),
        layout(
            Liar::new(Kind::PartitionsWithoutColumn, "partitions lack one of their columns"),
            |_, answer| {
                if answer.partitions.num_columns() > 1 {
                    answer.partitions = answer.partitions.project(&[1, 2]).unwrap();
                }
            },
        ),
        layout(
            Liar::new(Kind::LayoutUnstable, "every other layout lacks a partition"),
            move |_, answer| {
                if answer.partitions.num_rows() > 1 && turn() {
                    answer.partitions =
                        answer.partitions.slice(1, answer.partitions.num_rows() - 1);
                }
            },
        ),
    ]
}
