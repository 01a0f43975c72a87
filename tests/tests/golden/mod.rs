//! What the Java SDK wrote is read to what the Java SDK meant, and what we write is read to the
//! same.
//!
//! `cargo test -p athena-conformance --test golden -- --nocapture` prints how many cases there
//! were; `ATHENA_GOLDEN` names another folder of recorded bytes.

mod bytes;
mod exchange;
mod meaning;
mod order;
mod schema;

use std::panic::{AssertUnwindSafe, catch_unwind};

use athena_client::canonical;
use athena_protocol::{
    EncryptionKey, ErrorKind, Request, Response, SerdeVersion,
    block::{Framing, decode_batch},
    error::FunctionError,
};
use athena_tests::golden::{Case, Golden, difference};
use bytes::same_bytes;
use meaning::meaning;
use schema::schema;
use serde_json::{Value, json};

type Checked = Result<(), String>;

#[test]
fn what_java_wrote_is_read_to_what_java_meant() {
    let golden = Golden::open().unwrap();
    let mut failures = Vec::new();
    for case in &golden.cases {
        // One case must not hide the others, and a panic is a failure like any other.
        match catch_unwind(AssertUnwindSafe(|| check(&golden, case))) {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => failures.push(format!("{}: {failure}", case.id)),
            Err(_) => failures.push(format!("{}: panicked", case.id)),
        }
    }
    for failure in &failures {
        println!("{failure}");
    }
    println!(
        "golden: {} cases, {} passed",
        golden.cases.len(),
        golden.cases.len() - failures.len()
    );
    assert!(!golden.cases.is_empty(), "the manifest has no cases");
    assert!(failures.is_empty(), "{} cases failed", failures.len());
}

fn check(golden: &Golden, case: &Case) -> Checked {
    let file = file(golden, &case.members, "file")?;
    match case.kind.as_str() {
        "request" | "response" => check_document(case, &file),
        "spill" => check_response(golden, case, &file),
        "exchange" => {
            let request = self::file(golden, &case.members, "request")?;
            let (request, version) = Request::decode(&request).map_err(text)?;
            // An answer in an older version than Java's would be read by the same peer; in a newer
            // one it might not be. Version 1 is where Java ends up with documents that it finds out
            // of order.
            let resolved = case.members["resolvedVersion"].as_i64().unwrap_or_default();
            if resolved > 1 && i64::from(version.number()) > resolved {
                return Err(format!(
                    "is taken for version {}, expected {resolved} at most",
                    version.number()
                ));
            }
            round_trip_request(&request, version)?;
            check_response(golden, case, &file)
        }
        "crypto" => check_crypto(golden, case, file),
        "error" => {
            // Some of these requests are what the function failed on, so they need not be readable.
            let _ = Request::decode(&self::file(golden, &case.members, "request")?);
            check_error(&case.members["expect"], &file)
        }
        "error-read" => check_error_read(&case.members, &file),
        "malformed" if case.members["direction"].is_null() => check_damaged_object(case, file),
        "malformed" => check_malformed(case, &file),
        kind => Err(format!("is of kind {kind}, which this test does not know")),
    }
}

fn check_document(case: &Case, file: &[u8]) -> Checked {
    let expected = &case.members["expect"];
    if case.kind == "response" {
        let response = Response::decode(file).map_err(text)?;
        same(expected, &canonical::response(&response))?;
        return round_trip_response(&response, written_in(case)?);
    }
    let (request, _) = Request::decode(file).map_err(text)?;
    same(expected, &canonical::request(&request))?;
    round_trip_request(&request, written_in(case)?)
}

/// A response, and the objects that it says were spilled.
fn check_response(golden: &Golden, case: &Case, file: &[u8]) -> Checked {
    let response = Response::decode(file).map_err(text)?;
    same(&case.members["expect"], &canonical::response(&response))?;
    round_trip_response(&response, written_in(case)?)?;
    let objects = case.members["objects"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Response::RemoteReadRecords(spilled) = response else {
        return if objects.is_empty() {
            Ok(())
        } else {
            Err("has objects that nothing names".to_owned())
        };
    };
    if objects.len() != spilled.remote_blocks.len() {
        return Err(format!(
            "names {} objects, and {} were recorded",
            spilled.remote_blocks.len(),
            objects.len()
        ));
    }
    for object in objects {
        let mut bytes = self::file(golden, object, "file")?;
        if let Some(key) = &spilled.encryption_key {
            athena_spill::decrypt_in_place(key, &mut bytes).map_err(text)?;
        }
        if Some(bytes.len())
            != object["plaintextSize"].as_u64().and_then(|size| usize::try_from(size).ok())
        {
            return Err(format!(
                "an object has {} bytes, expected {}",
                bytes.len(),
                object["plaintextSize"]
            ));
        }
        let batch = decode_batch(&bytes, &spilled.schema).map_err(text)?;
        same(&object["rows"], &canonical::rows(&batch))?;
        same_bytes(&bytes, &batch, Framing::Legacy)?;
    }
    Ok(())
}

fn check_crypto(golden: &Golden, case: &Case, mut object: Vec<u8>) -> Checked {
    let plain = file(golden, &case.members, "plaintextFile")?;
    if let Some(key) = key(&case.members)? {
        let sealed = object.clone();
        athena_spill::decrypt_in_place(&key, &mut object).map_err(text)?;
        let mut again = object.clone();
        athena_spill::encrypt_in_place(&key, &mut again).map_err(text)?;
        if again != sealed {
            return Err("is not what sealing the plain text again gives".to_owned());
        }
    }
    if object != plain {
        return Err("does not open to its plain text".to_owned());
    }
    let schema = schema(&case.members["expect"]["schema"])?;
    same(
        &case.members["expect"],
        &canonical::block(&decode_batch(&plain, &schema).map_err(text)?),
    )?;
    Ok(())
}

fn check_error(expected: &Value, file: &[u8]) -> Checked {
    let error = FunctionError::decode(file).map_err(text)?;
    let found = canonical::function_error(&error);
    for member in ["errorType", "errorMessage"] {
        same(&expected[member], &found[member])?;
    }
    let first_frame = found["stackTrace"][0][0].as_str().unwrap_or_default();
    same(&expected["stackTraceElement"], &first_frame.into())?;
    let message = error.java_message();
    let affixes = (expected["callerMessageStart"].as_str(), expected["callerMessageEnd"].as_str());
    match affixes {
        (Some(start), Some(end)) if message.starts_with(start) && message.ends_with(end) => Ok(()),
        _ => Err(format!("Java's caller says {message:?}, expected {affixes:?}")),
    }
}

/// The messages of an error and its causes.
fn messages(error: &FunctionError) -> Value {
    let mut members = json!({ "message": error.java_message() });
    if let Some(cause) = &error.cause {
        members["cause"] = messages(cause);
    }
    members
}

fn check_error_read(members: &Value, file: &[u8]) -> Checked {
    let error = FunctionError::decode(file);
    if members["java"]["read"]["outcome"] == "rejected" {
        return match error {
            Err(error) => named(&error, &[ErrorKind::InvalidResponse, ErrorKind::InvalidInput]),
            Ok(_) => Ok(()),
        };
    }
    same(&members["expect"], &messages(&error.map_err(text)?))?;
    Ok(())
}

fn check_malformed(case: &Case, file: &[u8]) -> Checked {
    let is_request = case.members["direction"] == "request";
    let found = if is_request {
        Request::decode(file).map(|(request, _)| canonical::request(&request))
    } else {
        Response::decode(file).map(|response| canonical::response(&response))
    };
    match accepted_by_java(&case.members["java"]) {
        Some(expected) => {
            same(
                expected,
                &found.map_err(|error| format!("is refused, and Java accepts it: {error}"))?,
            )?;
            Ok(())
        }
        None => match found {
            Err(error) if is_request => {
                named(&error, &[ErrorKind::InvalidInput, ErrorKind::Unsupported])
            }
            Err(error) => named(&error, &[ErrorKind::InvalidResponse]),
            // What is read that Java refuses is read on purpose.
            Ok(_)
                if DIFFERENCES
                    .contains(&format!("`{}`", case.id.trim_start_matches("malformed."))) =>
            {
                Ok(())
            }
            Ok(_) => {
                Err("is read, Java refuses it, and docs/differences.md does not say why".to_owned())
            }
        },
    }
}

/// What is said of differences to Java.
const DIFFERENCES: &str = include_str!("../../../docs/differences.md");

/// The error is one of these, and says something.
fn named(error: &athena_protocol::Error, kinds: &[ErrorKind]) -> Checked {
    if kinds.contains(&error.kind()) && error.message().len() > 10 {
        return Ok(());
    }
    Err(format!("is refused with {:?} {error}, expected one of {kinds:?}", error.kind()))
}

/// What Java's reader of a version from 2 up makes of a document: the reader that a connector uses,
/// or the newest.
fn accepted_by_java(java: &Value) -> Option<&Value> {
    let composite = &java["composite"];
    if composite["outcome"] == "accepted" {
        // What only version 1 accepts is not promised, and `expectError` marks what Java itself
        // cannot use.
        return (composite["version"] != 1).then(|| composite.get("expect")).flatten();
    }
    ["v6", "v5", "v4", "v3", "v2"].into_iter().find_map(|reader| java[reader].get("expect"))
}

fn check_damaged_object(case: &Case, mut object: Vec<u8>) -> Checked {
    let java = &case.members["java"]["read"];
    let schema = schema(&case.members["schema"])?;
    let opened = match key(&case.members)? {
        Some(key) => athena_spill::decrypt_in_place(&key, &mut object),
        None => Ok(()),
    };
    let found =
        opened.and_then(|()| decode_batch(&object, &schema)).map(|batch| canonical::rows(&batch));
    match found {
        found if java["outcome"] == "accepted" => same(&java["rows"], &found.map_err(text)?),
        Err(error) => named(&error, &[ErrorKind::InvalidResponse, ErrorKind::InvalidInput]),
        Ok(_) => Ok(()),
    }
}

/// What we write at `version` is read to the same value.
fn round_trip_request(request: &Request, version: SerdeVersion) -> Checked {
    let written =
        request.encode(version).map_err(|error| format!("cannot be written again: {error}"))?;
    let (again, _) =
        Request::decode(&written).map_err(|error| format!("is written unreadably: {error}"))?;
    same(&canonical::request(request), &canonical::request(&again))
        .map_err(|error| format!("written again, {error}"))?;
    Ok(())
}

fn round_trip_response(response: &Response, version: SerdeVersion) -> Checked {
    let written =
        response.encode(version).map_err(|error| format!("cannot be written again: {error}"))?;
    let again =
        Response::decode(&written).map_err(|error| format!("is written unreadably: {error}"))?;
    same(&canonical::response(response), &canonical::response(&again))
        .map_err(|error| format!("written again, {error}"))?;
    Ok(())
}

/// The version to write a case again in.
fn written_in(case: &Case) -> Result<SerdeVersion, String> {
    let number = case.serde.and_then(|number| i32::try_from(number).ok());
    Ok(SerdeVersion::negotiate(number.ok_or("has no version")?))
}

fn same(expected: &Value, found: &Value) -> Result<(), String> {
    difference(&meaning(expected), &meaning(found)).map_or(Ok(()), Err)
}

fn file(golden: &Golden, members: &Value, name: &str) -> Result<Vec<u8>, String> {
    let path = members[name].as_str().ok_or_else(|| format!("names no {name}"))?;
    golden.file(path).map_err(|error| error.to_string())
}

fn key(members: &Value) -> Result<Option<EncryptionKey>, String> {
    let bytes = |name: &str| {
        let text = members["encryptionKey"][name].as_str().unwrap_or_default();
        base64_simd::STANDARD.decode_to_vec(text).map_err(|error| error.to_string())
    };
    match &members["encryptionKey"] {
        Value::Null => Ok(None),
        _ => Ok(Some(EncryptionKey { key: bytes("key")?, nonce: bytes("nonce")? })),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
