//! Lists too long for one answer: streams of items, each with a cursor that resumes after it.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{Stream, StreamExt, stream::BoxStream};

use crate::{Error, Result};

/// A place in a list, right after one of its items, as text of the author's choosing.
///
/// It must mean the same to another copy of the process. The SDK wraps it into a token bound to the
/// request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// A list that is produced as it is read. Dropping it stops the source.
pub struct PageStream<T> {
    items: BoxStream<'static, Result<(T, Cursor)>>,
}

impl<T> fmt::Debug for PageStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageStream")
    }
}

impl<T> Stream for PageStream<T> {
    type Item = Result<(T, Cursor)>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.poll_next_unpin(context)
    }
}

impl<T: Send + 'static> PageStream<T> {
    /// A list read from `items`: every item with the cursor that resumes after it.
    pub fn new(items: impl Stream<Item = Result<(T, Cursor)>> + Send + 'static) -> Self {
        Self { items: items.boxed() }
    }

    /// What is left of a list in memory after `start_after`. The list must be the same, in the same
    /// order, at every call.
    ///
    /// Cursors are positions.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a cursor that is not a position.
    pub fn from_list(
        items: impl IntoIterator<Item = T, IntoIter: Send + 'static>,
        start_after: Option<&Cursor>,
    ) -> Result<Self> {
        let start = match start_after {
            None => 0,
            Some(cursor) => cursor.0.parse::<usize>().map_err(|error| {
                Error::invalid_input(format!("cursor {:?} is not a position in a list", cursor.0))
                    .with_source(error)
            })?,
        };
        let rest = items.into_iter().enumerate().skip(start);
        Ok(Self::new(futures::stream::iter(
            rest.map(|(index, item)| Ok((item, Cursor((index + 1).to_string())))),
        )))
    }
}
