//! Recorded wire data of the Java SDK: it decodes to the recorded values, and encoding those and
//! decoding again returns the same values.
//!
//! `cargo test -p athena-tests --test main golden -- --nocapture` prints the number of cases.
//! `ATHENA_GOLDEN` names another folder of recorded data.

mod bytes;
mod exchange;
mod meaning;
mod order;
mod schema;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
};

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
fn recorded_wire_data_decodes_to_the_recorded_values() {
    let golden = Golden::open().unwrap();
    let mut failures = Vec::new();
    for case in &golden.cases {
        // Every case runs, even if another one panics.
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
            // The peer can read a response in an older version than Java's, but perhaps not in a
            // newer one. Java falls back to version 1 for documents with members in another order.
            let resolved = case.members["resolvedVersion"].as_i64().unwrap_or_default();
            if resolved > 1 && i64::from(version.number()) > resolved {
                return Err(format!(
                    "decoded as version {}, expected at most {resolved}",
                    version.number()
                ));
            }
            round_trip_request(&request, version)?;
            check_response(golden, case, &file)
        }
        "crypto" => check_crypto(golden, case, file),
        "error" => {
            // The function failed on some of these requests, so they need not be valid.
            let _ = Request::decode(&self::file(golden, &case.members, "request")?);
            check_error(&case.members["expect"], &file)
        }
        "error-read" => check_error_read(&case.members, &file),
        "malformed" if case.members["direction"].is_null() => check_damaged_object(case, file),
        "malformed" => check_malformed(case, &file),
        kind => Err(format!("unknown kind of case {kind}")),
    }
}

fn check_document(case: &Case, file: &[u8]) -> Checked {
    let expected = &case.members["expect"];
    if case.kind == "response" {
        let response = Response::decode(file).map_err(text)?;
        same(expected, &canonical::response(&response))?;
        return round_trip_response(&response, version_of(case)?);
    }
    let (request, _) = Request::decode(file).map_err(text)?;
    same(expected, &canonical::request(&request))?;
    round_trip_request(&request, version_of(case)?)
}

/// Checks a response and the objects that it spilled.
fn check_response(golden: &Golden, case: &Case, file: &[u8]) -> Checked {
    let response = Response::decode(file).map_err(text)?;
    same(&case.members["expect"], &canonical::response(&response))?;
    round_trip_response(&response, version_of(case)?)?;
    let objects = case.members["objects"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Response::RemoteReadRecords(spilled) = response else {
        return if objects.is_empty() {
            Ok(())
        } else {
            Err("the response names none of the recorded objects".to_owned())
        };
    };
    if objects.len() != spilled.remote_blocks.len() {
        return Err(format!(
            "the response names {} objects, {} are recorded",
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
        let encrypted = object.clone();
        athena_spill::decrypt_in_place(&key, &mut object).map_err(text)?;
        let mut again = object.clone();
        athena_spill::encrypt_in_place(&key, &mut again).map_err(text)?;
        if again != encrypted {
            return Err("encrypting the plain text again returns other bytes".to_owned());
        }
    }
    if object != plain {
        return Err("decryption returns another plain text".to_owned());
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
    match (expected["callerMessageStart"].as_str(), expected["callerMessageEnd"].as_str()) {
        (Some(start), Some(end)) if message.starts_with(start) && message.ends_with(end) => Ok(()),
        (start, end) => {
            Err(format!("the message is {message:?}, expected it between {start:?} and {end:?}"))
        }
    }
}

/// Returns the messages of an error and its causes.
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
            Err(error) => {
                expect_kind(&error, &[ErrorKind::InvalidResponse, ErrorKind::InvalidInput])
            }
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
        Some(expected) => match found {
            Ok(found) => same(expected, &found),
            // Accepting less than Java is a documented decision, too.
            Err(error) if is_documented(case) => expect_kind(&error, &[ErrorKind::InvalidInput]),
            Err(error) => Err(format!("rejected, but accepted by Java: {error}")),
        },
        None => match found {
            Err(error) if is_request => {
                expect_kind(&error, &[ErrorKind::InvalidInput, ErrorKind::Unsupported])
            }
            Err(error) => expect_kind(&error, &[ErrorKind::InvalidResponse]),
            // Accepting more than Java is a documented decision.
            Ok(_) if is_documented(case) => Ok(()),
            Ok(_) => {
                Err("accepted, but rejected by Java and not in docs/differences.md".to_owned())
            }
        },
    }
}

/// Returns whether the case is among the documented differences from the Java SDK.
fn is_documented(case: &Case) -> bool {
    differences().contains(&format!("`{}`", case.id.trim_start_matches("malformed.")))
}

/// Returns the documentation of the differences from the Java SDK.
fn differences() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/differences.md");
        fs::read_to_string(file).expect("the page is in the repository")
    });
    &PAGE
}

/// Checks that an error is of one of `kinds` and has a message.
fn expect_kind(error: &athena_protocol::Error, kinds: &[ErrorKind]) -> Checked {
    if kinds.contains(&error.kind()) && error.message().len() > 10 {
        return Ok(());
    }
    Err(format!("rejected with {:?} {error}, expected one of {kinds:?}", error.kind()))
}

/// Returns the value that Java decodes at version 2 or above, with the composite reader of a
/// connector or else with the newest reader that accepts the document.
fn accepted_by_java(java: &Value) -> Option<&Value> {
    let composite = &java["composite"];
    if composite["outcome"] == "accepted" {
        // Documents that only version 1 accepts need not be accepted, and those with `expectError`
        // are unusable in Java too.
        return (composite["version"] != 1).then(|| composite.get("expect")).flatten();
    }
    ["v6", "v5", "v4", "v3", "v2"].into_iter().find_map(|reader| java[reader].get("expect"))
}

fn check_damaged_object(case: &Case, mut object: Vec<u8>) -> Checked {
    let java = &case.members["java"]["read"];
    let schema = schema(&case.members["schema"])?;
    let decrypted = match key(&case.members)? {
        Some(key) => athena_spill::decrypt_in_place(&key, &mut object),
        None => Ok(()),
    };
    let found = decrypted
        .and_then(|()| decode_batch(&object, &schema))
        .map(|batch| canonical::rows(&batch));
    match found {
        found if java["outcome"] == "accepted" => same(&java["rows"], &found.map_err(text)?),
        Err(error) => expect_kind(&error, &[ErrorKind::InvalidResponse, ErrorKind::InvalidInput]),
        Ok(_) => Ok(()),
    }
}

/// Checks that encoding at `version` and decoding returns the same value.
fn round_trip_request(request: &Request, version: SerdeVersion) -> Checked {
    let written = request.encode(version).map_err(|error| format!("cannot be encoded: {error}"))?;
    let (again, _) = Request::decode(&written)
        .map_err(|error| format!("the encoded form cannot be decoded: {error}"))?;
    same(&canonical::request(request), &canonical::request(&again))
        .map_err(|error| format!("after a round trip, {error}"))?;
    Ok(())
}

fn round_trip_response(response: &Response, version: SerdeVersion) -> Checked {
    let written =
        response.encode(version).map_err(|error| format!("cannot be encoded: {error}"))?;
    let again = Response::decode(&written)
        .map_err(|error| format!("the encoded form cannot be decoded: {error}"))?;
    same(&canonical::response(response), &canonical::response(&again))
        .map_err(|error| format!("after a round trip, {error}"))?;
    Ok(())
}

/// Returns the serde version of a case.
fn version_of(case: &Case) -> Result<SerdeVersion, String> {
    let number = case.serde.and_then(|number| i32::try_from(number).ok());
    Ok(SerdeVersion::negotiate(number.ok_or("the case has no version")?))
}

fn same(expected: &Value, found: &Value) -> Result<(), String> {
    difference(&meaning(expected), &meaning(found)).map_or(Ok(()), Err)
}

fn file(golden: &Golden, members: &Value, name: &str) -> Result<Vec<u8>, String> {
    let path = members[name].as_str().ok_or_else(|| format!("the case names no {name}"))?;
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
