//! Paginated lists: streams of items, each with a cursor from which the list resumes.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{Stream, StreamExt, stream::BoxStream};

use crate::{Error, Result};

/// Position in a list, directly after one of its items, in a format of the connector's choice.
///
/// A cursor must mean the same in another process of the connector. The SDK wraps it into a page
/// token that is bound to the request, so a cursor never comes back with a different request. The
/// token travels through Athena and is not encrypted: a cursor must not contain secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// List whose items are produced as they are read, each with the [`Cursor`] after it.
///
/// Each item occurs once, in an order that does not change between calls. The list may be empty. An
/// error ends it, and fails the request. The SDK reads one item more than fits into a page and then
/// drops the stream, which must cancel the work behind it.
///
/// # Examples
///
/// A list in memory, whose cursors are positions:
///
/// ```
/// # use athena_connector_sdk::{Cursor, ListTables, PageStream, Result};
/// fn list_tables(request: &ListTables) -> Result<PageStream<String>> {
///     let tables = ["customers", "items", "orders"].map(str::to_owned);
///     PageStream::from_list(tables, request.start_after.as_ref())
/// }
/// # use futures::TryStreamExt as _;
/// # let request = ListTables::new("shop").with_start_after(Cursor("2".to_owned()));
/// # let rest: Vec<_> = futures::executor::block_on(list_tables(&request)?.try_collect())?;
/// # assert_eq!(rest, [("orders".to_owned(), Cursor("3".to_owned()))]);
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
///
/// A source that lists names in order from a given one, where a name is its own cursor:
///
/// ```
/// # use athena_connector_sdk::{Cursor, ListTables, PageStream, Result};
/// # use futures::{Stream, StreamExt as _, TryStreamExt as _};
/// # struct Client;
/// # impl Client {
/// #     fn names_after(&self, last: Option<&str>) -> impl Stream<Item = Result<String>> + Send + 'static {
/// #         assert_eq!(last, Some("customers"));
/// #         futures::stream::iter(["items", "orders"].map(|name| Ok(name.to_owned())))
/// #     }
/// # }
/// fn list_tables(client: &Client, request: &ListTables) -> PageStream<String> {
///     let last = request.start_after.as_ref().map(|Cursor(name)| name.as_str());
///     let names = client.names_after(last);
///     PageStream::new(names.map_ok(|name| (name.clone(), Cursor(name))))
/// }
/// # let request = ListTables::new("shop").with_start_after(Cursor("customers".to_owned()));
/// # assert_eq!(futures::executor::block_on(list_tables(&Client, &request).count()), 2);
/// ```
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
    /// Creates a list from a stream of items, each with the cursor after it.
    pub fn new(items: impl Stream<Item = Result<(T, Cursor)>> + Send + 'static) -> Self {
        Self { items: items.boxed() }
    }

    /// Creates the rest of a list in memory after `start_after`, or the whole list if it is `None`.
    ///
    /// Cursors are positions, so `items` must be the same, in the same order, in every call. A
    /// cursor at or past the end gives an empty list.
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
