//! The limit and the order of a request, applied to the rows that the predicate leaves.

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::predicate::Constraints;

use super::top_n::TopN;
use crate::Result;

/// Lets through the rows that a limit asks for: the first ones, or with an order the ones that come
/// first in it.
///
/// Batches are pushed as they are read; what comes back, then and at the end, is the result. Where
/// an order cannot be applied, by an unknown column, a type without order or for want of memory,
/// all rows pass: the engine orders and limits again.
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
    /// The limit of `constraints` on batches of `schema`, keeping about `cap_bytes` of rows at most
    /// for an order.
    ///
    /// The rows of one compaction come on top: a cap of a third of the memory to spend is safe.
    #[expect(clippy::unnecessary_wraps, reason = "what an order needs may come to be checked")]
    pub(crate) fn try_new(
        constraints: &Constraints,
        schema: &SchemaRef,
        cap_bytes: usize,
    ) -> Result<Self> {
        let state = match constraints.limit {
            None => State::All, // an order alone is the engine's
            Some(0) => State::First { remaining: 0 },
            Some(limit) if constraints.order_by.is_empty() => State::First { remaining: limit },
            Some(limit) => TopN::new(&constraints.order_by, limit, schema, cap_bytes)
                .map_or(State::All, State::Top),
        };
        Ok(Self { state })
    }

    /// Takes the next batch; gives back the rows that are part of the result already.
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

    /// Whether no further batch can add a row, so that reading may stop.
    pub(crate) fn is_satisfied(&self) -> bool {
        matches!(self.state, State::First { remaining: 0 })
    }

    /// Whether pushing `batch`, or finishing with `None`, orders so many rows that it holds up its
    /// thread.
    pub(crate) fn is_slow(&self, batch: Option<&RecordBatch>) -> bool {
        matches!(&self.state, State::Top(top) if top.is_slow(batch))
    }

    /// The rows of the result that [`Self::push`] did not give, in order if all of the result is
    /// among them.
    pub(crate) fn finish(self) -> Result<Vec<RecordBatch>> {
        match self.state {
            State::All | State::First { .. } => Ok(Vec::new()),
            State::Top(top) => top.finish(),
        }
    }

    /// Bytes of the rows kept for an order.
    #[cfg(test)]
    pub(super) fn kept_bytes(&self) -> usize {
        match &self.state {
            State::All | State::First { .. } => 0,
            State::Top(top) => top.kept_bytes(),
        }
    }
}
