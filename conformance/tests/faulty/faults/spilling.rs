//! Faults in spilled blocks and objects.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Decimal128Array, StringArray},
    compute::concat_batches,
    datatypes::{DataType, Decimal128Type},
    record_batch::RecordBatch,
};
use athena_conformance::suite::Kind;
use athena_protocol::{Response, S3SpillLocation, message::RemoteReadRecordsResponse};

use super::super::{base::BUCKET, faulty_connector::FaultyConnector};

/// Injects a fault in responses with spilled rows.
fn spilled(
    connector: FaultyConnector,
    fault: impl Fn(&mut RemoteReadRecordsResponse) + Send + Sync + 'static,
) -> FaultyConnector {
    connector.map_response(move |_, response| {
        if let Response::RemoteReadRecords(response) = response {
            fault(response);
        }
    })
}

/// Moves all objects of a response. `to` returns the new bucket and key for the old key and its
/// number.
fn moved(
    connector: FaultyConnector,
    to: fn(&str, usize) -> (&'static str, String),
) -> FaultyConnector {
    let store = Arc::clone(&connector.store);
    spilled(connector, move |response| {
        for (number, location) in response.remote_blocks.iter_mut().enumerate() {
            let bucket = location.bucket.clone().unwrap();
            let key = location.key.clone().unwrap();
            let object = store.object(&bucket, &key).unwrap();
            let (new_bucket, new_key) = to(&key, number);
            store.set_object(new_bucket, &new_key, object);
            *location = S3SpillLocation {
                bucket: Some(new_bucket.to_owned()),
                key: Some(new_key),
                directory: false,
            };
        }
    })
}

/// Creates a connector that changes columns when it spills them.
fn changed(
    kind: Kind,
    name: &'static str,
    change: fn(&ArrayRef) -> Option<ArrayRef>,
) -> FaultyConnector {
    FaultyConnector::new(kind, name).map_rows(move |request, rows| {
        if request.max_inline_block_size > 0 {
            return rows;
        }
        let columns = rows
            .columns()
            .iter()
            .map(|column| change(column).unwrap_or_else(|| Arc::clone(column)));
        RecordBatch::try_new(rows.schema(), columns.collect()).unwrap()
    })
}

pub(super) fn connectors() -> Vec<FaultyConnector> {
    let mut connectors = of_objects();
    connectors.extend(of_values());
    connectors
}

fn of_objects() -> Vec<FaultyConnector> {
    vec![
        spilled(
            FaultyConnector::new(Kind::RowsDifferByBlockSize, "the last of several blocks is lost"),
            |response| {
                if response.remote_blocks.len() > 1 {
                    response.remote_blocks.pop();
                }
            },
        ),
        FaultyConnector::new(Kind::RowsDifferWhenSpilled, "a block is written twice").map_rows(
            |request, rows| {
                if request.max_inline_block_size > 0 {
                    return rows;
                }
                concat_batches(&rows.schema(), [&rows, &rows]).unwrap()
            },
        ),
        FaultyConnector::new(Kind::BlockTooLarge, "blocks are ten times too large")
            .map_read_request(|request| request.max_block_size *= 10),
        spilled(
            FaultyConnector::new(Kind::KeyChanged, "the response has another key"),
            |response| {
                if let Some(key) = &mut response.encryption_key {
                    key.key[0] ^= 1;
                }
            },
        ),
        FaultyConnector::new(Kind::ObjectUnreadable, "objects are encrypted with another key")
            .map_read_request(|request| {
                if let Some(key) = &mut request.split.encryption_key {
                    key.key[0] ^= 1;
                }
            })
            .map_response(|request, response| {
                if let (
                    athena_protocol::Request::ReadRecords(request),
                    Response::RemoteReadRecords(response),
                ) = (request, response)
                {
                    response.encryption_key.clone_from(&request.split.encryption_key);
                }
            }),
        spilled(FaultyConnector::new(Kind::ObjectUnreadable, "an object is missing"), |response| {
            let Some(mut more) = response.remote_blocks.first().cloned() else { return };
            let key = more.key.unwrap();
            let (prefix, _) = key.rsplit_once('.').unwrap();
            more.key = Some(format!("{prefix}.{}", response.remote_blocks.len()));
            response.remote_blocks.push(more);
        }),
        moved(
            FaultyConnector::new(Kind::SpilledElsewhere, "objects go to another bucket"),
            |key, _| ("other", key.to_owned()),
        ),
        moved(
            FaultyConnector::new(Kind::SpilledElsewhere, "objects go to another folder"),
            |key, _| (BUCKET, key.replace("athena-federation-spill", "elsewhere")),
        ),
        moved(
            FaultyConnector::new(Kind::ObjectsMisnumbered, "objects are numbered from 1000"),
            |key, number| {
                let (prefix, _) = key.rsplit_once('.').unwrap();
                (BUCKET, format!("{prefix}.{}", 1_000 + number))
            },
        ),
        FaultyConnector::new(Kind::InlineTooLarge, "nothing is ever spilled").map_read_request(
            |request| {
                request.max_inline_block_size = u64::MAX / 2;
            },
        ),
    ]
}

fn of_values() -> Vec<FaultyConnector> {
    vec![
        changed(Kind::RowsDifferWhenSpilled, "spilled decimals are rounded", |column| {
            let DataType::Decimal128(_, _) = column.data_type() else { return None };
            let rounded: Decimal128Array = column
                .as_primitive::<Decimal128Type>()
                .unary(|digits| (digits + 5).div_euclid(10) * 10);
            Some(Arc::new(rounded.with_data_type(column.data_type().clone())))
        }),
        changed(Kind::RowsDifferWhenSpilled, "long spilled strings are truncated", |column| {
            let texts = column.as_string_opt::<i32>()?;
            Some(Arc::new(
                texts
                    .iter()
                    .map(|text| Some(text?.chars().take(20).collect::<String>()))
                    .collect::<StringArray>(),
            ))
        }),
        changed(Kind::RowsDifferWhenSpilled, "empty spilled strings are null", |column| {
            let texts = column.as_string_opt::<i32>()?;
            Some(Arc::new(
                texts
                    .iter()
                    .map(|text| text.filter(|text| !text.is_empty()))
                    .collect::<StringArray>(),
            ))
        }),
        changed(
            Kind::RowsDifferWhenSpilled,
            "trailing spaces of spilled strings are lost",
            |column| {
                let texts = column.as_string_opt::<i32>()?;
                Some(Arc::new(
                    texts.iter().map(|text| Some(text?.trim_end())).collect::<StringArray>(),
                ))
            },
        ),
    ]
}
