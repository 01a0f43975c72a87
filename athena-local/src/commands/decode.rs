//! The `decode` command.

use std::{io::Write as _, path::Path};

use anyhow::{Context as _, bail};
use athena_client::canonical;
use athena_protocol::{EncryptionKey, Request, Response, block, error::FunctionError};
use athena_spill::decode_object;
use bytes::Bytes;

use super::Usage;
use crate::{cli::DecodeCommand, output::Spool};

/// Runs the command.
pub(super) fn run(command: &DecodeCommand) -> anyhow::Result<()> {
    let bytes = read(&command.file)?;
    let json = match &command.schema {
        None => message(&bytes).with_context(|| {
            format!(
                "{} is not a message; \
                 add --schema, and --key and --nonce if encrypted, to decode a spilled object",
                command.file.display()
            )
        })?,
        Some(schema) => {
            let schema = schema_of(&read(schema)?)
                .with_context(|| format!("{} contains no schema", schema.display()))?;
            let batch = decode_object(Bytes::from(bytes), key(command)?.as_ref(), &schema)?;
            canonical::block(&batch)
        }
    };
    let mut out = Spool::default();
    writeln!(out, "{}", serde_json::to_string_pretty(&json)?)?;
    out.release(&mut std::io::stdout().lock()).context("cannot write to standard output")
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn message(bytes: &[u8]) -> anyhow::Result<serde_json::Value> {
    match (Request::decode(bytes), Response::decode(bytes)) {
        (Ok((request, _)), _) => Ok(canonical::request(&request)),
        (Err(_), Ok(response)) => Ok(canonical::response(&response)),
        (Err(request), Err(response)) => match FunctionError::decode(bytes) {
            Ok(error) if error.error_type.is_some() || error.error_message.is_some() => {
                Ok(canonical::function_error(&error))
            }
            _ => bail!(
                "as a request: {request}; as a response: {response}; \
                 nor is it the error document of a function"
            ),
        },
    }
}

/// Returns the schema in a message that contains one, or in base64.
fn schema_of(bytes: &[u8]) -> anyhow::Result<arrow::datatypes::SchemaRef> {
    if let Ok((Request::ReadRecords(request), _)) = Request::decode(bytes) {
        return Ok(request.schema);
    }
    match Response::decode(bytes) {
        Ok(Response::RemoteReadRecords(response)) => return Ok(response.schema),
        Ok(Response::GetTable(response)) => return Ok(response.schema),
        Ok(Response::ReadRecords(response)) => return Ok(response.records.schema()),
        Ok(other) => bail!("a {} contains no schema of records", other.type_name()),
        Err(_) => {}
    }
    Ok(block::decode_schema(&base64(bytes)?)?)
}

fn key(command: &DecodeCommand) -> anyhow::Result<Option<EncryptionKey>> {
    match (&command.key, &command.nonce) {
        (None, None) => Ok(None),
        (Some(key), Some(nonce)) => Ok(Some(EncryptionKey {
            key: base64(key.as_bytes())?,
            nonce: base64(nonce.as_bytes())?,
        })),
        _ => Err(Usage("--key and --nonce have to be used together".to_owned()).into()),
    }
}

fn base64(text: &[u8]) -> anyhow::Result<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(text.trim_ascii()).context("not base64")
}
