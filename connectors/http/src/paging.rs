//! Pages of a list: how the next one is asked for, and when there is none.

use std::collections::BTreeSet;

use athena_connector_sdk::{Error, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::Pointer;

/// Way in which an API divides a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Paging {
    /// A response has the text with which its successor is asked for; without one it is the last.
    Cursor {
        /// Parameter of the text.
        parameter: String,
        /// Where the text is in a response, as a JSON pointer.
        next: String,
    },
    /// A page begins after the last row of the one before. A response without rows ends the list,
    /// or one that says so.
    After {
        /// Parameter of the key of a row.
        parameter: String,
        /// Where the key is in a row, as a JSON pointer.
        key: String,
        /// Where a response says whether there are more rows, as a JSON pointer.
        more: Option<String>,
    },
    /// Pages have numbers. A response without rows ends the list: a page may be shorter than
    /// asked for.
    Page {
        /// Parameter of the number.
        parameter: String,
        /// Number of the first page.
        #[serde(default = "one")]
        first: u64,
        /// Parameter of the number of rows of a page.
        size_parameter: Option<String>,
        /// Number of rows of a page.
        size: Option<u64>,
    },
    /// Pages begin at a row. A response without rows ends the list.
    Offset {
        /// Parameter of the number of rows before the page.
        parameter: String,
        /// Parameter of the number of rows of a page.
        size_parameter: Option<String>,
        /// Number of rows of a page.
        size: Option<u64>,
    },
    /// A response has the address of its successor: in the header `Link` with `rel="next"`, or in
    /// its body.
    Link {
        /// Where the address is in the body, as a JSON pointer.
        next: Option<String>,
    },
}

fn one() -> u64 {
    1
}

/// Position of a page in its list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Page {
    /// Asked for with these parameters in addition to the others.
    Parameters(Vec<(String, String)>),
    /// At this address.
    Address(String),
}

/// Page that was received, with all that can say where the next one is.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Body of the response.
    pub body: &'a RawValue,
    /// Rows of the page.
    pub rows: &'a [&'a RawValue],
    /// Headers `Link`.
    pub links: &'a [String],
}

/// Walk over the pages of one list.
#[derive(Debug)]
pub struct Walk {
    paging: Option<Paging>,
    /// Rows of all pages so far.
    rows: u64,
    /// Pages so far.
    pages: u64,
    /// Cursors and addresses so far: one that comes again would never end.
    seen: BTreeSet<Page>,
}

impl Paging {
    /// Adds what is wrong in the declaration to `problems`.
    pub fn check(&self, problems: &mut Vec<String>) {
        let pointers = match self {
            Self::Cursor { next, .. } => vec![next],
            Self::After { key, more, .. } => {
                [Some(key), more.as_ref()].into_iter().flatten().collect()
            }
            Self::Link { next } => next.iter().collect(),
            Self::Page { .. } | Self::Offset { .. } => Vec::new(),
        };
        problems.extend(pointers.into_iter().filter_map(|text| Pointer::parse(text).err()));
        if let Self::Page { size_parameter, size, .. } | Self::Offset { size_parameter, size, .. } =
            self
            && (size_parameter.is_some() != size.is_some() || *size == Some(0))
        {
            problems.push(
                "size and size_parameter are set together, and size is at least 1".to_owned(),
            );
        }
    }
}

impl Walk {
    /// Starts a list.
    pub fn new(paging: Option<Paging>) -> Self {
        Self { paging, rows: 0, pages: 0, seen: BTreeSet::new() }
    }

    /// Returns the first page.
    pub fn first(&self) -> Page {
        Page::Parameters(match &self.paging {
            Some(Paging::Page { parameter, first, size_parameter, size }) => {
                numbered(parameter, *first, size_parameter.as_ref(), *size)
            }
            Some(Paging::Offset { parameter, size_parameter, size }) => {
                numbered(parameter, 0, size_parameter.as_ref(), *size)
            }
            _ => Vec::new(),
        })
    }

    /// Returns the page after the one that was received, if there is one.
    ///
    /// # Errors
    ///
    /// `InvalidResponse` if the API leads in a circle, or its answer cannot be followed.
    pub fn next(&mut self, received: Received<'_>) -> Result<Option<Page>> {
        self.pages += 1;
        self.rows += received.rows.len() as u64;
        let Some(paging) = &self.paging else { return Ok(None) };
        let Some(page) = self.after(paging, received)? else { return Ok(None) };
        if !self.seen.insert(page.clone()) {
            return Err(Error::invalid_response(format!(
                "page {} leads to a page that was read before, so the list would never end",
                self.pages
            )));
        }
        Ok(Some(page))
    }

    fn after(&self, paging: &Paging, received: Received<'_>) -> Result<Option<Page>> {
        let with = |parameter: &str, value: String| {
            Some(Page::Parameters(vec![(parameter.to_owned(), value)]))
        };
        Ok(match paging {
            Paging::Cursor { parameter, next } => {
                text(next, received.body)?.and_then(|cursor| with(parameter, cursor))
            }
            Paging::After { parameter, key, more } => {
                let Some(last) = received.rows.last() else { return Ok(None) };
                if let Some(more) = more
                    && !flag(more, received.body)?
                {
                    return Ok(None);
                }
                let key = text(key, last)?.ok_or_else(|| {
                    Error::invalid_response(format!(
                        "the last row of a page has no text or number at {key}, after which the \
                         next page begins"
                    ))
                })?;
                with(parameter, key)
            }
            Paging::Page { .. } | Paging::Offset { .. } if received.rows.is_empty() => None,
            Paging::Page { parameter, first, size_parameter, size } => Some(Page::Parameters(
                numbered(parameter, first + self.pages, size_parameter.as_ref(), *size),
            )),
            Paging::Offset { parameter, size_parameter, size } => Some(Page::Parameters(numbered(
                parameter,
                self.rows,
                size_parameter.as_ref(),
                *size,
            ))),
            Paging::Link { next: Some(next) } => text(next, received.body)?.map(Page::Address),
            Paging::Link { next: None } => next_link(received.links).map(Page::Address),
        })
    }
}

fn numbered(
    parameter: &str,
    number: u64,
    size_parameter: Option<&String>,
    size: Option<u64>,
) -> Vec<(String, String)> {
    let mut parameters = vec![(parameter.to_owned(), number.to_string())];
    if let (Some(name), Some(size)) = (size_parameter, size) {
        parameters.push((name.clone(), size.to_string()));
    }
    parameters
}

fn text(pointer: &str, document: &RawValue) -> Result<Option<String>> {
    let found = Pointer::parse(pointer).ok().map(|pointer| pointer.find_text(document));
    found.transpose().map(Option::flatten).map_err(|error| malformed(pointer, error))
}

fn flag(pointer: &str, document: &RawValue) -> Result<bool> {
    let found = Pointer::parse(pointer).ok().map(|pointer| pointer.find(document));
    let found = found.transpose().map_err(|error| malformed(pointer, error))?.flatten();
    match found.map(RawValue::get) {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => Err(Error::invalid_response(format!(
            "the response has neither true nor false at {pointer}, which says whether there are \
             more rows"
        ))),
    }
}

fn malformed(pointer: &str, error: serde_json::Error) -> Error {
    Error::invalid_response(format!("the response is no JSON at {pointer}")).with_source(error)
}

/// Returns the address with `rel="next"` of headers `Link` (RFC 8288).
fn next_link(headers: &[String]) -> Option<String> {
    for header in headers {
        let mut rest = header.as_str();
        while let Some((_, after)) = rest.split_once('<') {
            let (address, after) = after.split_once('>')?;
            let end = after.find('<').unwrap_or(after.len());
            let (parameters, following) = after.split_at(end);
            let is_next = parameters.split([';', ',']).any(|parameter| {
                parameter.trim().split_once('=').is_some_and(|(name, value)| {
                    name.trim().eq_ignore_ascii_case("rel")
                        && value
                            .trim()
                            .trim_matches('"')
                            .split_ascii_whitespace()
                            .any(|relation| relation.eq_ignore_ascii_case("next"))
                })
            });
            if is_next {
                return Some(address.to_owned());
            }
            rest = following;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks over `pages`, each a body and its headers `Link`, and returns the requests.
    fn walk(paging: &str, pages: &[(&str, &str)]) -> Result<Vec<Page>> {
        let paging: Paging = serde_json::from_str(paging).unwrap();
        let mut problems = Vec::new();
        paging.check(&mut problems);
        assert_eq!(problems, [""; 0]);
        let mut walk = Walk::new(Some(paging));
        let mut requests = vec![walk.first()];
        for (body, link) in pages {
            let body: &RawValue = serde_json::from_str(body).unwrap();
            let rows = Pointer::parse("/rows").unwrap().find(body).unwrap().unwrap();
            let rows: Vec<&RawValue> = serde_json::from_str(rows.get()).unwrap();
            let links = [(*link).to_owned()];
            match walk.next(Received { body, rows: &rows, links: &links })? {
                Some(page) => requests.push(page),
                None => return Ok(requests),
            }
        }
        panic!("the list does not end: {requests:?}");
    }

    fn parameters(pairs: &[(&str, &str)]) -> Page {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Page::Parameters(pairs.collect())
    }

    #[test]
    fn a_cursor_leads_from_page_to_page_until_there_is_none() {
        let paging = r#"{"kind": "cursor", "parameter": "after", "next": "/meta/next"}"#;
        for last in
            [r#""meta": {"next": null}"#, r#""meta": {}"#, r#""x": 1"#, r#""meta": {"next": ""}"#]
        {
            let pages = [
                (r#"{"rows": [1], "meta": {"next": "a/b"}}"#.to_owned(), ""),
                (r#"{"rows": [], "meta": {"next": 17}}"#.to_owned(), ""), // an empty page is not the last
                (format!(r#"{{"rows": [2], {last}}}"#), ""),
            ];
            let pages: Vec<_> = pages.iter().map(|(body, link)| (body.as_str(), *link)).collect();
            let expected =
                [parameters(&[]), parameters(&[("after", "a/b")]), parameters(&[("after", "17")])];
            assert_eq!(walk(paging, &pages).unwrap(), expected);
        }
    }

    #[test]
    fn numbered_pages_end_with_an_empty_one_however_short_the_others_are() {
        let paging =
            r#"{"kind": "page", "parameter": "page", "size_parameter": "size", "size": 100}"#;
        let pages =
            [(r#"{"rows": [1]}"#, ""), (r#"{"rows": [2, 3]}"#, ""), (r#"{"rows": []}"#, "")];
        let page = |number| parameters(&[("page", number), ("size", "100")]);
        assert_eq!(walk(paging, &pages).unwrap(), [page("1"), page("2"), page("3")]);
        let paging = r#"{"kind": "offset", "parameter": "skip"}"#;
        let offset = |number| parameters(&[("skip", number)]);
        assert_eq!(walk(paging, &pages).unwrap(), [offset("0"), offset("1"), offset("3")]);
    }

    #[test]
    fn a_page_begins_after_the_key_of_the_last_row() {
        let paging = r#"{"kind": "after", "parameter": "after", "key": "/id", "more": "/more"}"#;
        let pages = [
            (r#"{"rows": [{"id": 1}, {"id": "b"}], "more": true}"#, ""),
            (r#"{"rows": [{"id": 3}], "more": false}"#, ""),
        ];
        assert_eq!(walk(paging, &pages).unwrap(), [parameters(&[]), parameters(&[("after", "b")])]);
        let error = walk(paging, &[(r#"{"rows": [{}], "more": true}"#, "")]).unwrap_err();
        assert!(error.message().contains("no text or number at /id"), "{}", error.message());
        let error = walk(paging, &[(r#"{"rows": [{"id": 1}]}"#, "")]).unwrap_err();
        assert!(error.message().contains("neither true nor false at /more"), "{}", error.message());
    }

    #[test]
    fn a_link_is_that_with_the_relation_next() {
        let pages = [
            (
                r#"{"rows": [1]}"#,
                r#"<https://x/?a=1,2>; rel="prev", <https://x/?page=2>; title="a, b"; rel="last next""#,
            ),
            (r#"{"rows": [1]}"#, "<https://x/?page=1>; rel=first"),
        ];
        let next = Page::Address("https://x/?page=2".to_owned());
        assert_eq!(walk(r#"{"kind": "link"}"#, &pages).unwrap()[1..], [next]);
        let paging = r#"{"kind": "link", "next": "/next"}"#;
        let pages =
            [(r#"{"rows": [1], "next": "?page=2"}"#, ""), (r#"{"rows": [1], "next": null}"#, "")];
        assert_eq!(walk(paging, &pages).unwrap()[1..], [Page::Address("?page=2".to_owned())]);
    }

    #[test]
    fn a_list_that_leads_in_a_circle_is_an_error() {
        let paging = r#"{"kind": "cursor", "parameter": "after", "next": "/next"}"#;
        let page = |next| format!(r#"{{"rows": [1], "next": "{next}"}}"#);
        let pages = [page("a"), page("b"), page("a")];
        let pages: Vec<_> = pages.iter().map(|body| (body.as_str(), "")).collect();
        let error = walk(paging, &pages).unwrap_err();
        assert!(error.message().contains("would never end"), "{}", error.message());
    }

    #[test]
    fn a_wrong_declaration_is_refused() {
        for paging in [
            r#"{"kind": "page", "parameter": "page", "size": 100}"#,
            r#"{"kind": "offset", "parameter": "skip", "size_parameter": "size", "size": 0}"#,
            r#"{"kind": "cursor", "parameter": "after", "next": "next"}"#,
        ] {
            let paging: Paging = serde_json::from_str(paging).unwrap();
            let mut problems = Vec::new();
            paging.check(&mut problems);
            assert_eq!(problems.len(), 1, "{problems:?}");
        }
    }
}
