//! Allocated bytes per byte that is written, spilled or read: a copy needs memory for the copy.
//!
//! Bytes do not depend on the machine, as times do. A program of its own, with an allocator that
//! counts all allocations of the process; so one test runs at a time.

mod inline;
mod read;
mod spill;

use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

static RUNNING: Mutex<()> = Mutex::new(());

/// Waits until no other test runs.
fn alone() -> MutexGuard<'static, ()> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
