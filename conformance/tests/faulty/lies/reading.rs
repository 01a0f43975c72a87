//! Lies about rows that nothing was asked of.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use arrow::{
    array::{Array, ArrayRef, AsArray, TimestampMillisecondArray},
    datatypes::{Field, Schema, TimestampMillisecondType},
    record_batch::RecordBatch,
};
use athena_conformance::suite::Kind;
use athena_protocol::{Response, message::ReadRecordsRequest};

use super::super::liar::Liar;

fn in_full(request: &ReadRecordsRequest) -> bool {
    request.constraints == athena_protocol::Constraints::default()
}

pub(super) fn lies() -> Vec<Liar> {
    vec![
        Liar::new(Kind::AnswerColumnsWrong, "columns come in the order of their names").saying(
            |_, answer| {
                if let Response::ReadRecords(answer) = answer {
                    let schema = answer.records.schema();
                    let mut places: Vec<usize> = (0..schema.fields().len()).collect();
                    places.sort_by_key(|&place| schema.field(place).name().clone());
                    answer.records = answer.records.project(&places).unwrap();
                }
            },
        ),
        Liar::new(
            Kind::RowsDifferByColumns,
            "two columns of a type change places when not all are asked for",
        )
        .giving(|_, rows| {
            let schema = rows.schema();
            let place = |name| schema.index_of(name).ok();
            match (place("first"), place("last")) {
                // As a source answers that is asked for columns by their places in the table.
                (Some(first), Some(last)) if last < first => {
                    let mut columns = rows.columns().to_vec();
                    columns.swap(first, last);
                    RecordBatch::try_new(schema, columns).unwrap()
                }
                _ => rows,
            }
        }),
        Liar::new(Kind::RowCountLost, "no columns are no rows").saying(|_, answer| {
            if let Response::ReadRecords(answer) = answer
                && answer.records.schema().fields().iter().all(|field| field.name() == "$row")
            {
                answer.records = answer.records.slice(0, 0);
            }
        }),
        {
            let reads = AtomicUsize::new(0);
            Liar::new(Kind::RowsDifferOnRepetition, "every fifth read lacks a row").giving(
                move |_, rows| {
                    let last = rows.num_rows().saturating_sub(1);
                    if reads.fetch_add(1, Ordering::SeqCst) % 5 == 4 {
                        rows.slice(0, last)
                    } else {
                        rows
                    }
                },
            )
        },
        {
            let last = Mutex::new(-1_i64);
            Liar::new(Kind::RowsDifferBySplitOrder, "a split before the last one read is empty")
                .giving(move |asked, rows| {
                    let from: i64 = asked.split.properties["from"].parse().unwrap();
                    let mut last = last.lock().unwrap();
                    let back = in_full(asked) && from < *last && asked.table_name.table == "events";
                    *last = from;
                    if back { rows.slice(0, 0) } else { rows }
                })
        },
        Liar::new(Kind::ValueIllegal, "times have a zone that there is not").giving(|_, rows| {
            let columns: Vec<ArrayRef> = rows
                .columns()
                .iter()
                .map(|column| match column.as_primitive_opt::<TimestampMillisecondType>() {
                    Some(times) => {
                        let unzoned =
                            times.unary::<_, TimestampMillisecondType>(|packed| packed | 0xFFF);
                        let unzoned: TimestampMillisecondArray =
                            unzoned.with_data_type(column.data_type().clone());
                        Arc::new(unzoned)
                    }
                    None => Arc::clone(column),
                })
                .collect();
            RecordBatch::try_new(rows.schema(), columns).unwrap()
        }),
        Liar::new(Kind::AnswerColumnsWrong, "a column is called otherwise").saying(|_, answer| {
            if let Response::ReadRecords(answer) = answer
                && answer.records.num_columns() > 0
            {
                let schema = answer.records.schema();
                let mut fields: Vec<Field> =
                    schema.fields().iter().map(|field| field.as_ref().clone()).collect();
                fields[0] = fields[0].clone().with_name("other");
                let schema = Arc::new(Schema::new(fields));
                answer.records =
                    RecordBatch::try_new(schema, answer.records.columns().to_vec()).unwrap();
            }
        }),
        Liar::new(Kind::AnswerUnreadable, "a read is answered like a ping").saying(|_, answer| {
            if let Response::ReadRecords(_) = answer {
                *answer = Response::Ping(athena_protocol::message::PingResponse {
                    catalog_name: String::new(),
                    query_id: String::new(),
                    source_type: None,
                    capabilities: 24,
                    serde_version: 5,
                });
            }
        }),
    ]
}
