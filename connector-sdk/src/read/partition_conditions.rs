//! Conditions on partition columns alone: decided by the values of a split, before it is read.

use std::sync::Arc;

use athena_protocol::predicate::{Constraints, Expression};

use crate::{
    Result,
    column_index::ColumnIndex,
    partition::PartitionValues,
    residual::{Residual, conjuncts},
};

/// Conditions of a read, with those on the partition columns decided.
#[derive(Debug)]
pub(crate) enum Decided {
    /// No row of the split can match.
    Excluded,
    /// The conditions that the source is offered: without those that are true for the whole split.
    Remaining(Arc<Constraints>),
}

/// Decides the conditions of `constraints` whose columns all have a value in `partition`.
///
/// A condition that cannot be evaluated, or fails, stays among the others: the rows decide.
///
/// # Errors
///
/// `InvalidInput` for a constant that cannot be decoded.
pub(crate) fn decide(
    constraints: &Arc<Constraints>,
    partition: &PartitionValues,
) -> Result<Decided> {
    let unchanged = || Ok(Decided::Remaining(Arc::clone(constraints)));
    let Some(row) = partition.as_row() else { return unchanged() };
    let schema = row.schema();
    let columns = ColumnIndex::new(schema.fields());
    let is_partition = |name: &str| columns.find(name).is_some();
    let is_decided = |expression: &Expression| {
        let mut names = expression.columns().peekable();
        names.peek().is_some() && names.all(is_partition)
    };
    let expressions = conjuncts(&constraints.expressions);
    let (decided, others): (Vec<_>, Vec<_>) =
        expressions.into_iter().cloned().partition(is_decided);
    let (sets, other_sets): (Vec<_>, Vec<_>) = constraints
        .summary
        .iter()
        .map(|(name, set)| (name.clone(), set.clone()))
        .partition(|(name, _)| is_partition(name));
    if decided.is_empty() && sets.is_empty() {
        return unchanged();
    }
    let decided = Constraints {
        summary: sets.into_iter().collect(),
        expressions: decided,
        ..Constraints::default()
    };
    let residual = Residual::try_new(&decided, &schema)?;
    match residual.filter(&row) {
        Ok(kept) if kept.num_rows() == 0 => Ok(Decided::Excluded),
        Ok(_) if residual.is_complete() => Ok(Decided::Remaining(Arc::new(Constraints {
            summary: other_sets.into_iter().collect(),
            expressions: others,
            ..Constraints::clone(constraints)
        }))),
        Ok(_) | Err(_) => unchanged(),
    }
}
