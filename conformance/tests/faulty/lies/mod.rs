//! Every lie, by what it is about.

mod definition;
mod limits;
mod listing;
mod planning;
mod predicates;
mod reading;
mod refusals;
mod spilling;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::liar::Liar;

pub(crate) fn all() -> Vec<Liar> {
    [
        listing::lies(),
        definition::lies(),
        planning::lies(),
        reading::lies(),
        spilling::lies(),
        predicates::lies(),
        limits::lies(),
        refusals::lies(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Says no and yes in turn.
fn every_other_time() -> impl Fn() -> bool + Send + Sync + 'static {
    let calls = Arc::new(AtomicUsize::new(0));
    move || calls.fetch_add(1, Ordering::SeqCst) % 2 == 1
}
