//! Faults in the handling of bad requests, and in responses in general.

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
    super::{base::InProcess, faulty_connector::FaultyConnector},
    every_other_time,
};

/// Returns `rows` rows of nulls.
fn rows_of(schema: &SchemaRef, rows: usize) -> RecordBatch {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns =
        schema.fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

/// Creates a connector that answers a failed read with `rows` rows of nulls.
fn reading_anyway(kind: Kind, name: &'static str, rows: usize) -> FaultyConnector {
    FaultyConnector::new(kind, name).map_error(move |request, error| match request {
        Some(Request::ReadRecords(request)) => Ok(Response::ReadRecords(ReadRecordsResponse {
            catalog_name: request.catalog_name.clone(),
            records: rows_of(&request.schema, rows),
        })),
        _ => Err(error),
    })
}

pub(super) fn connectors() -> Vec<FaultyConnector> {
    vec![
        reading_anyway(Kind::UnknownTableAccepted, "a failed read returns no rows", 0),
        reading_anyway(Kind::UnknownColumnAccepted, "an unknown column is null", 1),
        FaultyConnector::new(
            Kind::DamagedRequestAccepted,
            "a malformed request is answered as a ping",
        )
        .map_error(|request, error| match request {
            None => Ok(Response::Ping(PingResponse {
                catalog_name: String::new(),
                query_id: String::new(),
                source_type: None,
                capabilities: 24,
                serde_version: 5,
            })),
            Some(_) => Err(error),
        }),
        FaultyConnector::new(Kind::ForeignTokenAccepted, "an unknown token restarts the list")
            .map_request(|request| {
                if let Request::ListTables(request) = request
                    && request
                        .next_token
                        .as_ref()
                        .is_some_and(|token| token.starts_with("no-token"))
                {
                    request.next_token = None;
                }
            }),
        FaultyConnector::new(Kind::ForeignSpillAccepted, "rows are spilled to any location")
            .map_inner(|_, store| {
                Arc::new(InProcess::with(
                    store,
                    &[("athena_connector_allow_foreign_spill", "true")],
                ))
            }),
        FaultyConnector::new(Kind::WrongErrorCode, "every error is an internal error").map_error(
            |_, _| {
                Err(InvokeError::Function(FunctionError::from(&Error::internal(
                    "something went wrong",
                ))))
            },
        ),
        {
            let dead = Arc::new(AtomicBool::new(false));
            let dies = Arc::clone(&dead);
            FaultyConnector::new(Kind::FailsAfterBadRequest, "the process ends after a bad request")
                .map_error(move |_, error| {
                    dies.store(true, Ordering::SeqCst);
                    Err(error)
                })
                .fail_if(move || {
                    dead.load(Ordering::SeqCst)
                        .then(|| InvokeError::Host("the process has ended".to_owned()))
                })
        },
        {
            let turn = every_other_time();
            FaultyConnector::new(
                Kind::ResponseChanges,
                "every other response announces no capabilities",
            )
            .map_response(move |_, response| {
                if let Response::GetDataSourceCapabilities(response) = response
                    && turn()
                {
                    response.capabilities.clear();
                }
            })
        },
        FaultyConnector::new(Kind::ValidRequestRejected, "reads with a limit of 3 fail")
            .with_cases(400)
            .map_request(|request| {
                if let Request::ReadRecords(request) = request
                    && request.constraints.limit == Some(3)
                {
                    request.table_name.table.push('x');
                }
            }),
    ]
}
