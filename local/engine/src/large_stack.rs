//! Planning on a large stack: parser, planner and optimizer recurse once for each level of a
//! statement, and a thread's stack of 2 MB is too small for a hundred subqueries in a debug build.

use std::future::{Future, poll_fn};

/// Size of the stack, in bytes. Only the pages that are used take memory.
const SIZE: usize = 256 << 20;

/// Polls `future` on a stack of its own.
pub(crate) async fn on_large_stack<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    poll_fn(|context| stacker::grow(SIZE, || future.as_mut().poll(context))).await
}
