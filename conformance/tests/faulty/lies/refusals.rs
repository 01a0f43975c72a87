//! Lies about what cannot be answered.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use arrow::{
    array::{RecordBatch, new_null_array},
    datatypes::{Schema, SchemaRef},
};
use athena_client::InvokeError;
use athena_conformance::suite::Kind;
use athena_connector_sdk::Error;
use athena_protocol::{
    Request, Response,
    error::FunctionError,
    message::{PingResponse, ReadRecordsResponse},
};

use super::{
    super::{base::InProcess, liar::Liar},
    every_other_time,
};

/// No rows, or one of nulls.
fn rows_of(schema: &SchemaRef, rows: usize) -> RecordBatch {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns =
        schema.fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

/// A liar that answers a failed read with `rows` rows.
fn reading_anyway(kind: Kind, name: &'static str, rows: usize) -> Liar {
    Liar::new(kind, name).failing(move |asked, error| match asked {
        Some(Request::ReadRecords(asked)) => Ok(Response::ReadRecords(ReadRecordsResponse {
            catalog_name: asked.catalog_name.clone(),
            records: rows_of(&asked.schema, rows),
        })),
        _ => Err(error),
    })
}

pub(super) fn lies() -> Vec<Liar> {
    vec![
        reading_anyway(Kind::UnknownTableAccepted, "a failed read has no rows", 0),
        reading_anyway(Kind::UnknownColumnAccepted, "an unknown column is null", 1),
        Liar::new(Kind::DamagedRequestAccepted, "whatever it is, it is a ping").failing(
            |asked, error| match asked {
                None => Ok(Response::Ping(PingResponse {
                    catalog_name: String::new(),
                    query_id: String::new(),
                    source_type: None,
                    capabilities: 24,
                    serde_version: 5,
                })),
                Some(_) => Err(error),
            },
        ),
        Liar::new(Kind::ForeignTokenAccepted, "a token that is not known begins again").hearing(
            |request| {
                if let Request::ListTables(request) = request
                    && request
                        .next_token
                        .as_ref()
                        .is_some_and(|token| token.starts_with("no-token"))
                {
                    request.next_token = None;
                }
            },
        ),
        Liar::new(Kind::ForeignSpillAccepted, "rows go wherever the request says").over(
            |_, store| {
                Arc::new(InProcess::with(
                    store,
                    &[("athena_connector_allow_foreign_spill", "true")],
                ))
            },
        ),
        Liar::new(Kind::WrongErrorCode, "everything is an internal error").failing(|_, _| {
            Err(InvokeError::Function(FunctionError::from(&Error::internal(
                "something went wrong",
            ))))
        }),
        {
            let dead = Arc::new(AtomicBool::new(false));
            let dies = Arc::clone(&dead);
            Liar::new(Kind::DiesAfterBadRequest, "one bad request is its last")
                .failing(move |_, error| {
                    dies.store(true, Ordering::SeqCst);
                    Err(error)
                })
                .unless(move || {
                    dead.load(Ordering::SeqCst)
                        .then(|| InvokeError::Host("the process has ended".to_owned()))
                })
        },
        {
            let turn = every_other_time();
            Liar::new(Kind::AnswerChanges, "every other time it can do less").saying(
                move |_, answer| {
                    if let Response::GetDataSourceCapabilities(answer) = answer
                        && turn()
                    {
                        answer.capabilities.clear();
                    }
                },
            )
        },
        Liar::new(Kind::LegalRequestRefused, "nothing is read with a limit")
            .in_cases(100)
            .unless(|| None)
            .hearing(|request| {
                if let Request::ReadRecords(request) = request
                    && request.constraints.limit == Some(3)
                {
                    request.table_name.table.push('x');
                }
            }),
    ]
}
