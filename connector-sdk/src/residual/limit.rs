//! Limit and order of a request, applied to the rows that satisfy the predicate.

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::predicate::Constraints;

use super::top_n::TopN;
use crate::Result;

/// Filter that passes the rows within a limit: the first ones, or the first ones in an order.
///
/// Batches are pushed as they are read; rows returned by `push` and `finish` are the result. If the
/// order cannot be applied, because of an unknown column, a type without an order or lack of
/// memory, all rows pass: the engine orders and limits again.
#[derive(Debug, Default)]
pub(crate) struct RowLimit {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    All,
    First {
        remaining: u64,
    },
    Top(TopN),
}

impl RowLimit {
    /// Creates the limit of `constraints` on batches of `schema`, retaining about `cap_bytes` of
    /// rows at most for an order.
    ///
    /// The rows of one compaction come on top: a third of the available memory is a safe cap.
    #[expect(clippy::unnecessary_wraps, reason = "an order may need checks that fail")]
    pub(crate) fn try_new(
        constraints: &Constraints,
        schema: &SchemaRef,
        cap_bytes: usize,
    ) -> Result<Self> {
        let state = match constraints.limit {
            None => State::All, // without a limit, the engine orders
            Some(0) => State::First { remaining: 0 },
            Some(limit) if constraints.order_by.is_empty() => State::First { remaining: limit },
            Some(limit) => TopN::new(&constraints.order_by, limit, schema, cap_bytes)
                .map_or(State::All, State::Top),
        };
        Ok(Self { state })
    }

    /// Adds the next batch, and returns its rows if they are known to be part of the result.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>> {
        match &mut self.state {
            State::All => Ok(Some(batch)),
            State::First { remaining } => {
                let rows = usize::try_from(*remaining).unwrap_or(usize::MAX).min(batch.num_rows());
                *remaining -= rows as u64;
                Ok((rows > 0)
                    .then(|| if rows < batch.num_rows() { batch.slice(0, rows) } else { batch }))
            }
            State::Top(top) => top.push(batch),
        }
    }

    /// Returns whether no further batch can add a row, so that reading may stop.
    pub(crate) fn is_satisfied(&self) -> bool {
        matches!(self.state, State::First { remaining: 0 })
    }

    /// Returns whether pushing `batch`, or finishing with `None`, sorts so many rows that it should
    /// not run on an async thread.
    pub(crate) fn is_slow(&self, batch: Option<&RecordBatch>) -> bool {
        matches!(&self.state, State::Top(top) if top.is_slow(batch))
    }

    /// Returns the rows of the result that [`Self::push`] did not return, in order if they are all
    /// of it.
    pub(crate) fn finish(self) -> Result<Vec<RecordBatch>> {
        match self.state {
            State::All | State::First { .. } => Ok(Vec::new()),
            State::Top(top) => top.finish(),
        }
    }

    /// Returns the memory of the rows retained for an order, in bytes.
    #[cfg(test)]
    pub(super) fn kept_bytes(&self) -> usize {
        match &self.state {
            State::All | State::First { .. } => 0,
            State::Top(top) => top.kept_bytes(),
        }
    }
}
