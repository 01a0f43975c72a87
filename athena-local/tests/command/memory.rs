//! How much memory the command itself takes for a query that reads far more than it may hold.

use std::{
    fs::{self, File},
    process::Stdio,
    time::Duration,
};

use super::{bytes_received, command};

/// The largest block, so that everything is spilled, and in many.
const BLOCK: u64 = 1_000_000;
/// The defaults of `--concurrency` and of `ClientOptions::blocks_ahead`.
const CONCURRENCY: u64 = 4;
const BLOCKS_AHEAD: u64 = 2;
/// What blocks take beside themselves: those that functions are putting into the stand-in of S3,
/// and what the allocator keeps. 12 to 23 MB were measured; where whole splits were fetched ahead
/// it was 100 MB more.
const REST: u64 = 44_000_000;

/// All columns of the rows of `bench.wide16` that `filter` keeps: what was printed, bytes received,
/// most bytes of memory.
fn read(filter: &str) -> (String, f64, u64) {
    let sql = format!(
        "SELECT count(*), sum(id), count(b1), count(i1), count(s1), count(d1), count(dd), count(v8), count(v48), \
         count(b2) + count(i2) + count(f) + count(d2) + count(m) + count(dm) + count(v16) + count(v24) > 0 \
         FROM bench.bench.wide16 {filter}"
    );
    let block = BLOCK.to_string();
    let concurrency = CONCURRENCY.to_string();
    let folder = tempfile::tempdir().unwrap();
    let (rows, said) = (folder.path().join("rows"), folder.path().join("said"));
    let arguments = [
        "query",
        &sql,
        "--connector",
        "bench=cargo:connectors/bench",
        "--format",
        "csv",
        "--explain",
    ];
    let sizes = ["--max-block-size", &block, "--max-inline", "0", "--concurrency", &concurrency];
    let mut query = command(&arguments)
        .args(sizes)
        .stdout(Stdio::from(File::create(&rows).unwrap()))
        .stderr(Stdio::from(File::create(&said).unwrap()))
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        // Gone once the process has ended.
        peak = high_water_mark(query.id()).unwrap_or(peak);
        if let Some(status) = query.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let said = fs::read_to_string(said).unwrap();
    assert!(status.success(), "{said}");
    (fs::read_to_string(rows).unwrap(), bytes_received(&said), peak)
}

/// The most that was ever resident of a process, in bytes.
fn high_water_mark(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1_024)
}

#[test]
fn a_table_is_read_in_the_memory_of_the_blocks_that_are_ahead() {
    let (_, few, least) = read("WHERE id < 1000");
    let (rows, all, peak) = read("");
    println!("memory: {least} bytes at most for {few} received, {peak} for {all}");
    let n = 1_000_000_u64;
    let values =
        [n, n * (n - 1) / 2, n, n, n, n, n, n, n].map(|value| format!("\"{value}\",")).concat();
    assert_eq!(rows.lines().nth(1).unwrap(), format!("{values}\"true\""));
    assert!(least > 0, "the system tells");
    assert!(few < 1e6 && all > 180e6, "{few} and {all} bytes were received");
    // Of each split: the blocks ahead, the one that is next, and the one that the engine has.
    let blocks = CONCURRENCY * (BLOCKS_AHEAD + 2) * BLOCK;
    assert!(peak < least + blocks + REST, "{peak} bytes, and {least} for a thousand rows");
}
