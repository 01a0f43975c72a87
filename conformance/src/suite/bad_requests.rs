//! What must be refused, and whether the function lives on.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use athena_protocol::{ErrorKind, Request, Response, TableName, message::ListTablesRequest};
use bytes::Bytes;

use super::{
    Area, Kind,
    baseline::Subject,
    caller::coded,
    report::{Fault, Report},
    rows::Read,
};
use athena_client::InvokeError;

/// A request that must fail.
struct Bad {
    request: Bytes,
    /// What it is if it is answered.
    kind: Kind,
    words: &'static str,
    /// The kinds that its error may have.
    may_be: &'static [ErrorKind],
}

const UNKNOWN: &[ErrorKind] = &[ErrorKind::NotFound, ErrorKind::InvalidInput];
const INVALID: &[ErrorKind] = &[ErrorKind::InvalidInput];
const DENIED: &[ErrorKind] =
    &[ErrorKind::InvalidInput, ErrorKind::AccessDenied, ErrorKind::NotFound];

/// Sends bad requests, each followed by a good one.
pub(crate) async fn check(subject: &Subject<'_>, report: &mut Report) {
    let name = &subject.table.name;
    let good = match subject.caller.encode(&subject.caller.table_request(name)) {
        Ok(good) => good,
        Err(fault) => return report.add(Some(name), fault),
    };
    let Ok(expected) = subject.caller.send(good.clone()).await else { return };
    let expected = Response::decode(&expected).ok();
    for bad in requests(subject) {
        report.checked(Area::BadRequests);
        let answer = subject.caller.send(bad.request.clone()).await;
        if let Some((kind, sentence)) = judge(&bad, &answer) {
            report.add(Some(name), Fault::new(kind, &bad.request, sentence));
        }
        let after = subject.caller.send(good.clone()).await;
        let same = after.is_ok_and(|answer| Response::decode(&answer).ok() == expected);
        if !same {
            let sentence = format!(
                "after {}, a request that was answered before is not answered so",
                bad.words
            );
            report.add(Some(name), Fault::new(Kind::DiesAfterBadRequest, &bad.request, sentence));
        }
    }
}

fn judge(bad: &Bad, answer: &Result<Bytes, InvokeError>) -> Option<(Kind, String)> {
    match answer {
        // It has not gone anywhere.
        Ok(answer) if bad.kind == Kind::ForeignSpillAccepted && is_inline(answer) => None,
        Ok(_) => Some((bad.kind, format!("{} is answered, expected an error", bad.words))),
        Err(error) => match coded(error) {
            Some(kind) if !bad.may_be.contains(&kind) => {
                let codes: Vec<_> = bad.may_be.iter().map(|kind| kind.wire_code()).collect();
                let sentence = format!(
                    "{} is refused with {}, expected {}",
                    bad.words,
                    kind.wire_code(),
                    codes.join(" or ")
                );
                Some((Kind::WrongErrorCode, sentence))
            }
            // Most functions have no codes in their errors.
            _ => None,
        },
    }
}

fn is_inline(answer: &Bytes) -> bool {
    matches!(Response::decode(answer), Ok(Response::ReadRecords(_)))
}

fn requests(subject: &Subject<'_>) -> Vec<Bad> {
    let caller = subject.caller;
    let name = &subject.table.name;
    let stranger = TableName::new(name.schema.as_str(), "no_such_table_e7b1");
    let encode = |request: &Request| caller.encode(request).ok();
    let mut all = Vec::new();
    let mut add = |request: Option<Bytes>, kind, words, may_be| {
        all.extend(request.map(|request| Bad { request, kind, words, may_be }));
    };
    let table = encode(&caller.table_request(&stranger));
    add(table, Kind::UnknownTableAccepted, "describing a table that is not there", UNKNOWN);
    let whole = encode(&caller.table_request(name)).unwrap_or_default();
    let cut = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
    add(Some(cut), Kind::DamagedRequestAccepted, "half a request", INVALID);
    let text = String::from_utf8_lossy(&whole);
    let renamed = Bytes::from(text.replace("GetTableRequest", "GetNothingRequest"));
    add(Some(renamed), Kind::DamagedRequestAccepted, "a request of an unknown type", INVALID);
    add(Some(Bytes::from_static(b"[]")), Kind::DamagedRequestAccepted, "a JSON list", INVALID);
    let token = Some("no-token-of-yours-e7b1");
    for (page_size, words) in [
        (2, "a page token that was never made"),
        (ListTablesRequest::UNLIMITED, "a token for the whole list"),
    ] {
        let request = encode(&caller.tables_request(&name.schema, token, page_size));
        add(request, Kind::ForeignTokenAccepted, words, INVALID);
    }
    let splits =
        caller.splits_request(&subject.table, &subject.plan.partitions, &subject.everything, token);
    add(
        encode(&splits),
        Kind::ForeignTokenAccepted,
        "a token of splits that was never made",
        INVALID,
    );
    let filled = subject.splits.iter().find(|split| !split.rows.is_empty());
    let Some(split) = filled.or(subject.splits.first()) else { return all };
    let columns = subject.all_columns();
    let read = subject.read(&split.split, &columns);
    let request = encode(&caller.read_request(&Read { table: &stranger, ..read.clone() }));
    add(request, Kind::UnknownTableAccepted, "reading a table that is not there", UNKNOWN);
    let fields = vec![Field::new("no_such_column_e7b1", DataType::Int64, true)];
    let schema =
        Arc::new(Schema::new_with_metadata(fields, subject.table.schema.metadata().clone()));
    let request = encode(&caller.read_request(&Read { schema, ..read.clone() }));
    add(request, Kind::UnknownColumnAccepted, "reading a column that is not there", UNKNOWN);
    if let (Some(location), false) = (&split.split.spill_location, split.rows.is_empty()) {
        let mut foreign = split.split.clone();
        let mut place = location.clone();
        place.key = Some("somebody-else-e7b1/rows".to_owned());
        foreign.spill_location = Some(place);
        let request =
            encode(&caller.read_request(&Read { split: &foreign, max_inline_size: 0, ..read }));
        add(
            request,
            Kind::ForeignSpillAccepted,
            "spilling to a place that the function never named",
            DENIED,
        );
    }
    all
}
