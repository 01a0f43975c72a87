//! Faults in spilled rows.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryArray, Float64Array, RecordBatch, StringArray,
        TimestampMillisecondArray, new_null_array,
    },
    compute::{concat, concat_batches},
    datatypes::{DataType, Float64Type, TimestampMillisecondType},
};
use athena_protocol::{
    Request, Response,
    block::{Framing, encode_batch},
    timestamp_tz::{pack, unpack},
};
use athena_spill::{decode_object, encrypt_in_place};

use super::super::{
    ask::{Is, ask},
    faults::with_column,
    mutant::{Fault, Mutant, mutant, pick},
    source::{
        Honest,
        Level::{Full, None, Partial},
    },
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = blocks();
    mutants.extend(block_rows());
    mutants.extend(values());
    mutants.extend(predicates());
    mutants
}

/// Changes the list of spilled objects.
fn locations(
    change: impl Fn(&mut Vec<athena_protocol::S3SpillLocation>) + Send + Sync + 'static,
) -> Fault {
    Fault::in_response(move |_, _, response| {
        if let Response::RemoteReadRecords(response) = response {
            change(&mut response.remote_blocks);
        }
    })
}

/// Changes the rows of every spilled block; `change` receives its number and the block before.
fn each_block<F>(change: F) -> Fault
where
    F: Fn(usize, Option<&RecordBatch>, RecordBatch) -> RecordBatch + Send + Sync + 'static,
{
    Fault::in_response(move |honest: &Honest, request, response| {
        let (Request::ReadRecords(_), Response::RemoteReadRecords(response)) = (request, response)
        else {
            return;
        };
        let mut before: Option<RecordBatch> = Option::None;
        for (number, block) in response.remote_blocks.iter().enumerate() {
            let bucket = block.bucket.as_deref().expect("a bucket");
            let key = block.key.as_deref().expect("a key");
            let object = honest.store.object(bucket, key).expect("a spilled object");
            let rows = decode_object(object, response.encryption_key.as_ref(), &response.schema)
                .expect("a block");
            let changed = change(number, before.as_ref(), rows.clone());
            let mut object = Vec::new();
            encode_batch(&changed, Framing::Legacy, &mut object).expect("rows of a block");
            if let Some(key) = &response.encryption_key {
                encrypt_in_place(key, &mut object).expect("the key of the block");
            }
            honest.store.set_object(bucket, key, object.into());
            before = Some(rows);
        }
    })
}

fn blocks() -> Vec<Mutant> {
    let kind = "list of spilled blocks is wrong";
    vec![
        mutant(
            kind,
            "last of more than two blocks lost",
            (Numbers, Full),
            locations(|blocks| {
                if blocks.len() > 2 {
                    blocks.pop();
                }
            }),
        )
        .shown_by(ask("ledger").split(0).columns(&["id"]).spilled(300))
        .answered("40 rows, 0 with null", "32 rows, 0 with null"),
        mutant(
            kind,
            "second block has the number of the first",
            (Texts, None),
            locations(|blocks| {
                if let [first, second, ..] = &mut blocks[..] {
                    second.key.clone_from(&first.key);
                }
            }),
        )
        .shown_by(ask("people").split(2).columns(&["id"]).spilled(400))
        .answered("30 rows, 0 with null", "58 rows, 0 with null"),
        mutant(
            kind,
            "blocks numbered from one",
            (Events, Partial),
            Fault::in_response(|honest, _, response| {
                let Response::RemoteReadRecords(response) = response else { return };
                for (number, block) in response.remote_blocks.iter_mut().enumerate().rev() {
                    let bucket = block.bucket.as_deref().expect("a bucket");
                    let key = block.key.as_deref().expect("a key");
                    let object = honest.store.object(bucket, key).expect("a spilled object");
                    let (prefix, _) = key.rsplit_once('.').expect("a number");
                    let key = format!("{prefix}.{}", number + 1);
                    honest.store.set_object(bucket, &key, object);
                    block.key = Some(key);
                }
                // Athena reads the objects from number 0 on.
                response.remote_blocks.pop();
            }),
        )
        .shown_by(ask("files").split(0).spilled(16_000_000))
        .answered("0 1 2 3 4 5 6 7 8 9", ""),
    ]
}

fn block_rows() -> Vec<Mutant> {
    let kind = "rows at the boundary of spilled blocks";
    let state = "block spilled with the state of the block before";
    vec![
        mutant(
            kind,
            "first row of a later block lost",
            (Numbers, Partial),
            each_block(|number, _, rows| {
                rows.slice(number.min(1), rows.num_rows() - number.min(1))
            }),
        )
        .shown_by(ask("ledger").split(0).columns(&["id"]).spilled(400))
        .answered("40 rows, 0 with null", "39 rows, 0 with null"),
        mutant(
            kind,
            "last row of a block is also in the next",
            (Texts, Full),
            each_block(|_, before, rows| match before {
                Some(before) => concat_batches(
                    &rows.schema(),
                    [&before.slice(before.num_rows() - 1, 1), &rows.slice(0, rows.num_rows() - 1)],
                )
                .expect("blocks of one schema"),
                Option::None => rows,
            }),
        )
        .shown_by(ask("people").split(2).when("id", Is::AtMost("101")).spilled(250))
        .answered("90 91 92 93 94 95 96 97 98 99 100 101", "90 91 92 93 94 95 96 97 98 99 99 100"),
        mutant(
            state,
            "texts of the dictionary",
            (Events, Full),
            each_block(|_, before, rows| {
                let Some(before) = before else { return rows };
                let Ok(path) = rows.schema().index_of("path") else { return rows };
                let mut columns = rows.columns().to_vec();
                let old = before.column(path).slice(0, 1);
                let rest = columns[path].slice(1, rows.num_rows() - 1);
                columns[path] = concat(&[old.as_ref(), rest.as_ref()]).expect("texts");
                RecordBatch::try_new(rows.schema(), columns).expect("columns of one length")
            }),
        )
        .shown_by(ask("files").split(1).columns(&["path"]).limit(4).spilled(230))
        .answered(
            "dir1/file10.csv dir2/file11.csv dir0/file12.csv dir1/file13.csv",
            "dir1/file10.csv dir1/file10.csv dir2/file11.csv dir0/file12.csv",
        ),
        mutant(
            state,
            "nulls of real8",
            (Numbers, Full),
            each_block(|number, _, rows| {
                let Ok(column) = rows.schema().index_of("real8") else { return rows };
                if number == 0 {
                    return rows;
                }
                let filled: Float64Array = rows
                    .column(column)
                    .as_primitive::<Float64Type>()
                    .iter()
                    .map(|value| Some(value.unwrap_or_default()))
                    .collect();
                let filled: ArrayRef = Arc::new(filled);
                with_column(&rows, "real8", filled)
            }),
        )
        .shown_by(ask("ledger").split(0).columns(&["real8"]).spilled(400))
        .answered("40 rows, 2 with null", "40 rows, 1 with null"),
    ]
}

/// Changes columns of spilled rows.
fn spilled_values(change: fn(&ArrayRef) -> Option<ArrayRef>) -> Fault {
    Fault::in_rows(move |read, rows| {
        if read.request.max_inline_block_size > 0 || rows.num_columns() == 0 {
            return rows;
        }
        let columns = rows.columns().iter();
        let columns = columns.map(|column| change(column).unwrap_or_else(|| Arc::clone(column)));
        RecordBatch::try_new(rows.schema(), columns.collect()).expect("values of the same types")
    })
}

#[expect(clippy::too_many_lines, reason = "a flat list of independent entries")]
fn values() -> Vec<Mutant> {
    let kind = "spilled values differ from inline values";
    vec![
        mutant(
            kind,
            "instants in seconds",
            (Texts, Full),
            spilled_values(|column| {
                let times = column.as_primitive_opt::<TimestampMillisecondType>()?;
                let seconds: TimestampMillisecondArray = times.unary(|packed| {
                    let (millis, zone) = unpack(packed);
                    pack(millis / 1_000 * 1_000, zone).expect("a representable instant")
                });
                Some(Arc::new(seconds.with_data_type(column.data_type().clone())))
            }),
        )
        .shown_by(
            ask("people")
                .split(0)
                .columns(&["zoned"])
                .when("id", Is::AtMost("1"))
                .spilled(16_000_000),
        )
        .answered(
            "1700000000000@America/New_York 1700000000001@America/New_York",
            "1700000000000@America/New_York 1700000000000@America/New_York",
        ),
        mutant(
            kind,
            "minus zero becomes zero",
            (Numbers, Partial),
            spilled_values(|column| {
                let values = column.as_primitive_opt::<Float64Type>()?;
                let positive: Float64Array = values.unary(|value| value + 0.0);
                Some(Arc::new(positive))
            }),
        )
        .shown_by(
            ask("ledger")
                .split(0)
                .columns(&["real8"])
                .when("id", Is::Equal("3"))
                .spilled(16_000_000),
        )
        .answered("-0", "0"),
        mutant(
            kind,
            "empty text becomes null",
            (Texts, Partial),
            spilled_values(|column| {
                let texts = column.as_string_opt::<i32>()?;
                let texts = texts.iter().map(|text| text.filter(|text| !text.is_empty()));
                Some(Arc::new(texts.collect::<StringArray>()))
            }),
        )
        .shown_by(
            ask("people")
                .split(2)
                .columns(&["note"])
                .when("note", Is::Equal(""))
                .spilled(16_000_000),
        )
        .answered(" -  - ", "- - - - -"),
        mutant(
            kind,
            "bytes end at the first NUL",
            (Texts, Full),
            spilled_values(|column| {
                let bytes = column.as_binary_opt::<i32>()?;
                let cut =
                    |bytes: &[u8]| bytes.iter().copied().take_while(|byte| *byte != 0).collect();
                let cut: Vec<Option<Vec<u8>>> = bytes.iter().map(|bytes| bytes.map(cut)).collect();
                Some(Arc::new(cut.iter().map(Option::as_deref).collect::<BinaryArray>()))
            }),
        )
        .shown_by(
            ask("people")
                .split(2)
                .columns(&["bin"])
                .when("bin", Is::Equal("a\0b"))
                .spilled(16_000_000),
        )
        .answered("610062 610062 610062 610062", "61 61 61 61"),
        mutant(
            kind,
            "empty lists become null",
            (Events, None),
            spilled_values(|column| {
                let DataType::List(_) = column.data_type() else { return Option::None };
                let lists = column.as_list::<i32>();
                let parts: Vec<ArrayRef> = (0..lists.len())
                    .map(|row| {
                        if lists.is_valid(row) && lists.value_length(row) > 0 {
                            column.slice(row, 1)
                        } else {
                            new_null_array(column.data_type(), 1)
                        }
                    })
                    .collect();
                let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
                concat(&parts).ok()
            }),
        )
        .shown_by(
            ask("events")
                .split(0)
                .columns(&["tags"])
                .when("id", Is::Equal("3"))
                .spilled(16_000_000),
        )
        .answered("- [tag_1] [tag_2;-] [] [tag_4] -", "- [tag_1] [tag_2;-] - [tag_4] -"),
    ]
}

fn predicates() -> Vec<Mutant> {
    let kind = "predicate and spilling together";
    let spills = |inline: u64| inline == 0;
    vec![
        mutant(
            kind,
            "last row lost",
            (Numbers, Full),
            Fault::in_rows(move |read, rows| {
                let lost = spills(read.request.max_inline_block_size)
                    && !read.request.constraints.summary.is_empty();
                rows.slice(0, rows.num_rows().saturating_sub(usize::from(lost)))
            }),
        )
        .shown_by(ask("ledger").split(0).when("amount", Is::Between("1", "3")).spilled(16_000_000))
        .answered("1 2", "1"),
        mutant(
            kind,
            "a limit is ignored",
            (Texts, Full),
            Fault::in_read(move |read| {
                if spills(read.max_inline_block_size) && read.constraints.order_by.is_empty() {
                    read.constraints.limit = Option::None;
                }
            }),
        )
        .shown_by(ask("people").split(2).limit(2).spilled(16_000_000))
        .answered("90 91", "30 rows, 0 with null"),
        mutant(
            kind,
            "rows in another order are cut",
            (Numbers, Full),
            Fault::in_rows(move |read, rows| {
                let ordered = !read.request.constraints.order_by.is_empty();
                if !(ordered && spills(read.request.max_inline_block_size)) {
                    return rows;
                }
                let kept: Vec<usize> = (0..rows.num_rows().saturating_sub(1)).collect();
                pick(&rows, &kept)
            }),
        )
        .shown_by(
            ask("ledger")
                .split(0)
                .order("amount", athena_protocol::predicate::Direction::AscNullsLast)
                .limit(3)
                .spilled(16_000_000),
        )
        .answered("31 22 13", "31 22"),
    ]
}
