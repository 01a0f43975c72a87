//! Writes the seed corpus: `seeds GOLDEN SEEDS` converts the recorded files below `GOLDEN` to a
//! folder below `SEEDS` for each target.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{array::new_null_array, record_batch::RecordBatch};
use athena_fuzz::{RUNTIME, join_block, key, list_tables, schema, ten_tables};
use athena_protocol::{
    Request, Response,
    block::{Framing, encode_batch, encode_schema},
};

fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(golden), Some(seeds)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: seeds GOLDEN SEEDS"));
    };
    let mut written = BTreeMap::<&str, usize>::new();
    let mut write = |target: &'static str, bytes: &[u8]| {
        let number = written.entry(target).or_default();
        *number += 1;
        fs::create_dir_all(seeds.join(target))?;
        fs::write(seeds.join(target).join(format!("{number:04}")), bytes)
    };
    for path in files(&golden)? {
        let bytes = fs::read(&path)?;
        let name = path.to_string_lossy();
        if name.contains("/errors/") {
            write("function_error", &bytes)?;
        }
        if !name.ends_with(".json") {
            continue;
        }
        if Request::decode(&bytes).is_ok() || name.ends_with(".request.json") {
            write("request", &bytes)?;
            write("handler", &bytes)?;
        }
        let Ok(response) = Response::decode(&bytes) else { continue };
        write("response", &bytes)?;
        if let Response::ReadRecords(answer) = response {
            for framing in [Framing::Legacy, Framing::Modern] {
                write("block", &block(&answer.records, framing)?)?;
            }
        }
    }
    for rows in [1, 3] {
        let columns =
            schema().fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect();
        let batch = RecordBatch::try_new(schema(), columns).map_err(io::Error::other)?;
        let mut object = Vec::new();
        encode_batch(&batch, Framing::Legacy, &mut object).map_err(io::Error::other)?;
        write("spill_object", &object)?;
        write("block", &block(&batch, Framing::Legacy)?)?;
        athena_spill::encrypt_in_place(&key(), &mut object).map_err(io::Error::other)?;
        write("spill_object", &object)?;
    }
    write("token", b"eyJjIjoiMyIsImIiOiJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIn0")?;
    let first = RUNTIME
        .block_on(ten_tables().handle(&list_tables(None), None))
        .map_err(io::Error::other)?;
    if let Ok(Response::ListTables(page)) = Response::decode(&first) {
        write("token", page.next_token.unwrap_or_default().as_bytes())?;
    }
    println!("{written:?}");
    Ok(())
}

fn block(batch: &RecordBatch, framing: Framing) -> io::Result<Vec<u8>> {
    let schema =
        encode_schema(&Arc::clone(batch.schema_ref()), framing).map_err(io::Error::other)?;
    let mut block = Vec::new();
    encode_batch(batch, framing, &mut block).map_err(io::Error::other)?;
    Ok(join_block(&schema, &block))
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files.extend(self::files(&path)?) } else { files.push(path) }
    }
    files.sort();
    Ok(files)
}
