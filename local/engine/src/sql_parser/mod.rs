//! The parser: one statement, in time and depth that the length of the SQL bounds.

mod dialect;
mod foreign_syntax;
mod table_parentheses;
mod token_limits;

use anyhow::bail;
use datafusion::{
    error::DataFusionError,
    sql::{
        parser::{DFParserBuilder, Statement},
        sqlparser::{parser::ParserError, tokenizer::Tokenizer},
    },
};

use crate::error::from_datafusion;
use dialect::AthenaDialect;

/// Maximum depth of the parser. A parenthesis is one level, a subquery two.
///
/// Trino takes 200 parentheses and 100 subqueries.
const MAX_DEPTH: usize = 450;

/// Operands that the parser reads for each token, and for each statement, before it is stopped.
///
/// An operand takes about a microsecond, in a debug build ten.
const OPERANDS_PER_TOKEN: usize = 8;
const OPERANDS_PER_STATEMENT: usize = 50_000;

/// Parses `sql`, which has to be one statement.
///
/// # Errors
///
/// If it is invalid, nested too deeply, or would take the parser too long.
pub(crate) fn parse(sql: &str) -> anyhow::Result<Statement> {
    let tokens = Tokenizer::new(&AthenaDialect::new(1), sql)
        .tokenize_with_location()
        .map_err(|error| from_datafusion(&DataFusionError::from(ParserError::from(error))))?;
    if let Some(reason) = token_limits::exceeded(&tokens) {
        bail!(reason);
    }
    if let Some(reason) = foreign_syntax::found(&tokens) {
        bail!(reason);
    }
    let budget = OPERANDS_PER_STATEMENT + OPERANDS_PER_TOKEN * tokens.len();
    if table_parentheses::reads(&tokens) > budget {
        bail!("joins and subqueries in parentheses are nested too deeply; use WITH");
    }
    let dialect = AthenaDialect::new(budget);
    let parsed = DFParserBuilder::new(tokens)
        .with_dialect(&dialect)
        .with_recursion_limit(MAX_DEPTH)
        .build()
        .and_then(|mut parser| parser.parse_statements());
    if let Some(location) = dialect.stopped_after() {
        bail!(
            "the SQL has a syntax error in nested expressions near line {}, column {}, \
             or is nested too deeply; use WITH",
            location.line,
            location.column
        );
    }
    let mut statements = parsed.map_err(|error| refused(&error))?;
    statements.pop_front().ok_or_else(|| anyhow::anyhow!("the SQL has no statement"))
}

fn refused(error: &DataFusionError) -> anyhow::Error {
    match error.find_root() {
        DataFusionError::SQL(parser, _)
            if matches!(**parser, ParserError::RecursionLimitExceeded) =>
        {
            anyhow::anyhow!(token_limits::too_deep())
        }
        _ => from_datafusion(error),
    }
}
