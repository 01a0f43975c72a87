//! Lies about blocks and objects.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Decimal128Array, StringArray},
    compute::concat_batches,
    datatypes::{DataType, Decimal128Type},
    record_batch::RecordBatch,
};
use athena_conformance::suite::Kind;
use athena_protocol::{Response, S3SpillLocation, message::RemoteReadRecordsResponse};

use super::super::{base::BUCKET, liar::Liar};

fn spilled(
    liar: Liar,
    lie: impl Fn(&mut RemoteReadRecordsResponse) + Send + Sync + 'static,
) -> Liar {
    liar.saying(move |_, answer| {
        if let Response::RemoteReadRecords(answer) = answer {
            lie(answer);
        }
    })
}

/// Moves all objects of an answer: a bucket, and a key made of the old one and its place.
fn moved(liar: Liar, to: fn(&str, usize) -> (&'static str, String)) -> Liar {
    let store = Arc::clone(&liar.store);
    spilled(liar, move |answer| {
        for (number, location) in answer.remote_blocks.iter_mut().enumerate() {
            let (bucket, key) = (location.bucket.clone().unwrap(), location.key.clone().unwrap());
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

/// The rows, with every column of a type changed, if they are spilled.
fn changed(kind: Kind, name: &'static str, change: fn(&ArrayRef) -> Option<ArrayRef>) -> Liar {
    Liar::new(kind, name).giving(move |asked, rows| {
        if asked.max_inline_block_size > 0 {
            return rows;
        }
        let columns = rows
            .columns()
            .iter()
            .map(|column| change(column).unwrap_or_else(|| Arc::clone(column)));
        RecordBatch::try_new(rows.schema(), columns.collect()).unwrap()
    })
}

pub(super) fn lies() -> Vec<Liar> {
    let mut lies = of_objects();
    lies.extend(of_values());
    lies
}

fn of_objects() -> Vec<Liar> {
    vec![
        spilled(
            Liar::new(Kind::RowsDifferByBlockSize, "the last block of several is forgotten"),
            |answer| {
                if answer.remote_blocks.len() > 1 {
                    answer.remote_blocks.pop();
                }
            },
        ),
        Liar::new(Kind::RowsDifferWhenSpilled, "a block is written twice").giving(|asked, rows| {
            if asked.max_inline_block_size > 0 {
                return rows;
            }
            concat_batches(&rows.schema(), [&rows, &rows]).unwrap()
        }),
        Liar::new(Kind::BlockTooLarge, "blocks are ten times as large")
            .reading(|request| request.max_block_size *= 10),
        spilled(Liar::new(Kind::KeyChanged, "the answer has a key of its own"), |answer| {
            if let Some(key) = &mut answer.encryption_key {
                key.key[0] ^= 1;
            }
        }),
        Liar::new(Kind::ObjectUnreadable, "objects are sealed with another key")
            .reading(|request| {
                if let Some(key) = &mut request.split.encryption_key {
                    key.key[0] ^= 1;
                }
            })
            .saying(|asked, answer| {
                if let (
                    athena_protocol::Request::ReadRecords(asked),
                    Response::RemoteReadRecords(answer),
                ) = (asked, answer)
                {
                    answer.encryption_key.clone_from(&asked.split.encryption_key);
                }
            }),
        spilled(Liar::new(Kind::ObjectUnreadable, "an object is not there"), |answer| {
            let Some(mut more) = answer.remote_blocks.first().cloned() else { return };
            let key = more.key.unwrap();
            let (prefix, _) = key.rsplit_once('.').unwrap();
            more.key = Some(format!("{prefix}.{}", answer.remote_blocks.len()));
            answer.remote_blocks.push(more);
        }),
        moved(Liar::new(Kind::SpilledElsewhere, "objects go to another bucket"), |key, _| {
            ("other", key.to_owned())
        }),
        moved(Liar::new(Kind::SpilledElsewhere, "objects go to another folder"), |key, _| {
            (BUCKET, key.replace("athena-federation-spill", "elsewhere"))
        }),
        moved(Liar::new(Kind::ObjectsMisnumbered, "objects are numbered from 1"), |key, number| {
            let (prefix, _) = key.rsplit_once('.').unwrap();
            (BUCKET, format!("{prefix}.{}", 1_000 + number))
        }),
        Liar::new(Kind::InlineTooLarge, "nothing is ever spilled").reading(|request| {
            request.max_inline_block_size = u64::MAX / 2;
        }),
    ]
}

fn of_values() -> Vec<Liar> {
    vec![
        changed(
            Kind::RowsDifferWhenSpilled,
            "decimals are rounded when they are spilled",
            |column| {
                let DataType::Decimal128(_, _) = column.data_type() else { return None };
                let rounded: Decimal128Array = column
                    .as_primitive::<Decimal128Type>()
                    .unary(|digits| (digits + 5).div_euclid(10) * 10);
                Some(Arc::new(rounded.with_data_type(column.data_type().clone())))
            },
        ),
        changed(
            Kind::RowsDifferWhenSpilled,
            "long texts are cut when they are spilled",
            |column| {
                let texts = column.as_string_opt::<i32>()?;
                Some(Arc::new(
                    texts
                        .iter()
                        .map(|text| Some(text?.chars().take(20).collect::<String>()))
                        .collect::<StringArray>(),
                ))
            },
        ),
        changed(
            Kind::RowsDifferWhenSpilled,
            "empty texts are null when they are spilled",
            |column| {
                let texts = column.as_string_opt::<i32>()?;
                Some(Arc::new(
                    texts
                        .iter()
                        .map(|text| text.filter(|text| !text.is_empty()))
                        .collect::<StringArray>(),
                ))
            },
        ),
        changed(
            Kind::RowsDifferWhenSpilled,
            "spaces at the end of a text are gone when it is spilled",
            |column| {
                let texts = column.as_string_opt::<i32>()?;
                Some(Arc::new(
                    texts.iter().map(|text| Some(text?.trim_end())).collect::<StringArray>(),
                ))
            },
        ),
    ]
}
