//! Reads of a split, inline or spilled, with checks of the response on the way.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    datatypes::{Schema, SchemaRef},
    record_batch::RecordBatch,
};
use athena_client::schema_mismatch;
use athena_protocol::{
    Constraints, MAX_PAYLOAD_BYTES, Request, Response, Split, TableName,
    message::{ReadRecordsRequest, RemoteReadRecordsResponse},
};
use athena_spill::decode_object;
use bytes::Bytes;

use super::{
    Kind,
    client::{Client, Exchange, wrong_answer},
    report::Fault,
};
use crate::oracle::{Cell, Row};

/// Read of one split.
#[derive(Debug, Clone)]
pub(crate) struct Read<'a> {
    pub(crate) table: &'a TableName,
    /// Requested columns, with the metadata of the table.
    pub(crate) schema: SchemaRef,
    pub(crate) split: &'a Split,
    pub(crate) constraints: &'a Constraints,
    pub(crate) max_block_size: u64,
    pub(crate) max_inline_size: u64,
    /// Limits on the rows kept.
    pub(crate) budget: Budget,
}

/// Limits on the rows kept in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Budget {
    /// Budget of rows that are known to fit.
    pub(crate) const UNLIMITED: Self = Self { rows: usize::MAX - 1, bytes: usize::MAX };

    /// Returns the budget that is left after use.
    pub(crate) fn minus(self, rows: usize, bytes: usize) -> Self {
        Self { rows: self.rows.saturating_sub(rows), bytes: self.bytes.saturating_sub(bytes) }
    }

    /// Returns the smaller of each limit.
    pub(crate) fn min(self, other: Self) -> Self {
        Self { rows: self.rows.min(other.rows), bytes: self.bytes.min(other.bytes) }
    }
}

/// Result of a read.
#[derive(Debug, Default)]
pub(crate) struct ReadResult {
    /// Rows, in the requested columns; empty if no columns are requested.
    pub(crate) rows: Vec<Row>,
    /// Number of rows in the response, more than `rows` has if it is truncated.
    pub(crate) count: usize,
    /// Approximate size of the rows in memory.
    pub(crate) bytes: usize,
    /// Size of the values without padding and headers.
    pub(crate) value_bytes: usize,
    /// Number of spilled objects.
    pub(crate) objects: usize,
    /// Size of the longest spilled object in bytes.
    pub(crate) longest_object: usize,
    /// Whether rows are missing, because they exceed the budget or there is no store.
    pub(crate) is_truncated: bool,
    /// Faults of the response that do not prevent reading it.
    pub(crate) faults: Vec<Fault>,
}

/// Block size in Athena's requests, in bytes.
pub(crate) const MAX_BLOCK: u64 = 16_000_000;

impl Client {
    pub(super) fn read_request(&self, read: &Read<'_>) -> Request {
        Request::ReadRecords(ReadRecordsRequest {
            identity: Some(Self::identity()),
            query_id: self.query_id.clone(),
            catalog_name: self.catalog.clone(),
            table_name: read.table.clone(),
            schema: Arc::clone(&read.schema),
            split: read.split.clone(),
            constraints: read.constraints.clone(),
            max_block_size: read.max_block_size,
            max_inline_block_size: read.max_inline_size,
        })
    }

    /// Reads a split, and checks how its rows are returned.
    pub(crate) async fn read(&self, read: &Read<'_>) -> Result<Exchange<ReadResult>, Fault> {
        let Exchange { request, response } = self.call(&self.read_request(read)).await?;
        let result = match response {
            Response::ReadRecords(response) => inline(&request, read, &response.records)?,
            Response::RemoteReadRecords(response) => self.spilled(&request, read, response).await?,
            other => return Err(wrong_answer(&request, &other, "ReadRecords")),
        };
        Ok(Exchange { request, response: result })
    }

    async fn spilled(
        &self,
        request: &Bytes,
        read: &Read<'_>,
        response: RemoteReadRecordsResponse,
    ) -> Result<ReadResult, Fault> {
        check_columns(request, &read.schema, &response.schema)?;
        let mut result = ReadResult::default();
        result.faults.extend(location_fault(request, read.split, &response)?);
        let Some(store) = &self.store else {
            result.is_truncated = true;
            return Ok(result);
        };
        for location in &response.remote_blocks {
            if result.is_truncated {
                break;
            }
            let unreadable = |reason: String| {
                let key = location.key.as_deref().unwrap_or_default();
                let message = format!("spilled object {key:?} cannot be read: {reason}");
                Fault::new(Kind::ObjectUnreadable, request, message)
            };
            let (Some(bucket), Some(key)) = (&location.bucket, &location.key) else {
                return Err(unreadable("its location lacks the bucket or the key".to_owned()));
            };
            let object =
                store.get(bucket, key).await.map_err(|error| unreadable(error.to_string()))?;
            result.objects += 1;
            result.longest_object = result.longest_object.max(object.len());
            if object.len() as u64 > read.max_block_size && read.max_block_size > 0 {
                let message = format!(
                    "an object has {} bytes, at most {} are allowed",
                    object.len(),
                    read.max_block_size
                );
                result.faults.push(Fault::new(Kind::BlockTooLarge, request, message));
            }
            let batch = decode_object(object, response.encryption_key.as_ref(), &response.schema)
                .map_err(|error| unreadable(error.to_string()))?;
            result.add(request, read, &batch);
        }
        Ok(result)
    }
}

fn inline(request: &Bytes, read: &Read<'_>, batch: &RecordBatch) -> Result<ReadResult, Fault> {
    check_columns(request, &read.schema, &batch.schema())?;
    let mut result = ReadResult::default();
    let size = value_bytes(batch);
    let most = read.max_inline_size.min(MAX_PAYLOAD_BYTES as u64);
    let can_spill = read.split.spill_location.is_some();
    if can_spill && batch.num_rows() > 0 && size as u64 > most {
        let message = format!(
            "{} rows of at least {size} bytes are returned inline, at most {most} are allowed",
            batch.num_rows()
        );
        result.faults.push(Fault::new(Kind::InlineTooLarge, request, message));
    }
    result.add(request, read, batch);
    Ok(result)
}

/// Returns the size of the values without padding and headers, a lower bound for every encoder.
fn value_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum()
}

impl ReadResult {
    fn add(&mut self, request: &Bytes, read: &Read<'_>, batch: &RecordBatch) {
        self.count += batch.num_rows();
        if read.schema.fields().is_empty() {
            return;
        }
        if let Some(message) = illegal_value(batch, &read.schema) {
            self.faults.push(Fault::new(Kind::InvalidValue, request, message));
        }
        let cells = batch.num_rows() * batch.num_columns() * size_of::<Cell>();
        let values = value_bytes(batch);
        self.value_bytes = self.value_bytes.saturating_add(values);
        self.bytes = self.bytes.saturating_add(values + cells);
        self.is_truncated |= self.count > read.budget.rows || self.bytes > read.budget.bytes;
        if !self.is_truncated {
            self.rows.extend(Cell::rows(batch));
        }
    }
}

/// Compares the columns. A response to a read without columns may have any.
fn check_columns(request: &Bytes, expected: &SchemaRef, got: &SchemaRef) -> Result<(), Fault> {
    match schema_mismatch(expected, got) {
        Some(message) if !expected.fields().is_empty() => {
            Err(Fault::new(Kind::AnswerColumnsWrong, request, message))
        }
        _ => Ok(()),
    }
}

/// Checks the key and the locations of spilled objects without reading them; an error means that
/// reading them is pointless.
fn location_fault(
    request: &Bytes,
    split: &Split,
    response: &RemoteReadRecordsResponse,
) -> Result<Option<Fault>, Fault> {
    if response.encryption_key != split.encryption_key {
        return Err(Fault::new(
            Kind::KeyChanged,
            request,
            "the encryption key of the response is not that of its split",
        ));
    }
    let own = split
        .spill_location
        .as_ref()
        .and_then(|location| Some((location.bucket.as_deref()?, location.key.as_deref()?)));
    let mut names = Vec::new();
    for location in &response.remote_blocks {
        let key = location.key.as_deref().unwrap_or_default();
        let inside = own.filter(|(bucket, _)| location.bucket.as_deref() == Some(bucket));
        let name = inside.and_then(|(_, folder)| key.strip_prefix(folder));
        let Some(name) = name.filter(|name| name.starts_with(['.', '/'])) else {
            let bucket = location.bucket.as_deref().unwrap_or_default();
            let message = format!(
                "rows are spilled to s3://{bucket}/{key}, outside the location of their split"
            );
            return Err(Fault::new(Kind::SpilledElsewhere, request, message));
        };
        names.push(name);
    }
    Ok((!numbered(&names)).then(|| {
        let message = format!("{} objects are not numbered consecutively from 0", names.len());
        Fault::new(Kind::ObjectsMisnumbered, request, message)
    }))
}

/// Returns whether `names` are `.0`, `.1`, ... in any order, after one stem: an attempt may have
/// its own.
fn numbered(names: &[&str]) -> bool {
    let parts = names.iter().map(|name| name.rsplit_once('.'));
    let stems: BTreeSet<_> = parts.clone().map(|part| part.map(|(stem, _)| stem)).collect();
    let numbers: BTreeSet<_> =
        parts.map(|part| part.and_then(|(_, number)| number.parse::<usize>().ok())).collect();
    stems.len() <= 1 && numbers == (0..names.len()).map(Some).collect()
}

/// Describes a value that is illegal in its column, without the value itself.
fn illegal_value(batch: &RecordBatch, schema: &Schema) -> Option<String> {
    use arrow::{
        array::{Array as _, AsArray as _},
        datatypes::{DataType, Decimal128Type, TimeUnit, TimestampMillisecondType},
    };
    batch.columns().iter().zip(schema.fields()).find_map(|(column, field)| {
        if !field.is_nullable() && column.null_count() > 0 {
            return Some(format!("column {:?} is not nullable and holds nulls", field.name()));
        }
        match column.data_type() {
            DataType::Decimal128(precision, _) => {
                let most = 10_u128.checked_pow(u32::from(*precision))?;
                let mut digits = column.as_primitive::<Decimal128Type>().iter().flatten();
                digits.any(|digits| digits.unsigned_abs() >= most).then(|| {
                    format!(
                        "column {:?} holds a decimal of more than {precision} digits",
                        field.name()
                    )
                })
            }
            DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => {
                let mut values = column.as_primitive::<TimestampMillisecondType>().iter().flatten();
                values
                    .any(|packed| athena_protocol::timestamp_tz::unpack(packed).1.name().is_none())
                    .then(|| {
                        format!("column {:?} holds a timestamp with an unknown zone", field.name())
                    })
            }
            _ => None,
        }
    })
}
