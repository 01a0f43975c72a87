//! Statements of a text that is still being typed.

use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    tokenizer::{Token, TokenWithSpan, Tokenizer},
};

use super::external_function::offset;

/// Takes every query that a semicolon ends off the front of `text`; a semicolon in quotes or a
/// comment ends nothing.
pub fn take_statements(text: &mut String) -> Vec<String> {
    let mut queries = Vec::new();
    while let Some(end) = end_of_query(text) {
        let rest = text.split_off(end + 1);
        text.truncate(end);
        let query = std::mem::replace(text, rest);
        if has_statement(&query) {
            queries.push(query);
        }
    }
    if !has_statement(text) && !text.contains("/*") {
        text.clear();
    }
    queries
}

/// Where the first semicolon is that ends a query.
fn end_of_query(text: &str) -> Option<usize> {
    let end = tokens(text).into_iter().find(|token| token.token == Token::SemiColon)?;
    Some(offset(text, end.span.start))
}

/// Whether there is more than spaces and comments.
pub fn has_statement(text: &str) -> bool {
    let is_blank = |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_) | Token::EOF);
    let tokens = tokens(text);
    // What cannot be read is for the parser to complain about.
    !tokens.iter().all(is_blank) || (tokens.is_empty() && !text.trim().is_empty())
}

/// The tokens at the start of `text`, as far as they are complete.
fn tokens(text: &str) -> Vec<TokenWithSpan> {
    let mut tokens = Vec::new();
    // It ends inside of quotes or a comment: the next lines may end them.
    let _ = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location_into_buf(&mut tokens);
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_end_queries_except_in_quotes_and_comments() {
        let mut text = "SELECT ';' -- not; here\n, \"a;b\";SELECT 2; SELECT".to_owned();
        assert_eq!(take_statements(&mut text), ["SELECT ';' -- not; here\n, \"a;b\"", "SELECT 2"]);
        assert_eq!(text, " SELECT");
    }

    #[test]
    fn comments_of_many_lines_end_nothing_and_open_no_quotes() {
        let mut text = "SELECT 1 /* a; /* nested; */ don't */ AS a;\nSELECT 2 /* open; ".to_owned();
        assert_eq!(take_statements(&mut text), ["SELECT 1 /* a; /* nested; */ don't */ AS a"]);
        assert_eq!(text, "\nSELECT 2 /* open; ");
        text.push_str("closed */;");
        assert_eq!(take_statements(&mut text).len(), 1);
    }

    #[test]
    fn a_quote_that_is_open_waits_for_its_end() {
        let mut text = "SELECT 1; SELECT 'a;\n".to_owned();
        assert_eq!(take_statements(&mut text), ["SELECT 1"]);
        text.push_str("b';");
        assert_eq!(take_statements(&mut text), [" SELECT 'a;\nb'"]);
    }

    #[test]
    fn nothing_between_semicolons_is_no_query() {
        let mut text = ";;\n".to_owned();
        assert!(take_statements(&mut text).is_empty());
        assert!(text.is_empty());
    }
}
