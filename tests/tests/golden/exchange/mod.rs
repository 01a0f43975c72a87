//! The recorded exchanges, with a connector on our SDK in the place of the Java one: it is asked
//! what Java was asked, byte for byte but for page tokens and limits of blocks, and has to answer
//! what Java answered.
//!
//! Where the two differ on purpose is said beside the comparison; everything else is equal by
//! meaning.

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

/// A block of Java's is as large as the values in it, one of ours as the object that holds it,
/// which has some hundred bytes beside them: limits below this leave no room for a row.
const LEAST_BLOCK: u64 = 1_500;

/// Reads whose rows are just as large as a limit lets them be: by Java's measure they are on the
/// one side of it, by ours on the other.
const AT_THE_EDGE: [&str; 2] =
    ["v6.exchange.read-inline-edge-below", "v6.exchange.read-max-edge-over"];

#[test]
fn a_connector_on_our_sdk_answers_as_the_java_connector_did() {
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

/// The function as it was set up when the exchange was recorded.
fn handler(case: &Case, store: &Arc<MemoryStore>) -> Handler {
    let mut variables = vec![
        ("spill_bucket", "golden-spill"),
        ("spill_prefix", "golden"),
        // Java lets any caller choose.
        ("athena_connector_allow_foreign_spill", "true"),
    ];
    if case.id == "v6.exchange.splits-noencryption" {
        variables.push(("disable_spill_encryption", "true"));
    }
    let settings = Settings::from_vars(variables).expect("the settings are right");
    Handler::new(Orders)
        .with_udfs(udfs())
        .with_settings(settings)
        .with_object_store(Arc::clone(store) as _)
}

async fn check(golden: &Golden, case: &Case) -> Checked {
    let store = Arc::new(MemoryStore::new());
    let handler = handler(case, &store);
    let bytes = file(golden, &case.members, "request")?;
    let (request, version) = Request::decode(&bytes).map_err(text)?;
    let expected = &case.members["expect"];
    match request {
        Request::ListTables(list) => check_tables(expected, &handler, list, version).await,
        Request::GetSplits(mut request) => {
            // Java's tokens say where the list goes on, and ours cannot be forged.
            let Some(token) = request.continuation_token.take() else {
                return check_splits(
                    expected,
                    0,
                    &canonical::response(&ask(&handler, &bytes).await?),
                );
            };
            let start = token.parse().map_err(text)?;
            let answer =
                ask(&handler, &Request::GetSplits(request).encode(version).map_err(text)?).await?;
            check_splits(expected, start, &canonical::response(&answer))
        }
        Request::ReadRecords(mut request) => {
            let recorded = expected_rows(golden, case)?;
            let asked = request.max_block_size;
            let limit = if case.id == "v6.exchange.read-env-blocksize" { 500 } else { asked }
                .max(LEAST_BLOCK);
            request.max_block_size = limit;
            if limit > asked && expected["@type"] == "RemoteReadRecordsResponse" {
                // With the larger block the rows might fit inline.
                request.max_inline_block_size = 0;
            }
            let message = if limit == asked {
                bytes
            } else {
                Request::ReadRecords(request).encode(version).map_err(text)?
            };
            let answer = ask(&handler, &message).await?;
            check_rows(
                (expected, AT_THE_EDGE.contains(&case.id.as_str())),
                &recorded,
                &answer,
                &store,
                limit,
            )
            .await
        }
        _ => {
            let answer = ask(&handler, &bytes).await?;
            check_answer(expected.clone(), canonical::response(&answer))
        }
    }
}

async fn ask(handler: &Handler, request: &[u8]) -> Result<Response, String> {
    let answer = handler.handle(request, None).await.map_err(text)?;
    Response::decode(&answer).map_err(text)
}

/// All pages, from where the recorded token says, as long as the recorded page.
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
        let Response::ListTables(answer) = ask(handler, &message).await? else {
            return Err("the answer is none to ListTables".to_owned());
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
        return Err(format!("no page begins at table {start}; they begin at {pages:?}"));
    }
    let length = expected["tables"].as_array().map_or(0, Vec::len);
    same(&expected["tables"], &tables[start..start + length].into())?;
    same(&expected["nextToken"].is_null().into(), &(start + length == tables.len()).into())
}

/// The splits by what is to be read; where they are spilled and with which key is chosen anew each
/// time.
fn check_splits(expected: &Value, start: usize, found: &Value) -> Checked {
    let splits = |answer: &Value| answer["splits"].as_array().cloned().unwrap_or_default();
    let (recorded, ours) = (splits(expected), splits(found));
    let length = recorded.len();
    if ours.len() < start + length {
        return Err(format!(
            "there are {} splits, expected {} at least",
            ours.len(),
            start + length
        ));
    }
    // Ours fit a page, whose end Java set at five.
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

/// The recorded rows, wherever they went.
fn expected_rows(golden: &Golden, case: &Case) -> Result<Value, String> {
    if let rows @ Value::Array(_) = &case.members["expect"]["records"]["rows"] {
        return Ok(rows.clone());
    }
    let mut rows = Vec::new();
    for object in case.members["objects"].as_array().ok_or("has neither rows nor objects")? {
        golden.file(object["file"].as_str().unwrap_or_default()).map_err(text)?;
        rows.extend(object["rows"].as_array().cloned().unwrap_or_default());
    }
    // Java names its objects in the order in which they were done.
    rows.sort_by_key(|row| row[0].as_i64());
    Ok(rows.into())
}

async fn check_rows(
    (expected, is_at_the_edge): (&Value, bool),
    recorded: &Value,
    answer: &Response,
    store: &MemoryStore,
    limit: u64,
) -> Checked {
    let found = canonical::response(answer);
    let (rows, schema) = match answer {
        Response::ReadRecords(_) => (found["records"]["rows"].clone(), &found["records"]["schema"]),
        Response::RemoteReadRecords(spilled) => {
            let mut rows = Vec::new();
            for (number, location) in spilled.remote_blocks.iter().enumerate() {
                let (bucket, key) =
                    (location.bucket.as_deref(), location.key.as_deref().unwrap_or_default());
                let object = store.get(bucket.unwrap_or_default(), key).await.map_err(text)?;
                if object.len() as u64 > limit {
                    return Err(format!(
                        "object {key} has {} bytes, and the limit is {limit}",
                        object.len()
                    ));
                }
                if !key.ends_with(&format!(".{number}")) {
                    return Err(format!("object {number} is called {key}"));
                }
                let batch = decode_object(object, spilled.encryption_key.as_ref(), &spilled.schema)
                    .map_err(text)?;
                rows.extend(canonical::rows(&batch).as_array().cloned().unwrap_or_default());
            }
            (rows.into(), &found["schema"])
        }
        other => return Err(format!("{} is no answer to a read", other.type_name())),
    };
    same(&instants(recorded.clone()), &instants(rows))?;
    same(&expected["catalogName"], &found["catalogName"])?;
    if expected["@type"] != found["@type"] {
        return if is_at_the_edge { Ok(()) } else { same(&expected["@type"], &found["@type"]) };
    }
    same(&expected["encryptionKey"].is_null().into(), &found["encryptionKey"].is_null().into())?;
    let members =
        if expected["@type"] == "ReadRecordsResponse" { &expected["records"] } else { expected };
    same(&members["schema"]["fields"], &schema["fields"])
}

/// `rows` with times as instants: an Arrow column, which is what a connector hands over, has one
/// zone for all its values.
fn instants(rows: Value) -> Value {
    match rows {
        Value::Array(values) => values.into_iter().map(instants).collect(),
        Value::Object(members) if members.contains_key("zoneKey") => members["millis"].clone(),
        other => other,
    }
}

fn check_answer(mut expected: Value, mut found: Value) -> Checked {
    match expected["@type"].as_str() {
        Some("GetDataSourceCapabilitiesResponse") => {
            let (recorded, announced) =
                (expected["capabilities"].take(), found["capabilities"].take());
            check_capabilities(&recorded, &announced)?;
        }
        // Java announces what nobody can read: microseconds, where values are packed milliseconds.
        Some("GetTableResponse") => {
            for field in expected["schema"]["fields"].as_array_mut().into_iter().flatten() {
                if field["type"] == "timestamp(us,UTC)" {
                    field["type"] = "timestamp(ms,UTC)".into();
                }
            }
        }
        // It tells the caller nothing, and an Arrow stream, which is what a connector hands over,
        // has its own.
        Some("GetTableLayoutResponse") => {
            expected["partitions"]["schema"]["metadata"].take();
            found["partitions"]["schema"]["metadata"].take();
        }
        _ => {}
    }
    same(&expected, &found)
}

/// What is announced is announced in Java's words.
fn check_capabilities(recorded: &Value, announced: &Value) -> Checked {
    for (name, kinds) in announced.as_object().ok_or("capabilities are no object")? {
        for kind in kinds.as_array().into_iter().flatten() {
            let known = recorded[name]
                .as_array()
                .into_iter()
                .flatten()
                .find(|known| known["subType"] == kind["subType"]);
            let known = known
                .ok_or_else(|| format!("Java's connector has no {name} of {}", kind["subType"]))?;
            let known = known["properties"].as_array().ok_or("properties are no list")?;
            for property in kind["properties"].as_array().into_iter().flatten() {
                if !known.contains(property) {
                    return Err(format!("Java's {name} has no {property}"));
                }
            }
        }
    }
    Ok(())
}
