//! The mutants, by the area of their faults.

mod bounds;
mod expressions;
mod limits;
mod lists;
mod nulls;
mod numbers;
mod pairs;
mod planning;
mod reading;
mod requests;
mod spilling;
mod splits;
mod texts;
mod times;

use super::mutant::Mutant;

/// Returns all mutants.
pub(crate) fn all() -> Vec<Mutant> {
    [
        bounds::mutants(),
        lists::mutants(),
        nulls::mutants(),
        texts::mutants(),
        numbers::mutants(),
        times::mutants(),
        pairs::mutants(),
        splits::mutants(),
        planning::mutants(),
        reading::mutants(),
        spilling::mutants(),
        limits::mutants(),
        expressions::mutants(),
        requests::mutants(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
