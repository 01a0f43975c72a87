//! Edits of policy documents that leave every other byte unchanged.

use std::{borrow::Cow, ops::Range};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::policy::InvalidPolicy;

/// Appends `statement` to `document`, or creates a document if it is `None`.
///
/// [`remove_statement`] is the exact inverse if `Statement` is a list.
///
/// # Errors
///
/// [`InvalidPolicy`] if `document` is not JSON or has no `Statement`.
///
/// # Examples
///
/// ```
/// use athena_sharing::policy_edit::{insert_statement, remove_statement};
///
/// let before = r#"{ "Statement": [ {"Sid": "a"} ] }"#;
/// let after = insert_statement(Some(before), r#"{"Sid":"b"}"#)?;
/// assert_eq!(after, r#"{ "Statement": [ {"Sid": "a"},{"Sid":"b"} ] }"#);
/// assert_eq!(remove_statement(&after, "b")?.as_deref(), Some(before));
/// # Ok::<(), athena_sharing::policy::InvalidPolicy>(())
/// ```
pub fn insert_statement(document: Option<&str>, statement: &str) -> Result<String, InvalidPolicy> {
    let Some(text) = document else {
        return Ok(format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#));
    };
    let Layout { element, is_list, statements } = Layout::parse(text)?;
    if !is_list {
        let head = &text[..element.start];
        let tail = &text[element.end..];
        return Ok(format!("{head}[{},{statement}]{tail}", &text[element]));
    }
    let (at, comma) = match statements.last() {
        Some(last) => (last.end, ","),
        None => (element.start + 1, ""),
    };
    Ok(format!("{}{comma}{statement}{}", &text[..at], &text[at..]))
}

/// Removes the statement with the given `Sid`.
///
/// Returns `None` if it was the only statement, and `document` unchanged if there is no such
/// statement.
///
/// # Errors
///
/// [`InvalidPolicy`] if `document` is not JSON or has no `Statement`.
pub fn remove_statement<'a>(
    document: &'a str,
    sid: &str,
) -> Result<Option<Cow<'a, str>>, InvalidPolicy> {
    let Layout { statements, .. } = Layout::parse(document)?;
    let is_named = |span: &Range<usize>| sid_of(&document[span.clone()]).as_deref() == Some(sid);
    let Some(at) = statements.iter().position(is_named) else {
        return Ok(Some(Cow::Borrowed(document)));
    };
    // The separator before the statement goes with it, so that removing an appended statement
    // restores the original document.
    let previous = at.checked_sub(1).map(|previous| &statements[previous]);
    let removed = match (previous, statements.get(at + 1)) {
        (None, None) => return Ok(None),
        (Some(previous), _) => previous.end..statements[at].end,
        (None, Some(next)) => statements[at].start..next.start,
    };
    let rest = [&document[..removed.start], &document[removed.end..]].concat();
    Ok(Some(Cow::Owned(rest)))
}

/// Returns the text of the statement with the given `Sid`, if there is one.
///
/// # Errors
///
/// [`InvalidPolicy`] if `document` is not JSON or has no `Statement`.
pub fn find_statement<'a>(document: &'a str, sid: &str) -> Result<Option<&'a str>, InvalidPolicy> {
    let layout = Layout::parse(document)?;
    let mut texts = layout.statements.into_iter().map(|span| &document[span]);
    Ok(texts.find(|text| sid_of(text).as_deref() == Some(sid)))
}

/// Returns the `Sid`s of all statements that have one, in document order.
///
/// # Errors
///
/// [`InvalidPolicy`] if `document` is not JSON or has no `Statement`.
pub fn sids(document: &str) -> Result<Vec<String>, InvalidPolicy> {
    let layout = Layout::parse(document)?;
    Ok(layout.statements.into_iter().filter_map(|span| sid_of(&document[span])).collect())
}

/// Byte positions of the statements in a document.
struct Layout {
    /// The value of `Statement`.
    element: Range<usize>,
    /// Whether that value is a list, not a single statement.
    is_list: bool,
    statements: Vec<Range<usize>>,
}

impl Layout {
    fn parse(text: &str) -> Result<Self, InvalidPolicy> {
        #[derive(Deserialize)]
        struct Document<'a> {
            #[serde(rename = "Statement", borrow)]
            statement: &'a RawValue,
        }
        let raw = serde_json::from_str::<Document<'_>>(text)?.statement;
        let span = |raw: &RawValue| {
            // Borrowed raw values are slices of `text`.
            let start = raw.get().as_ptr().addr() - text.as_ptr().addr();
            start..start + raw.get().len()
        };
        if raw.get().starts_with('{') {
            return Ok(Self { element: span(raw), is_list: false, statements: vec![span(raw)] });
        }
        let statements = serde_json::from_str::<Vec<&RawValue>>(raw.get())?;
        Ok(Self {
            element: span(raw),
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
    fn removing_an_inserted_statement_restores_every_byte() {
        for document in [
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"a"}]}"#,
            "{ \"Statement\" : [ {\"Sid\": \"a\",\n \"x\": 1.0} ,\n {\"b\": \"\\u00e9\"} \n ] ,\n\
             \"Id\":\"z\" }\n",
            r#"{"Id":"empty","Statement":[ ]}"#,
        ] {
            let after = insert_statement(Some(document), OURS).unwrap();
            assert_eq!(find_statement(&after, "Ours").unwrap(), Some(OURS));
            if document.contains("empty") {
                assert_eq!(remove_statement(&after, "Ours").unwrap(), None);
            } else {
                assert_eq!(remove_statement(&after, "Ours").unwrap().as_deref(), Some(document));
            }
        }
    }

    #[test]
    fn a_statement_is_removed_from_any_position() {
        let document = r#"{"Statement":[{"Sid":"a"}, {"Sid":"b"}, {"Sid":"c"}]}"#;
        let rest = |sid| remove_statement(document, sid).unwrap().unwrap().into_owned();
        assert_eq!(rest("a"), r#"{"Statement":[{"Sid":"b"}, {"Sid":"c"}]}"#);
        assert_eq!(rest("b"), r#"{"Statement":[{"Sid":"a"}, {"Sid":"c"}]}"#);
        assert_eq!(rest("c"), r#"{"Statement":[{"Sid":"a"}, {"Sid":"b"}]}"#);
        assert_eq!(rest("d"), document);
    }

    #[test]
    fn a_single_statement_becomes_a_list() {
        let after = insert_statement(Some(r#"{"Statement":{"Sid":"a"}}"#), OURS).unwrap();
        assert_eq!(sids(&after).unwrap(), ["a", "Ours"]);
        assert_eq!(
            remove_statement(&after, "Ours").unwrap().as_deref(),
            Some(r#"{"Statement":[{"Sid":"a"}]}"#)
        );
    }

    #[test]
    fn a_new_document_disappears_with_its_only_statement() {
        let new = insert_statement(None, OURS).unwrap();
        assert_eq!(remove_statement(&new, "Ours").unwrap(), None);
        assert!(insert_statement(Some("{}"), OURS).is_err());
    }
}
