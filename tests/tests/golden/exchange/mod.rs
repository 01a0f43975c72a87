//! Recorded exchanges, replayed against the same connector on our SDK.
//!
//! The requests are the recorded bytes, except for page tokens and block limits. The responses must
//! be equivalent to those of Java, except for deliberate differences, which are documented at the
//! comparisons.

mod orders;

use std::sync::Arc;

use athena_client::canonical;
use athena_connector_sdk::{Handler, Settings};
use athena_protocol::{Request, Response, SerdeVersion, message::ListTablesRequest};
use athena_spill::{ObjectStore as _, decode_object, testing::MemoryStore};
use athena_tests::golden::{Case, Golden};
use orders::{Orders, udfs};
use serde_json::{Value, json};

use super::{Checked, file, same, text};

/// Smallest block limit that can hold a row, in bytes.
///
/// Java measures only the values of a block. Our SDK measures the whole object, which has some
/// hundred bytes more.
const MIN_BLOCK: u64 = 1_500;

/// Reads whose rows are just below a limit by Java's measure, and just above it by ours, or the
/// other way round.
const AT_THE_EDGE: [&str; 2] =
    ["v6.exchange.read-inline-edge-below", "v6.exchange.read-max-edge-over"];

#[test]
fn a_connector_on_our_sdk_responds_as_the_java_connector() {
    let golden = Golden::open().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let exchanges: Vec<_> = golden.cases.iter().filter(|case| case.kind == "exchange").collect();
    let failures: Vec<_> = exchanges
        .iter()
        .filter_map(|case| {
            let failure = runtime.block_on(check(&golden, case)).err()?;
            Some(format!("{}: {failure}", case.id))
        })
        .collect();
    println!("exchanges: {} cases, {} passed", exchanges.len(), exchanges.len() - failures.len());
    assert!(!exchanges.is_empty(), "the manifest has no exchanges");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Returns the handler with the settings of the recorded exchange.
///
/// Java spills in clear text if the split has no key, whatever its settings; our SDK only if
/// encryption is off.
fn handler(case: &Case, request: &Request, store: &Arc<MemoryStore>) -> Handler {
    let mut variables = vec![
        ("spill_bucket", "golden-spill"),
        ("spill_prefix", "golden"),
        // Java accepts any spill location.
        ("athena_connector_allow_foreign_spill", "true"),
    ];
    let has_no_key = matches!(
        request,
        Request::ReadRecords(read) if read.split.encryption_key.is_none()
    );
    if has_no_key || case.id == "v6.exchange.splits-noencryption" {
        variables.push(("disable_spill_encryption", "true"));
    }
    let settings = Settings::from_vars(variables).expect("the settings are valid");
    Handler::new(Orders)
        .with_udfs(udfs())
        .with_settings(settings)
        .with_object_store(Arc::clone(store) as _)
}

async fn check(golden: &Golden, case: &Case) -> Checked {
    let store = Arc::new(MemoryStore::new());
    let bytes = file(golden, &case.members, "request")?;
    let (request, version) = Request::decode(&bytes).map_err(text)?;
    let handler = handler(case, &request, &store);
    let expected = &case.members["expect"];
    match request {
        Request::ListTables(list) => check_tables(expected, &handler, list, version).await,
        Request::GetSplits(mut request) => {
            // Java's tokens are positions in the list, which our SDK does not accept.
            let Some(token) = request.continuation_token.take() else {
                return check_splits(
                    expected,
                    0,
                    &canonical::response(&call(&handler, &bytes).await?),
                );
            };
            let start = token.parse().map_err(text)?;
            let answer =
                call(&handler, &Request::GetSplits(request).encode(version).map_err(text)?).await?;
            check_splits(expected, start, &canonical::response(&answer))
        }
        Request::ReadRecords(mut request) => {
            let recorded = expected_rows(golden, case)?;
            let requested = request.max_block_size;
            let limit = if case.id == "v6.exchange.read-env-blocksize" { 500 } else { requested }
                .max(MIN_BLOCK);
            request.max_block_size = limit;
            if limit > requested && expected["@type"] == "RemoteReadRecordsResponse" {
                // With the larger block limit, the rows might fit inline.
                request.max_inline_block_size = 0;
            }
            let message = if limit == requested {
                bytes
            } else {
                Request::ReadRecords(request).encode(version).map_err(text)?
            };
            let answer = call(&handler, &message).await?;
            let read = RecordedRead { case, rows: recorded, limit };
            check_rows(&read, &answer, &store).await
        }
        _ => {
            let answer = call(&handler, &bytes).await?;
            check_response(expected.clone(), canonical::response(&answer))
        }
    }
}

async fn call(handler: &Handler, request: &[u8]) -> Result<Response, String> {
    let answer = handler.handle(request, None).await.map_err(text)?;
    Response::decode(&answer).map_err(text)
}

/// Compares the tables after the recorded token with the recorded page.
async fn check_tables(
    expected: &Value,
    handler: &Handler,
    list: ListTablesRequest,
    version: SerdeVersion,
) -> Checked {
    let start = list.next_token.as_deref().map_or(Ok(0), str::parse::<usize>).map_err(text)?;
    let mut request = ListTablesRequest { next_token: None, ..list };
    let mut tables = Vec::new();
    let mut pages = Vec::new();
    loop {
        let message = Request::ListTables(request.clone()).encode(version).map_err(text)?;
        let Response::ListTables(answer) = call(handler, &message).await? else {
            return Err("the response is not a ListTablesResponse".to_owned());
        };
        pages.push(tables.len());
        tables.extend(
            answer
                .tables
                .into_iter()
                .map(|name| json!({ "schemaName": name.schema, "tableName": name.table })),
        );
        match answer.next_token {
            Some(token) => request.next_token = Some(token),
            None => break,
        }
    }
    if !pages.contains(&start) {
        return Err(format!("no page begins at table {start}, only at {pages:?}"));
    }
    let length = expected["tables"].as_array().map_or(0, Vec::len);
    same(&expected["tables"], &tables[start..start + length].into())?;
    same(&expected["nextToken"].is_null().into(), &(start + length == tables.len()).into())
}

/// Compares the properties of splits. Their spill locations and keys are random.
fn check_splits(expected: &Value, start: usize, found: &Value) -> Checked {
    let splits = |answer: &Value| answer["splits"].as_array().cloned().unwrap_or_default();
    let recorded = splits(expected);
    let ours = splits(found);
    let length = recorded.len();
    if ours.len() < start + length {
        return Err(format!("{} splits, expected at least {}", ours.len(), start + length));
    }
    // Our SDK returns all splits in one page, the Java connector five.
    same(&expected["continuationToken"].is_null().into(), &(ours.len() == start + length).into())?;
    same(&Value::Null, &found["continuationToken"])?;
    for (recorded, split) in recorded.iter().zip(&ours[start..]) {
        same(&recorded["properties"], &split["properties"])?;
        same(
            &recorded["encryptionKey"].is_null().into(),
            &split["encryptionKey"].is_null().into(),
        )?;
        same(&recorded["spillLocation"]["bucket"], &split["spillLocation"]["bucket"])?;
        let folder = |split: &Value| {
            let key = split["spillLocation"]["key"].as_str().unwrap_or_default().to_owned();
            key.rsplit_once('/').map(|(folder, name)| (folder.to_owned(), name.len()))
        };
        if folder(recorded) != folder(split) {
            return Err(format!(
                "a split is spilled to {:?}, expected {:?}",
                folder(split),
                folder(recorded)
            ));
        }
    }
    Ok(())
}

/// Returns the recorded rows, inline or spilled.
fn expected_rows(golden: &Golden, case: &Case) -> Result<Value, String> {
    if let rows @ Value::Array(_) = &case.members["expect"]["records"]["rows"] {
        return Ok(rows.clone());
    }
    let mut rows = Vec::new();
    for object in
        case.members["objects"].as_array().ok_or("the case has neither rows nor objects")?
    {
        golden.file(object["file"].as_str().unwrap_or_default()).map_err(text)?;
        rows.extend(object["rows"].as_array().cloned().unwrap_or_default());
    }
    // Java numbers its objects in the order in which they are finished.
    rows.sort_by_key(|row| row[0].as_i64());
    Ok(rows.into())
}

/// Recorded read, with the block limit of the replayed request.
struct RecordedRead<'a> {
    case: &'a Case,
    rows: Value,
    limit: u64,
}

async fn check_rows(read: &RecordedRead<'_>, answer: &Response, store: &MemoryStore) -> Checked {
    let expected = &read.case.members["expect"];
    let limit = read.limit;
    let found = canonical::response(answer);
    let (rows, schema) = match answer {
        Response::ReadRecords(_) => (found["records"]["rows"].clone(), &found["records"]["schema"]),
        Response::RemoteReadRecords(spilled) => {
            let mut rows = Vec::new();
            for (number, location) in spilled.remote_blocks.iter().enumerate() {
                let bucket = location.bucket.as_deref().unwrap_or_default();
                let key = location.key.as_deref().unwrap_or_default();
                let object = store.get(bucket, key).await.map_err(text)?;
                if object.len() as u64 > limit {
                    return Err(format!(
                        "object {key} has {} bytes, expected at most {limit}",
                        object.len()
                    ));
                }
                if !key.ends_with(&format!(".{number}")) {
                    return Err(format!("object {number} has key {key}"));
                }
                let batch = decode_object(object, spilled.encryption_key.as_ref(), &spilled.schema)
                    .map_err(text)?;
                rows.extend(canonical::rows(&batch).as_array().cloned().unwrap_or_default());
            }
            (rows.into(), &found["schema"])
        }
        other => return Err(format!("{} is not a response to a read", other.type_name())),
    };
    same(&instants(read.rows.clone()), &instants(rows))?;
    same(&expected["catalogName"], &found["catalogName"])?;
    if expected["@type"] != found["@type"] {
        let is_at_the_edge = AT_THE_EDGE.contains(&read.case.id.as_str());
        return if is_at_the_edge { Ok(()) } else { same(&expected["@type"], &found["@type"]) };
    }
    same(&expected["encryptionKey"].is_null().into(), &found["encryptionKey"].is_null().into())?;
    let members =
        if expected["@type"] == "ReadRecordsResponse" { &expected["records"] } else { expected };
    same(&members["schema"]["fields"], &schema["fields"])
}

/// Replaces timestamps with time zone by instants, because an Arrow column of a connector has one
/// zone for all its values.
fn instants(rows: Value) -> Value {
    match rows {
        Value::Array(values) => values.into_iter().map(instants).collect(),
        Value::Object(members) if members.contains_key("zoneKey") => members["millis"].clone(),
        other => other,
    }
}

fn check_response(mut expected: Value, mut found: Value) -> Checked {
    match expected["@type"].as_str() {
        Some("GetDataSourceCapabilitiesResponse") => {
            let recorded = expected["capabilities"].take();
            let announced = found["capabilities"].take();
            check_capabilities(&recorded, &announced)?;
        }
        // Java declares microseconds, but packs milliseconds, which no reader can decode.
        Some("GetTableResponse") => {
            for field in expected["schema"]["fields"].as_array_mut().into_iter().flatten() {
                if field["type"] == "timestamp(us,UTC)" {
                    field["type"] = "timestamp(ms,UTC)".into();
                }
            }
        }
        // The metadata has no meaning for the client, and the Arrow stream of a connector has its
        // own.
        Some("GetTableLayoutResponse") => {
            expected["partitions"]["schema"]["metadata"].take();
            found["partitions"]["schema"]["metadata"].take();
        }
        _ => {}
    }
    same(&expected, &found)
}

/// Checks that every announced capability exists in Java's.
fn check_capabilities(recorded: &Value, announced: &Value) -> Checked {
    for (name, kinds) in announced.as_object().ok_or("the capabilities are not an object")? {
        for kind in kinds.as_array().into_iter().flatten() {
            let known = recorded[name]
                .as_array()
                .into_iter()
                .flatten()
                .find(|known| known["subType"] == kind["subType"]);
            let known = known.ok_or_else(|| {
                format!("the Java connector has no {name} of {}", kind["subType"])
            })?;
            let known = known["properties"].as_array().ok_or("the properties are not an array")?;
            for property in kind["properties"].as_array().into_iter().flatten() {
                if !known.contains(property) {
                    return Err(format!("{name} of the Java connector has no {property}"));
                }
            }
        }
    }
    Ok(())
}
