//! Reading a split: wherever its rows are, as rows of cells, with everything on the way looked at.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    datatypes::{Schema, SchemaRef},
    record_batch::RecordBatch,
};
use athena_protocol::{
    Constraints, MAX_PAYLOAD_BYTES, Request, Response, Split, TableName,
    message::{ReadRecordsRequest, RemoteReadRecordsResponse},
};
use athena_spill::decode_object;
use bytes::Bytes;

use super::{
    Kind,
    caller::{Caller, Exchange, wrong_answer},
    report::Fault,
};
use crate::oracle::{Cell, Row};
use athena_client::schema_mismatch;

/// One read.
#[derive(Debug, Clone)]
pub(crate) struct Read<'a> {
    pub(crate) table: &'a TableName,
    /// The columns wanted, with the table's metadata.
    pub(crate) schema: SchemaRef,
    pub(crate) split: &'a Split,
    pub(crate) constraints: &'a Constraints,
    pub(crate) max_block_size: u64,
    pub(crate) max_inline_size: u64,
    /// What is fetched.
    pub(crate) room: Room,
}

/// How much may be kept in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Room {
    /// For what is known to fit.
    pub(crate) const UNLIMITED: Self = Self { rows: usize::MAX - 1, bytes: usize::MAX };

    /// What is left when some of it was taken.
    pub(crate) fn without(self, rows: usize, bytes: usize) -> Self {
        Self { rows: self.rows.saturating_sub(rows), bytes: self.bytes.saturating_sub(bytes) }
    }
}

/// What a read brought.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    /// The rows, of the columns that were asked for.
    pub(crate) rows: Vec<Row>,
    /// How many there are; more than `rows` if they were too many.
    pub(crate) count: usize,
    /// Bytes that they take in memory, about.
    pub(crate) bytes: usize,
    /// Bytes of the longest object.
    pub(crate) longest: usize,
    /// Whether there are more than were fetched.
    pub(crate) is_cut: bool,
    /// What is wrong with how they came.
    pub(crate) faults: Vec<Fault>,
}

/// Sizes as Athena has them.
pub(crate) const MAX_BLOCK: u64 = 16_000_000;
pub(crate) const MAX_INLINE: u64 = 5_242_880;

impl Caller {
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

    /// Reads a split, and says what is wrong with how its rows came.
    pub(crate) async fn read(&self, read: &Read<'_>) -> Result<Exchange<Brought>, Fault> {
        let Exchange { request, answer } = self.ask(&self.read_request(read)).await?;
        let rows = match answer {
            Response::ReadRecords(answer) => inline(&request, read, &answer.records)?,
            Response::RemoteReadRecords(answer) => self.spilled(&request, read, answer).await?,
            other => return Err(wrong_answer(&request, &other, "ReadRecords")),
        };
        Ok(Exchange { request, answer: rows })
    }

    async fn spilled(
        &self,
        request: &Bytes,
        read: &Read<'_>,
        answer: RemoteReadRecordsResponse,
    ) -> Result<Brought, Fault> {
        check_columns(request, &read.schema, &answer.schema)?;
        let mut rows = Brought::default();
        rows.faults.extend(place_fault(request, read.split, &answer)?);
        let Some(store) = &self.store else {
            rows.is_cut = true;
            return Ok(rows);
        };
        for location in &answer.remote_blocks {
            if rows.is_cut {
                break;
            }
            let unreadable = |why: String| {
                let key = location.key.as_deref().unwrap_or_default();
                Fault::new(
                    Kind::ObjectUnreadable,
                    request,
                    format!("object {key:?} of an answer: {why}"),
                )
            };
            let (Some(bucket), Some(key)) = (&location.bucket, &location.key) else {
                return Err(unreadable("it has no bucket or no key".to_owned()));
            };
            let object =
                store.get(bucket, key).await.map_err(|error| unreadable(error.to_string()))?;
            rows.longest = rows.longest.max(object.len());
            if object.len() as u64 > read.max_block_size && read.max_block_size > 0 {
                let sentence = format!(
                    "an object has {} bytes, at most {} allowed",
                    object.len(),
                    read.max_block_size
                );
                rows.faults.push(Fault::new(Kind::BlockTooLarge, request, sentence));
            }
            let batch = decode_object(object, answer.encryption_key.as_ref(), &answer.schema)
                .map_err(|error| unreadable(error.to_string()))?;
            rows.add(request, read, &batch);
        }
        Ok(rows)
    }
}

fn inline(request: &Bytes, read: &Read<'_>, batch: &RecordBatch) -> Result<Brought, Fault> {
    check_columns(request, &read.schema, &batch.schema())?;
    let mut rows = Brought::default();
    let size = value_bytes(batch);
    let most = read.max_inline_size.min(MAX_PAYLOAD_BYTES as u64);
    let can_spill = read.split.spill_location.is_some();
    if can_spill && batch.num_rows() > 0 && size as u64 > most {
        let sentence = format!(
            "{} rows of {size} bytes or more came inline, at most {most} allowed",
            batch.num_rows()
        );
        rows.faults.push(Fault::new(Kind::InlineTooLarge, request, sentence));
    }
    rows.add(request, read, batch);
    Ok(rows)
}

/// What the values take, without padding and headers: the least that any peer counts.
fn value_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum()
}

impl Brought {
    fn add(&mut self, request: &Bytes, read: &Read<'_>, batch: &RecordBatch) {
        self.count += batch.num_rows();
        if read.schema.fields().is_empty() {
            return;
        }
        if let Some(sentence) = illegal_value(batch, &read.schema) {
            self.faults.push(Fault::new(Kind::ValueIllegal, request, sentence));
        }
        let cells = batch.num_rows() * batch.num_columns() * size_of::<Cell>();
        self.bytes = self.bytes.saturating_add(value_bytes(batch) + cells);
        self.is_cut |= self.count > read.room.rows || self.bytes > read.room.bytes;
        if !self.is_cut {
            self.rows.extend(Cell::rows(batch));
        }
    }
}

/// Asked for no columns, a function may answer any.
fn check_columns(request: &Bytes, expected: &SchemaRef, got: &SchemaRef) -> Result<(), Fault> {
    match schema_mismatch(expected, got) {
        Some(sentence) if !expected.fields().is_empty() => {
            Err(Fault::new(Kind::AnswerColumnsWrong, request, sentence))
        }
        _ => Ok(()),
    }
}

/// What is wrong with the places and the key of an answer, without looking into the objects; an
/// error if looking into them is of no use.
fn place_fault(
    request: &Bytes,
    split: &Split,
    answer: &RemoteReadRecordsResponse,
) -> Result<Option<Fault>, Fault> {
    if answer.encryption_key != split.encryption_key {
        return Err(Fault::new(
            Kind::KeyChanged,
            request,
            "the key of the answer is not that of its split",
        ));
    }
    let place = split.spill_location.as_ref();
    let own = place
        .and_then(|place| Some((place.bucket.as_deref()?, format!("{}.", place.key.as_deref()?))));
    let mut numbers = BTreeSet::new();
    for location in &answer.remote_blocks {
        let key = location.key.as_deref().unwrap_or_default();
        let inside = own.as_ref().filter(|(bucket, _)| location.bucket.as_deref() == Some(bucket));
        let Some(number) = inside.and_then(|(_, prefix)| key.strip_prefix(prefix.as_str())) else {
            let bucket = location.bucket.as_deref().unwrap_or_default();
            let sentence = format!(
                "rows are at s3://{bucket}/{key}, which is not where their split spills to"
            );
            return Err(Fault::new(Kind::SpilledElsewhere, request, sentence));
        };
        numbers.insert(number.parse::<usize>().ok());
    }
    let expected: BTreeSet<_> = (0..answer.remote_blocks.len()).map(Some).collect();
    Ok((numbers != expected).then(|| {
        let sentence =
            format!("{} objects are not numbered from 0 without a gap", answer.remote_blocks.len());
        Fault::new(Kind::ObjectsMisnumbered, request, sentence)
    }))
}

/// A value that no value of its column can be, without saying the value.
fn illegal_value(batch: &RecordBatch, schema: &Schema) -> Option<String> {
    use arrow::{
        array::{Array as _, AsArray as _},
        datatypes::{DataType, Decimal128Type, TimeUnit, TimestampMillisecondType},
    };
    batch.columns().iter().zip(schema.fields()).find_map(|(column, field)| {
        if !field.is_nullable() && column.null_count() > 0 {
            return Some(format!("column {:?} holds nulls and is said to have none", field.name()));
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
                    .then(|| format!("column {:?} holds a time with an unknown zone", field.name()))
            }
            _ => None,
        }
    })
}
