//! Requests that must be refused, each followed by a valid one.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use athena_protocol::{ErrorKind, Request, Response, TableName, message::ListTablesRequest};
use bytes::Bytes;

use super::{
    Area, Kind,
    baseline::TableUnderTest,
    client::{SplitsQuery, error_kind},
    report::{Fault, Report},
    rows::Read,
};
use athena_client::InvokeError;

/// Request that must fail.
struct BadRequest {
    request: Bytes,
    /// Kind of the finding if the function accepts it.
    kind: Kind,
    description: &'static str,
    /// Kinds of error that refuse it correctly.
    allowed_errors: &'static [ErrorKind],
}

const UNKNOWN: &[ErrorKind] = &[ErrorKind::NotFound, ErrorKind::InvalidInput];
const INVALID: &[ErrorKind] = &[ErrorKind::InvalidInput];
const DENIED: &[ErrorKind] =
    &[ErrorKind::InvalidInput, ErrorKind::AccessDenied, ErrorKind::NotFound];

/// Sends bad requests, each followed by a valid one.
pub(crate) async fn check(table: &TableUnderTest<'_>, report: &mut Report) {
    let name = table.name();
    let good = match table.client.encode(&table.client.table_request(name)) {
        Ok(good) => good,
        Err(fault) => return report.add(Some(name), fault),
    };
    let Ok(expected) = table.client.send(good.clone()).await else { return };
    let expected = Response::decode(&expected).ok();
    for bad in requests(table) {
        report.count_check(Area::BadRequests);
        let response = table.client.send(bad.request.clone()).await;
        if let Some((kind, message)) = judge(&bad, &response) {
            report.add(Some(name), Fault::new(kind, &bad.request, message));
        }
        let after = table.client.send(good.clone()).await;
        let same = after.is_ok_and(|response| Response::decode(&response).ok() == expected);
        if !same {
            let message =
                format!("after {}, a valid request is not answered as before", bad.description);
            report.add(Some(name), Fault::new(Kind::FailsAfterBadRequest, &bad.request, message));
        }
    }
}

fn judge(bad: &BadRequest, response: &Result<Bytes, InvokeError>) -> Option<(Kind, String)> {
    match response {
        // The rows were not spilled.
        Ok(response) if bad.kind == Kind::ForeignSpillAccepted && is_inline(response) => None,
        Ok(_) => Some((bad.kind, format!("{} is answered, expected an error", bad.description))),
        Err(error) => match error_kind(error) {
            Some(kind) if !bad.allowed_errors.contains(&kind) => {
                let codes: Vec<_> =
                    bad.allowed_errors.iter().map(|kind| kind.wire_code()).collect();
                let message = format!(
                    "{} is refused with {}, expected {}",
                    bad.description,
                    kind.wire_code(),
                    codes.join(" or ")
                );
                Some((Kind::WrongErrorCode, message))
            }
            // Most functions return errors without codes.
            _ => None,
        },
    }
}

fn is_inline(response: &Bytes) -> bool {
    matches!(Response::decode(response), Ok(Response::ReadRecords(_)))
}

fn requests(table: &TableUnderTest<'_>) -> Vec<BadRequest> {
    let client = table.client;
    let name = table.name();
    let unknown = TableName::new(name.schema.as_str(), "no_such_table_e7b1");
    let encode = |request: &Request| client.encode(request).ok();
    let mut all = Vec::new();
    let mut add = |request: Option<Bytes>, kind, description, allowed_errors| {
        all.extend(request.map(|request| BadRequest {
            request,
            kind,
            description,
            allowed_errors,
        }));
    };
    let request = encode(&client.table_request(&unknown));
    add(request, Kind::UnknownTableAccepted, "describing an unknown table", UNKNOWN);
    let whole = encode(&client.table_request(name)).unwrap_or_default();
    let cut = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
    add(Some(cut), Kind::DamagedRequestAccepted, "half a request", INVALID);
    let text = String::from_utf8_lossy(&whole);
    let renamed = Bytes::from(text.replace("GetTableRequest", "GetNothingRequest"));
    add(Some(renamed), Kind::DamagedRequestAccepted, "a request of an unknown type", INVALID);
    add(Some(Bytes::from_static(b"[]")), Kind::DamagedRequestAccepted, "a JSON array", INVALID);
    let token = Some("no-token-of-yours-e7b1");
    for (page_size, description) in [
        (2, "a page token that the function did not issue"),
        (ListTablesRequest::UNLIMITED, "a page token for an unlimited list"),
    ] {
        let request = encode(&client.tables_request(&name.schema, token, page_size));
        add(request, Kind::ForeignTokenAccepted, description, INVALID);
    }
    let query = SplitsQuery {
        table: table.definition(),
        partitions: &table.plan.partitions,
        constraints: &table.unconstrained,
    };
    let request = encode(&client.splits_request(&query, token));
    let description = "a split page token that the function did not issue";
    add(request, Kind::ForeignTokenAccepted, description, INVALID);
    let filled = table.splits.iter().find(|split| !split.rows.is_empty());
    let Some(split) = filled.or(table.splits.first()) else { return all };
    let columns = table.all_columns();
    let read = table.read(&split.split, &columns);
    let request = encode(&client.read_request(&Read { table: &unknown, ..read.clone() }));
    add(request, Kind::UnknownTableAccepted, "reading an unknown table", UNKNOWN);
    let fields = vec![Field::new("no_such_column_e7b1", DataType::Int64, true)];
    let schema =
        Arc::new(Schema::new_with_metadata(fields, table.definition().schema.metadata().clone()));
    let request = encode(&client.read_request(&Read { schema, ..read.clone() }));
    add(request, Kind::UnknownColumnAccepted, "reading an unknown column", UNKNOWN);
    if let (Some(location), false) = (&split.split.spill_location, split.rows.is_empty()) {
        let mut foreign = split.split.clone();
        let mut location = location.clone();
        location.key = Some("somebody-else-e7b1/rows".to_owned());
        foreign.spill_location = Some(location);
        let request =
            encode(&client.read_request(&Read { split: &foreign, max_inline_size: 0, ..read }));
        let description = "spilling to a location that the function did not issue";
        add(request, Kind::ForeignSpillAccepted, description, DENIED);
    }
    all
}
