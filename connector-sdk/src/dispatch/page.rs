//! Pagination by number of items and by encoded size.

use athena_protocol::{MAX_PAYLOAD_BYTES, RESPONSE_MARGIN_BYTES};
use futures::StreamExt;

use crate::{Cursor, Error, PageStream, Result, token};

/// Capacity of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capacity {
    /// Largest number of items.
    pub(super) items: usize,
    /// Largest size of all items, in bytes of JSON.
    pub(super) bytes: usize,
}

impl Capacity {
    /// Creates the capacity of a page of at most `items` items that fits into one response.
    pub(super) fn items(items: usize) -> Self {
        Self { items, bytes: MAX_PAYLOAD_BYTES - RESPONSE_MARGIN_BYTES }
    }
}

/// Part of a list, with the cursor from which it continues: `None` at the end.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<Cursor>,
}

/// Takes as many items as fit into a page, and drops the stream.
///
/// Reads one item more than fits, so that the last page has no cursor. `size` is an upper bound of
/// an item's size in bytes of JSON.
///
/// # Errors
///
/// `Unsupported` for a single item that is larger than a page.
pub(super) async fn take_page<T>(
    mut pages: PageStream<T>,
    capacity: Capacity,
    size: impl Fn(&T) -> usize,
) -> Result<Page<T>> {
    let mut items = Vec::new();
    let mut bytes = 0;
    let mut last = None;
    while let Some((item, cursor)) = pages.next().await.transpose()? {
        let item_bytes = size(&item);
        let token_bytes = token::max_token_len(&cursor);
        let fits =
            bytes + item_bytes + token_bytes <= capacity.bytes && items.len() < capacity.items;
        if !fits {
            if last.is_some() {
                return Ok(Page { items, next: last });
            }
            return Err(Error::unsupported(format!(
                "one item of the list takes {item_bytes} bytes and its cursor {token_bytes}; a \
                 response holds at most {}",
                capacity.bytes
            )));
        }
        bytes += item_bytes;
        items.push(item);
        last = Some(cursor);
    }
    Ok(Page { items, next: None })
}

/// Returns an upper bound of the bytes of `text` as a JSON string in the SDK's encoding.
pub(super) fn json_len(text: &str) -> usize {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => 2,
        c if c.is_control() => 6,
        c if c > '\u{FFFF}' => 12, // a surrogate pair
        c => c.len_utf8(),
    });
    2 + escaped.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    /// Creates a list of the numbers from `start` to before `end`, and a counter of those read.
    fn numbers(start: usize, end: usize) -> (PageStream<usize>, Arc<AtomicUsize>) {
        let read = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&read);
        let items = (start..end).inspect(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let items = futures::stream::iter(items.map(|n| Ok((n, Cursor((n + 1).to_string())))));
        (PageStream::new(items), read)
    }

    async fn all(end: usize, capacity: Capacity) -> (Vec<usize>, usize) {
        let mut found = Vec::new();
        let mut calls = 0;
        let mut start = 0;
        loop {
            let page = take_page(numbers(start, end).0, capacity, |_| 10).await.unwrap();
            found.extend(page.items);
            calls += 1;
            match page.next {
                Some(cursor) => start = cursor.0.parse().unwrap(),
                None => return (found, calls),
            }
        }
    }

    #[tokio::test]
    async fn pages_have_every_item_once_and_the_last_one_is_not_empty() {
        for (end, items, calls) in
            [(0, 3, 1), (3, 3, 1), (4, 3, 2), (6, 3, 2), (7, 3, 3), (5, 1, 5)]
        {
            let (found, called) = all(end, Capacity { items, bytes: usize::MAX }).await;
            assert_eq!(found, (0..end).collect::<Vec<_>>());
            assert_eq!(called, calls, "{end} items in pages of {items}");
        }
    }

    #[tokio::test]
    async fn pages_are_limited_by_size_too() {
        let (found, calls) = all(10, Capacity { items: 100, bytes: 10 * 3 + 200 }).await;
        assert_eq!(found, (0..10).collect::<Vec<_>>());
        assert!(calls > 1);
    }

    #[tokio::test]
    async fn a_page_reads_one_item_more_than_it_holds() {
        let (pages, read) = numbers(0, 1_000_000);
        let page = take_page(pages, Capacity::items(5), |_| 10).await.unwrap();
        assert_eq!((page.items.len(), page.next), (5, Some(Cursor("5".into()))));
        assert_eq!(read.load(Ordering::Relaxed), 6);
    }

    #[tokio::test]
    async fn an_item_larger_than_a_page_is_an_error() {
        let error = take_page(numbers(0, 3).0, Capacity { items: 10, bytes: 500 }, |_| 501)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Unsupported);
    }

    #[test]
    fn json_len_is_an_upper_bound() {
        for text in [
            "",
            "plain",
            "with \"quotes\" and \\",
            "tab\there",
            "\u{1}",
            "äöü",
            "\u{1F600}\u{2028}",
        ] {
            assert!(json_len(text) >= serde_json::to_string(text).unwrap().len(), "{text:?}");
        }
        assert_eq!(json_len("\u{1F600}"), 14);
    }
}
