//! Allocated bytes for each byte that is written, spilled or read, which reveal copies.
//!
//! Unlike times, allocations do not depend on the machine. This is a separate test binary whose
//! allocator counts all allocations of the process, so only one test runs at a time.

mod decode;
mod functions;
mod inline;
mod read;
mod spill;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::{
    array::{ArrayRef, Int64Array, StringArray},
    record_batch::RecordBatch,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

static RUNNING: Mutex<()> = Mutex::new(());

/// Waits for the other tests, and holds them off while the guard lives.
fn exclusive() -> MutexGuard<'static, ()> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns about a megabyte of rows: a number, its parity, and a string.
fn batch(number: i64) -> RecordBatch {
    const ROWS: i64 = 20_000;
    let numbers = number * ROWS..(number + 1) * ROWS;
    let texts = StringArray::from_iter_values(
        numbers.clone().map(|n| format!("the text of row number {n:>16}")),
    );
    let parity: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers.clone().map(|n| n % 2)));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
    RecordBatch::try_from_iter([("n", numbers), ("odd", parity), ("t", Arc::new(texts))])
        .expect("columns of one length")
}
