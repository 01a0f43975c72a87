//! Splitting of interactive input into statements.

use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    tokenizer::{Token, TokenWithSpan, Tokenizer},
};

use super::external_function::offset;

/// Removes all complete statements from the front of `text` and returns them, in order.
///
/// A semicolon outside of quotes and comments ends a statement. Returned statements have no
/// semicolon; empty ones are dropped. `text` keeps the incomplete rest.
pub fn take_statements(text: &mut String) -> Vec<String> {
    let mut statements = Vec::new();
    while let Some(end) = end_of_statement(text) {
        let rest = text.split_off(end + 1);
        text.truncate(end);
        let statement = std::mem::replace(text, rest);
        if has_statement(&statement) {
            statements.push(statement);
        }
    }
    if !has_statement(text) && !text.contains("/*") {
        text.clear();
    }
    statements
}

/// Returns the byte offset of the first semicolon that ends a statement.
fn end_of_statement(text: &str) -> Option<usize> {
    let end = tokens(text).into_iter().find(|token| token.token == Token::SemiColon)?;
    Some(offset(text, end.span.start))
}

/// Returns whether `text` contains more than spaces and comments.
pub fn has_statement(text: &str) -> bool {
    let is_blank = |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_) | Token::EOF);
    let tokens = tokens(text);
    // The parser reports text that cannot be tokenized.
    !tokens.iter().all(is_blank) || (tokens.is_empty() && !text.trim().is_empty())
}

/// Returns the complete tokens at the start of `text`.
fn tokens(text: &str) -> Vec<TokenWithSpan> {
    let mut tokens = Vec::new();
    // An error means an open quote or comment, which the next lines may close.
    let _ = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location_into_buf(&mut tokens);
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_end_statements_except_in_quotes_and_comments() {
        let mut text = "SELECT ';' -- not; here\n, \"a;b\";SELECT 2; SELECT".to_owned();
        assert_eq!(take_statements(&mut text), ["SELECT ';' -- not; here\n, \"a;b\"", "SELECT 2"]);
        assert_eq!(text, " SELECT");
    }

    #[test]
    fn block_comments_contain_no_semicolons_and_no_quotes() {
        let mut text = "SELECT 1 /* a; /* nested; */ don't */ AS a;\nSELECT 2 /* open; ".to_owned();
        assert_eq!(take_statements(&mut text), ["SELECT 1 /* a; /* nested; */ don't */ AS a"]);
        assert_eq!(text, "\nSELECT 2 /* open; ");
        text.push_str("closed */;");
        assert_eq!(take_statements(&mut text).len(), 1);
    }

    #[test]
    fn an_open_quote_waits_for_its_end() {
        let mut text = "SELECT 1; SELECT 'a;\n".to_owned();
        assert_eq!(take_statements(&mut text), ["SELECT 1"]);
        text.push_str("b';");
        assert_eq!(take_statements(&mut text), [" SELECT 'a;\nb'"]);
    }

    #[test]
    fn empty_statements_are_dropped() {
        let mut text = ";;\n".to_owned();
        assert!(take_statements(&mut text).is_empty());
        assert!(text.is_empty());
    }
}
