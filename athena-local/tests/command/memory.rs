//! Peak memory of the command for a query that reads far more than fits.

use std::{
    fs::{self, File},
    process::Stdio,
    time::Duration,
};

use super::{bytes_received, command};

/// Maximum block size, so that all rows are spilled, in many blocks.
const BLOCK: u64 = 1_000_000;
/// The defaults of `--concurrency` and of `ClientOptions::blocks_ahead`.
const CONCURRENCY: u64 = 4;
const BLOCKS_AHEAD: u64 = 2;
/// Allowance for blocks that functions are writing to the S3 stand-in, and for memory that the
/// allocator retains. 12 to 23 MB were measured, and 100 MB more when whole splits were fetched in
/// advance.
const REST: u64 = 44_000_000;

/// Reads all columns of `bench.wide16` under `filter`. Returns the output, the bytes received, and
/// the peak memory in bytes.
fn read(filter: &str) -> (String, f64, u64) {
    let sql = format!(
        "SELECT count(*), sum(id), count(b1), count(i1), count(s1), count(d1), count(dd), \
         count(v8), count(v48), count(b2) + count(i2) + count(f) + count(d2) + count(m) \
         + count(dm) + count(v16) + count(v24) > 0 FROM bench.bench.wide16 {filter}"
    );
    let block = BLOCK.to_string();
    let concurrency = CONCURRENCY.to_string();
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("rows");
    let stderr = folder.path().join("stderr");
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
        .stderr(Stdio::from(File::create(&stderr).unwrap()))
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
    let stderr = fs::read_to_string(stderr).unwrap();
    assert!(status.success(), "{stderr}");
    (fs::read_to_string(rows).unwrap(), bytes_received(&stderr), peak)
}

/// Returns the peak resident set of a process in bytes.
fn high_water_mark(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1_024)
}

#[test]
fn memory_is_bounded_by_the_blocks_fetched_in_advance() {
    let (_, few, least) = read("WHERE id < 1000");
    let (rows, all, peak) = read("");
    println!("memory: {least} bytes at most for {few} received, {peak} for {all}");
    let n = 1_000_000_u64;
    let values =
        [n, n * (n - 1) / 2, n, n, n, n, n, n, n].map(|value| format!("\"{value}\",")).concat();
    assert_eq!(rows.lines().nth(1).unwrap(), format!("{values}\"true\""));
    assert!(least > 0, "the system reports no peak memory");
    assert!(few < 1e6 && all > 180e6, "{few} and {all} bytes were received");
    // Per split: the blocks fetched in advance, the next one, and the one in the engine.
    let blocks = CONCURRENCY * (BLOCKS_AHEAD + 2) * BLOCK;
    assert!(peak < least + blocks + REST, "{peak} bytes, and {least} for a thousand rows");
}
