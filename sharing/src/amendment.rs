//! Statements put into the text of a policy and taken out of it, with every other byte left as it
//! is.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The text of `document` with `statement` behind its last one; a new document without `document`.
///
/// [`without`] is its inverse, to the byte, where the statements stand in a list.
///
/// # Errors
///
/// If the document is not a policy.
pub fn with(document: Option<&str>, statement: &str) -> serde_json::Result<String> {
    let Some(text) = document else {
        return Ok(format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#));
    };
    let layout = Layout::read(text)?;
    let list = layout.list;
    if !layout.is_list {
        return Ok(format!(
            "{}[{},{statement}]{}",
            &text[..list.0],
            &text[list.0..list.1],
            &text[list.1..]
        ));
    }
    let (at, comma) = layout.statements.last().map_or((list.0 + 1, ""), |last| (last.1, ","));
    Ok(format!("{}{comma}{statement}{}", &text[..at], &text[at..]))
}

/// The text of `document` without the statement called `sid`, or nothing if that was its only one.
///
/// A document without it is returned as it is.
///
/// # Errors
///
/// If the document is not a policy.
pub fn without<'a>(document: &'a str, sid: &str) -> serde_json::Result<Option<Cow<'a, str>>> {
    let layout = Layout::read(document)?;
    let spans = &layout.statements;
    let Some(at) =
        spans.iter().position(|span| sid_of(&document[span.0..span.1]).as_deref() == Some(sid))
    else {
        return Ok(Some(Cow::Borrowed(document)));
    };
    // With what stands between it and the one before it, so that a statement which was put in last
    // leaves nothing behind.
    let (from, to) = match (at.checked_sub(1).map(|before| spans[before]), spans.get(at + 1)) {
        (None, None) => return Ok(None),
        (Some(before), _) => (before.1, spans[at].1),
        (None, Some(next)) => (spans[at].0, next.0),
    };
    Ok(Some(Cow::Owned(format!("{}{}", &document[..from], &document[to..]))))
}

/// The text of the statement called `sid` in `document`.
///
/// # Errors
///
/// If the document is not a policy.
pub fn find<'a>(document: &'a str, sid: &str) -> serde_json::Result<Option<&'a str>> {
    let layout = Layout::read(document)?;
    let mut texts = layout.statements.into_iter().map(|span| &document[span.0..span.1]);
    Ok(texts.find(|text| sid_of(text).as_deref() == Some(sid)))
}

/// The names of all statements of `document` that have one.
///
/// # Errors
///
/// If the document is not a policy.
pub fn sids(document: &str) -> serde_json::Result<Vec<String>> {
    let layout = Layout::read(document)?;
    Ok(layout.statements.iter().filter_map(|span| sid_of(&document[span.0..span.1])).collect())
}

type Span = (usize, usize);

/// Where things are in a text, in bytes.
struct Layout {
    /// The list of statements, or the only one that is in no list.
    list: Span,
    is_list: bool,
    statements: Vec<Span>,
}

impl Layout {
    fn read(text: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Document<'a> {
            #[serde(rename = "Statement", borrow)]
            statement: &'a RawValue,
        }
        let raw = serde_json::from_str::<Document<'_>>(text)?.statement;
        let span = |raw: &RawValue| {
            // The value is a part of the text.
            let from = raw.get().as_ptr().addr() - text.as_ptr().addr();
            (from, from + raw.get().len())
        };
        if raw.get().starts_with('{') {
            return Ok(Self { list: span(raw), is_list: false, statements: vec![span(raw)] });
        }
        let statements = serde_json::from_str::<Vec<&RawValue>>(raw.get())?;
        Ok(Self {
            list: span(raw),
            is_list: true,
            statements: statements.into_iter().map(span).collect(),
        })
    }
}

fn sid_of(statement: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "Sid")]
        sid: Option<String>,
    }
    serde_json::from_str::<Named>(statement).ok()?.sid
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = r#"{"Sid":"Ours","Effect":"Allow"}"#;

    #[test]
    fn what_was_put_in_is_taken_out_to_the_byte() {
        for document in [
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"a"}]}"#,
            "{ \"Statement\" : [ {\"Sid\": \"a\",\n \"x\": 1.0} ,\n {\"b\": \"\\u00e9\"} \n ] ,\n\"Id\":\"z\" }\n",
            r#"{"Id":"empty","Statement":[ ]}"#,
        ] {
            let shared = with(Some(document), OURS).unwrap();
            assert_eq!(find(&shared, "Ours").unwrap(), Some(OURS));
            if document.contains("empty") {
                assert_eq!(without(&shared, "Ours").unwrap(), None);
            } else {
                assert_eq!(without(&shared, "Ours").unwrap().as_deref(), Some(document));
            }
        }
    }

    #[test]
    fn one_of_several_is_taken_out_of_any_place() {
        let document = r#"{"Statement":[{"Sid":"a"}, {"Sid":"b"}, {"Sid":"c"}]}"#;
        let left = |sid| without(document, sid).unwrap().unwrap().into_owned();
        assert_eq!(left("a"), r#"{"Statement":[{"Sid":"b"}, {"Sid":"c"}]}"#);
        assert_eq!(left("b"), r#"{"Statement":[{"Sid":"a"}, {"Sid":"c"}]}"#);
        assert_eq!(left("c"), r#"{"Statement":[{"Sid":"a"}, {"Sid":"b"}]}"#);
        assert_eq!(left("d"), document);
    }

    #[test]
    fn a_statement_that_is_in_no_list_gets_one() {
        let shared = with(Some(r#"{"Statement":{"Sid":"a"}}"#), OURS).unwrap();
        assert_eq!(sids(&shared).unwrap(), ["a", "Ours"]);
        assert_eq!(
            without(&shared, "Ours").unwrap().as_deref(),
            Some(r#"{"Statement":[{"Sid":"a"}]}"#)
        );
    }

    #[test]
    fn a_new_document_is_gone_again_with_its_only_statement() {
        let new = with(None, OURS).unwrap();
        assert_eq!(without(&new, "Ours").unwrap(), None);
        assert!(with(Some("{}"), OURS).is_err());
    }
}
