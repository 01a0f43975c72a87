//! Injected faults, by the area that they affect.

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

use super::faulty_connector::FaultyConnector;

/// Returns a connector for each fault.
pub(crate) fn all() -> Vec<FaultyConnector> {
    [
        listing::connectors(),
        definition::connectors(),
        planning::connectors(),
        reading::connectors(),
        spilling::connectors(),
        predicates::connectors(),
        limits::connectors(),
        refusals::connectors(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns a function that returns false and true in turn.
fn every_other_time() -> impl Fn() -> bool + Send + Sync + 'static {
    let calls = Arc::new(AtomicUsize::new(0));
    move || calls.fetch_add(1, Ordering::SeqCst) % 2 == 1
}
