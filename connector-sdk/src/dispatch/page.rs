//! Cutting a list into pages, by number and by encoded size.

use athena_protocol::{MAX_PAYLOAD_BYTES, RESPONSE_MARGIN_BYTES};
use futures::StreamExt;

use crate::{Cursor, Error, PageStream, Result, token};

/// What a page may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capacity {
    /// Most items.
    pub(super) items: usize,
    /// Most bytes of JSON that the items take.
    pub(super) bytes: usize,
}

impl Capacity {
    /// A page of at most `items`, and not larger than an answer may be.
    pub(super) fn items(items: usize) -> Self {
        Self { items, bytes: MAX_PAYLOAD_BYTES - RESPONSE_MARGIN_BYTES }
    }
}

/// Part of a list, and where it goes on: `None` if nothing follows.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<Cursor>,
}

/// Takes as many items as fit, and drops the rest of the stream.
///
/// One item more than fit is asked for, so that a page never ends with a cursor behind which there
/// is nothing. `size` is the JSON form of an item in bytes, or more.
///
/// # Errors
///
/// `Unsupported` for a single item that is larger than a page.
pub(super) async fn take<T>(
    mut pages: PageStream<T>,
    capacity: Capacity,
    size: impl Fn(&T) -> usize,
) -> Result<Page<T>> {
    let mut items = Vec::new();
    let mut bytes = 0;
    let mut last = None;
    while let Some((item, cursor)) = pages.next().await.transpose()? {
        let (item_bytes, token_bytes) = (size(&item), token::longest(&cursor));
        let fits =
            bytes + item_bytes + token_bytes <= capacity.bytes && items.len() < capacity.items;
        if !fits {
            if last.is_some() {
                return Ok(Page { items, next: last });
            }
            return Err(Error::unsupported(format!(
                "one item of the list takes {item_bytes} bytes and its cursor {token_bytes}; an answer holds {} at most",
                capacity.bytes
            )));
        }
        bytes += item_bytes;
        items.push(item);
        last = Some(cursor);
    }
    Ok(Page { items, next: None })
}

/// How many bytes `text` takes as a JSON string in the form of the wire, or a few more.
pub(super) fn json_len(text: &str) -> usize {
    let escaped = |c: char| match c {
        '"' | '\\' => 2,
        c if c.is_control() => 6,
        c if c > '\u{FFFF}' => 12, // two escapes
        c => c.len_utf8(),
    };
    2 + text.chars().map(escaped).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    /// A list of the numbers below `end` from `start` on, and how many of them were asked for.
    fn numbers(start: usize, end: usize) -> (PageStream<usize>, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let items = (start..end).inspect(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let items = futures::stream::iter(items.map(|n| Ok((n, Cursor((n + 1).to_string())))));
        (PageStream::new(items), asked)
    }

    async fn all(end: usize, capacity: Capacity) -> (Vec<usize>, usize) {
        let (mut found, mut calls, mut start) = (Vec::new(), 0, 0);
        loop {
            let page = take(numbers(start, end).0, capacity, |_| 10).await.unwrap();
            found.extend(page.items);
            calls += 1;
            match page.next {
                Some(cursor) => start = cursor.0.parse().unwrap(),
                None => return (found, calls),
            }
        }
    }

    #[tokio::test]
    async fn pages_hold_every_item_once_and_never_end_in_an_empty_one() {
        for (end, items, calls) in
            [(0, 3, 1), (3, 3, 1), (4, 3, 2), (6, 3, 2), (7, 3, 3), (5, 1, 5)]
        {
            let (found, called) = all(end, Capacity { items, bytes: usize::MAX }).await;
            assert_eq!(found, (0..end).collect::<Vec<_>>());
            assert_eq!(called, calls, "{end} items in pages of {items}");
        }
    }

    #[tokio::test]
    async fn pages_are_cut_by_size_too() {
        let (found, calls) = all(10, Capacity { items: 100, bytes: 10 * 3 + 200 }).await;
        assert_eq!(found, (0..10).collect::<Vec<_>>());
        assert!(calls > 1);
    }

    #[tokio::test]
    async fn a_page_reads_one_item_more_than_it_holds() {
        let (pages, asked) = numbers(0, 1_000_000);
        let page = take(pages, Capacity::items(5), |_| 10).await.unwrap();
        assert_eq!((page.items.len(), page.next), (5, Some(Cursor("5".into()))));
        assert_eq!(asked.load(Ordering::Relaxed), 6);
    }

    #[tokio::test]
    async fn an_item_larger_than_a_page_is_an_error() {
        let error =
            take(numbers(0, 3).0, Capacity { items: 10, bytes: 500 }, |_| 501).await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Unsupported);
    }

    #[test]
    fn lengths_are_those_of_the_wire_or_more() {
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
