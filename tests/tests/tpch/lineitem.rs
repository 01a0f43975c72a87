//! All of `lineitem`, spilled: no row is lost or changed, and the objects are as Athena expects
//! them.

use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

use arrow::{
    array::ArrayRef,
    compute::cast,
    datatypes::{DataType, SchemaRef},
    record_batch::RecordBatch,
    row::{RowConverter, SortField},
};
use athena_engine::PushdownMode;
use athena_protocol::{EncryptionKey, Response, message::RemoteReadRecordsResponse};
use athena_spill::decode_object;
use bytes::Bytes;

use super::{Wire, everything_spills, reference, scale};

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_spilled_once_in_numbered_encrypted_objects_of_bounded_size() {
    let (schema, factor) = scale();
    let mut expected = Checksum::default();
    for batch in reference::lineitem(factor) {
        expected.add(&batch.unwrap());
    }

    let wire = Wire::open().await;
    let options = everything_spills();
    let max_block_size = options.max_block_size;
    let engine = wire.engine(PushdownMode::Full, options);
    let query = engine.query("select * from lineitem").await.unwrap();
    let mut found = Checksum::default();
    let mut rows = query.execute().unwrap();
    while let Some(batch) = rows.next().await.unwrap() {
        found.add(&batch);
    }
    assert_eq!(found, expected);

    let answers: Vec<_> = wire.answers().iter().filter_map(|answer| spilled(answer)).collect();
    let bucket = wire.s3.root().join(wire.s3.spill_bucket());
    let objects = files(&bucket);
    assert_eq!(
        objects.len(),
        answers.iter().map(|answer| answer.remote_blocks.len()).sum::<usize>()
    );
    let mut rows = 0;
    let mut largest = 0;
    let mut bytes = 0;
    for answer in &answers {
        let key = answer.encryption_key.as_ref().expect("objects are encrypted by default");
        let mut directory = None;
        for (number, block) in answer.remote_blocks.iter().enumerate() {
            let name = block.key.as_deref().unwrap();
            let (split, suffix) = name.rsplit_once('.').unwrap();
            assert_eq!(suffix, number.to_string(), "{name}");
            assert_eq!(
                *directory.get_or_insert(split),
                split,
                "the objects of a split have one prefix"
            );
            let size = objects[name];
            largest = largest.max(size);
            bytes += size;
            let object = Bytes::from(fs::read(bucket.join(name)).unwrap());
            rows += decode_object(object.clone(), Some(key), &answer.schema).unwrap().num_rows();
            let other = EncryptionKey { key: vec![0; key.key.len()], nonce: key.nonce.clone() };
            assert!(decode_object(object.clone(), Some(&other), &answer.schema).is_err());
            assert!(decode_object(object, None, &answer.schema).is_err());
        }
    }
    assert_eq!(rows as u64, expected.rows);
    assert!(largest <= max_block_size, "an object has {largest} bytes");

    let memory = wire.function.function.peak_memory();
    println!(
        "{schema}.lineitem: {} rows of {} columns with equal checksums; \
         {} objects, {bytes} bytes, the largest {largest}; \
         peak memory of a connector {} bytes",
        found.rows,
        found.columns.len(),
        objects.len(),
        memory.map_or("unknown".to_owned(), |bytes| bytes.to_string()),
    );
}

fn spilled(answer: &[u8]) -> Option<RemoteReadRecordsResponse> {
    match Response::decode(answer) {
        Ok(Response::RemoteReadRecords(answer)) => Some(answer),
        _ => None,
    }
}

/// Returns the size of every object by its key.
fn files(bucket: &Path) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut folders = vec![bucket.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(bucket).unwrap().to_str().unwrap().to_owned();
                found.insert(key, fs::metadata(&path).unwrap().len());
            }
        }
    }
    found
}

/// Checksums of each column and of the whole rows, independent of the order of the rows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Checksum {
    rows: u64,
    whole: u64,
    columns: Vec<(String, u64)>,
}

impl Checksum {
    fn add(&mut self, batch: &RecordBatch) {
        let columns: Vec<ArrayRef> = batch.columns().iter().map(plain).collect();
        self.rows += batch.num_rows() as u64;
        self.whole = self.whole.wrapping_add(sum(&columns));
        self.columns.resize_with(columns.len(), Default::default);
        let schema: SchemaRef = batch.schema();
        for ((field, column), (name, so_far)) in
            schema.fields().iter().zip(columns).zip(&mut self.columns)
        {
            name.clone_from(field.name());
            *so_far = so_far.wrapping_add(sum(&[column]));
        }
    }
}

/// Casts the generator's string views to strings, their type on the wire.
fn plain(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Utf8View => cast(column, &DataType::Utf8).unwrap(),
        _ => ArrayRef::clone(column),
    }
}

fn sum(columns: &[ArrayRef]) -> u64 {
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let rows = RowConverter::new(fields).unwrap().convert_columns(columns).unwrap();
    let hash = |row: arrow::row::Row<'_>| {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        hasher.finish()
    };
    rows.iter().fold(0, |sum, row| sum.wrapping_add(hash(row)))
}
