//! Faults in reads without a predicate.

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

use super::super::faulty_connector::FaultyConnector;

/// Returns true for a read without constraints.
fn is_unconstrained(request: &ReadRecordsRequest) -> bool {
    request.constraints == athena_protocol::Constraints::default()
}

#[expect(clippy::too_many_lines, reason = "a flat list of independent entries")]
pub(super) fn connectors() -> Vec<FaultyConnector> {
    vec![
        FaultyConnector::new(
            Kind::AnswerColumnsWrong,
            "columns are returned in the order of their names",
        )
        .map_response(|_, response| {
            if let Response::ReadRecords(response) = response {
                let schema = response.records.schema();
                let mut columns: Vec<usize> = (0..schema.fields().len()).collect();
                columns.sort_by_key(|&column| schema.field(column).name().clone());
                response.records = response.records.project(&columns).unwrap();
            }
        }),
        FaultyConnector::new(
            Kind::RowsDifferByColumns,
            "two columns of one type are swapped in a read of some columns",
        )
        .map_rows(|_, rows| {
            let schema = rows.schema();
            let index = |name| schema.index_of(name).ok();
            match (index("first"), index("last")) {
                // A source that selects columns by position returns them in the order of the table.
                (Some(first), Some(last)) if last < first => {
                    let mut columns = rows.columns().to_vec();
                    columns.swap(first, last);
                    RecordBatch::try_new(schema, columns).unwrap()
                }
                _ => rows,
            }
        }),
        FaultyConnector::new(Kind::RowCountLost, "a read without columns returns no rows")
            .map_response(|_, response| {
                if let Response::ReadRecords(response) = response
                    && response.records.schema().fields().iter().all(|field| field.name() == "$row")
                {
                    response.records = response.records.slice(0, 0);
                }
            }),
        {
            let reads = AtomicUsize::new(0);
            FaultyConnector::new(Kind::RowsDifferOnRepetition, "every fifth read lacks a row")
                .map_rows(move |_, rows| {
                    let last = rows.num_rows().saturating_sub(1);
                    if reads.fetch_add(1, Ordering::SeqCst) % 5 == 4 {
                        rows.slice(0, last)
                    } else {
                        rows
                    }
                })
        },
        {
            let last = Mutex::new(-1_i64);
            FaultyConnector::new(
                Kind::RowsDifferBySplitOrder,
                "a split before the last one read is empty",
            )
            .map_rows(move |request, rows| {
                let from: i64 = request.split.properties["from"].parse().unwrap();
                let mut last = last.lock().unwrap();
                let back = is_unconstrained(request)
                    && from < *last
                    && request.table_name.table == "events";
                *last = from;
                if back { rows.slice(0, 0) } else { rows }
            })
        },
        FaultyConnector::new(Kind::InvalidValue, "timestamps have an unknown zone").map_rows(
            |_, rows| {
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
            },
        ),
        FaultyConnector::new(Kind::AnswerColumnsWrong, "a column is renamed").map_response(
            |_, response| {
                if let Response::ReadRecords(response) = response
                    && response.records.num_columns() > 0
                {
                    let schema = response.records.schema();
                    let mut fields: Vec<Field> =
                        schema.fields().iter().map(|field| field.as_ref().clone()).collect();
                    fields[0] = fields[0].clone().with_name("other");
                    let schema = Arc::new(Schema::new(fields));
                    response.records =
                        RecordBatch::try_new(schema, response.records.columns().to_vec()).unwrap();
                }
            },
        ),
        FaultyConnector::new(Kind::InvalidResponse, "a read is answered as a ping").map_response(
            |_, response| {
                if let Response::ReadRecords(_) = response {
                    *response = Response::Ping(athena_protocol::message::PingResponse {
                        catalog_name: String::new(),
                        query_id: String::new(),
                        source_type: None,
                        capabilities: 24,
                        serde_version: 5,
                    });
                }
            },
        ),
    ]
}
