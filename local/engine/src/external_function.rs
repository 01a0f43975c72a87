//! Parser of Athena's `USING EXTERNAL FUNCTION` clause.
//!
//! ```sql
//! USING EXTERNAL FUNCTION mask(text VARCHAR, keep INTEGER) RETURNS VARCHAR LAMBDA 'example'
//! SELECT mask(name, 2) FROM customers
//! ```

use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    parser::{Parser, ParserError},
    tokenizer::{Location, Token, Tokenizer},
};

/// The declaration of a user-defined function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExternalFunction {
    /// Name in lower case, in SQL and in requests.
    pub(crate) name: String,
    /// SQL types of its arguments.
    pub(crate) arguments: Vec<String>,
    /// SQL type of its result.
    pub(crate) returns: String,
    /// The Lambda function: the name of a catalog, or the address of a function.
    pub(crate) lambda: String,
}

/// Splits `sql` into the functions that the clause declares and the query after it.
///
/// Returns no functions and all of `sql` if it does not begin with the clause.
///
/// # Errors
///
/// Names the unexpected token of a malformed clause and its location.
pub(crate) fn split_off(sql: &str) -> Result<(Vec<ExternalFunction>, &str), ParserError> {
    let dialect = GenericDialect {};
    // The parser of the query reports text that cannot be tokenized.
    let Ok(tokens) = Tokenizer::new(&dialect, sql).tokenize_with_location() else {
        return Ok((Vec::new(), sql));
    };
    let mut parser = Parser::new(&dialect).with_tokens_with_locations(tokens);
    if !consume_word(&mut parser, "USING") {
        return Ok((Vec::new(), sql));
    }
    let mut functions = Vec::new();
    loop {
        // The two words are optional from the second function on.
        if consume_word(&mut parser, "EXTERNAL") {
            expect_word(&mut parser, "FUNCTION")?;
        } else if functions.is_empty() {
            return Err(unexpected(&parser, "EXTERNAL FUNCTION"));
        }
        let function = function(&mut parser)?;
        if functions.iter().any(|other: &ExternalFunction| other.name == function.name) {
            let name = function.name;
            return Err(ParserError::ParserError(format!(
                "function {name} is declared twice; rename or remove one"
            )));
        }
        functions.push(function);
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    let rest = parser.peek_token();
    Ok((functions, &sql[offset(sql, rest.span.start)..]))
}

fn function(parser: &mut Parser<'_>) -> Result<ExternalFunction, ParserError> {
    let name = parser.parse_identifier()?.value.to_ascii_lowercase();
    parser.expect_token(&Token::LParen)?;
    let mut arguments = Vec::new();
    if !parser.consume_token(&Token::RParen) {
        loop {
            parser.parse_identifier()?;
            arguments.push(parser.parse_data_type()?.to_string());
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        parser.expect_token(&Token::RParen)?;
    }
    expect_word(parser, "RETURNS")?;
    let returns = parser.parse_data_type()?.to_string();
    expect_word(parser, "LAMBDA")?;
    let lambda = parser.parse_literal_string()?;
    Ok(ExternalFunction { name, arguments, returns, lambda })
}

/// Consumes the next token if it is the word `expected`, ignoring case.
fn consume_word(parser: &mut Parser<'_>, expected: &str) -> bool {
    let found = match &parser.peek_token().token {
        Token::Word(word) => word.value.eq_ignore_ascii_case(expected),
        _ => false,
    };
    if found {
        parser.next_token();
    }
    found
}

fn expect_word(parser: &mut Parser<'_>, expected: &str) -> Result<(), ParserError> {
    if consume_word(parser, expected) { Ok(()) } else { Err(unexpected(parser, expected)) }
}

fn unexpected(parser: &Parser<'_>, expected: &str) -> ParserError {
    let found = parser.peek_token();
    ParserError::ParserError(format!(
        "expected {expected}, found {}{}",
        found.token, found.span.start
    ))
}

/// Returns the byte offset of `location`. The location of the end of input is the end of `sql`.
pub(crate) fn offset(sql: &str, location: Location) -> usize {
    if location.line == 0 {
        return sql.len();
    }
    let line = usize::try_from(location.line - 1).unwrap_or(usize::MAX);
    let column = usize::try_from(location.column.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = sql.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &sql[start.min(sql.len())..];
    start + rest.char_indices().nth(column).map_or(rest.len(), |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_without_the_clause_is_unchanged() {
        assert_eq!(split_off("SELECT 1").unwrap(), (vec![], "SELECT 1"));
    }

    #[test]
    fn functions_are_split_off() {
        let sql = "using external function Mask(s VARCHAR, keep integer) \
                   returns varchar lambda 'example',\n\
                   half(d DECIMAL(10, 2)) RETURNS DECIMAL(10, 2) LAMBDA 'exec:./half'\n  \
                   SELECT 'é', mask(a, 1) FROM t";
        let (functions, rest) = split_off(sql).unwrap();
        assert_eq!(rest, "SELECT 'é', mask(a, 1) FROM t");
        assert_eq!(
            functions[0],
            ExternalFunction {
                name: "mask".to_owned(),
                arguments: vec!["VARCHAR".to_owned(), "INTEGER".to_owned()],
                returns: "VARCHAR".to_owned(),
                lambda: "example".to_owned(),
            }
        );
        assert_eq!(functions[1].arguments, ["DECIMAL(10,2)"]);
        assert_eq!(functions[1].lambda, "exec:./half");
    }

    #[test]
    fn a_function_that_is_declared_twice_is_an_error() {
        let clause = "FUNCTION F(a INT) RETURNS INT LAMBDA 'x'";
        let sql = format!("USING EXTERNAL {clause}, EXTERNAL {} SELECT 1", clause.to_lowercase());
        let error = split_off(&sql).unwrap_err();
        assert!(error.to_string().contains("function f is declared twice"), "{error}");
    }

    #[test]
    fn an_error_names_the_missing_word() {
        let error = split_off("USING EXTERNAL FUNCTION f(a INT) LAMBDA 'x' SELECT 1").unwrap_err();
        assert!(error.to_string().contains("expected RETURNS, found LAMBDA"), "{error}");
    }
}
