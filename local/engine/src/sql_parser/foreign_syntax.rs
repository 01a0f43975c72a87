//! Syntax of other databases, which the parser takes and Trino refuses.

use datafusion::sql::sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan},
};

/// Returns the reason why the statement of `tokens` is refused, if it is, with the position of the
/// first token that Trino does not expect.
pub(super) fn found(tokens: &[TokenWithSpan]) -> Option<String> {
    let words: Vec<&TokenWithSpan> =
        tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    // In DDL, names are quoted with backticks.
    let is_query = words.first().is_some_and(|first| {
        matches!(
            keyword(first),
            Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::EXPLAIN
        )
    });
    words.windows(3).find_map(|window| refused(window, is_query))
}

fn keyword(token: &TokenWithSpan) -> Keyword {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => word.keyword,
        // Foreign enum: no other token is a keyword.
        _ => Keyword::NoKeyword,
    }
}

fn refused(window: &[&TokenWithSpan], is_query: bool) -> Option<String> {
    let (first, second) = (window.first()?, window.get(1)?);
    let third = window.get(2);
    let (unexpected, instead) = match (&second.token, keyword(first), keyword(second)) {
        (Token::DoubleColon, ..) => (second, "use CAST(value AS type)"),
        (Token::DoubleEq, ..) => (second, "use ="),
        (_, _, Keyword::ILIKE) => (third?, "compare lower(a) LIKE lower(b)"),
        (_, _, Keyword::QUALIFY) if !is_name_or_point(first) => {
            (third?, "filter in an outer query")
        }
        (_, Keyword::SELECT, Keyword::FROM) => (second, "list the columns, or *"),
        (_, Keyword::DISTINCT, Keyword::ON) => (second, "use GROUP BY, or row_number()"),
        (Token::Mul, Keyword::SELECT, _) if third.is_some_and(|t| excludes(t)) => {
            (third?, "list the columns")
        }
        (Token::Word(word), ..) if is_query && word.quote_style == Some('`') => {
            let at = second.span.start;
            return Some(format!(
                "line {}:{}: backquoted identifiers are not supported; \
                 use double quotes to quote identifiers",
                at.line, at.column
            ));
        }
        (_, Keyword::NATURAL, Keyword::JOIN) => {
            let at = first.span.start;
            return Some(format!(
                "line {}:{}: NATURAL JOIN is not supported; use JOIN ... USING",
                at.line, at.column
            ));
        }
        (Token::Number(..), Keyword::LIMIT, _) => match third.map(|third| &third.token) {
            Some(Token::Comma) => (third?, "use OFFSET n LIMIT m"),
            _ if third.is_some_and(|third| keyword(third) == Keyword::OFFSET) => {
                (third?, "write OFFSET before LIMIT")
            }
            _ => return None,
        },
        // Foreign enums: no other pair of tokens is refused.
        _ => return None,
    };
    let at = unexpected.span.start;
    let text = unexpected.token.to_string();
    Some(format!("line {}:{}: mismatched input '{text}'; {instead}", at.line, at.column))
}

fn is_name_or_point(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Period) || matches!(keyword(token), Keyword::AS | Keyword::SELECT)
}

/// Returns whether a word after `*` excludes or replaces columns.
fn excludes(token: &TokenWithSpan) -> bool {
    matches!(keyword(token), Keyword::EXCLUDE | Keyword::REPLACE | Keyword::RENAME)
}
