//! Parentheses of `FROM`, which the parser reads several times.
//!
//! `FROM ((SELECT 1) AS a JOIN b)` may begin with a derived table or with a join in parentheses.
//! The parser tries both at each parenthesis, so it reads the inside of `n` of them up to `n`
//! times, and subqueries in such joins multiply that by their own.

use datafusion::sql::sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan},
};

/// Tokens in one pair of parentheses, or outside of all.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// How often the parser reads the tokens, at most.
    reads: usize,
    /// Number of parentheses in a row, including this one, each of which may begin a join.
    in_row: usize,
    has_select: bool,
    in_from: bool,
}

impl Level {
    fn new(reads: usize) -> Self {
        Self { reads, in_row: 0, has_select: false, in_from: false }
    }

    fn keyword(&mut self, keyword: Keyword) {
        match keyword {
            Keyword::SELECT => {
                self.has_select = true;
                self.in_from = false;
            }
            Keyword::FROM => self.in_from = self.has_select,
            Keyword::WHERE
            | Keyword::GROUP
            | Keyword::HAVING
            | Keyword::WINDOW
            | Keyword::ORDER
            | Keyword::LIMIT
            | Keyword::OFFSET
            | Keyword::UNION
            | Keyword::EXCEPT
            | Keyword::INTERSECT => self.in_from = false,
            // Foreign enum: no other keyword begins or ends the clause.
            _ => {}
        }
    }
}

/// Returns how many tokens the parser reads, at most, because of parentheses in `FROM`.
pub(super) fn reads(tokens: &[TokenWithSpan]) -> usize {
    let mut outer: Vec<Level> = Vec::new();
    let mut level = Level::new(1);
    let mut before: Option<&Token> = None;
    let mut total = 0_usize;
    for token in tokens.iter().map(|token| &token.token) {
        match token {
            Token::Whitespace(_) => continue,
            Token::LParen => {
                let inner = opened(level, before);
                outer.push(std::mem::replace(&mut level, inner));
            }
            Token::RParen => level = outer.pop().unwrap_or(Level::new(1)),
            Token::Word(word) => level.keyword(word.keyword),
            // Foreign enum: no other token opens, closes, or begins a clause.
            _ => {}
        }
        total = total.saturating_add(level.reads);
        before = Some(token);
    }
    total
}

/// Returns the level of a parenthesis in `level`, after the token `before`.
fn opened(level: Level, before: Option<&Token>) -> Level {
    let continues = matches!(before, Some(Token::LParen)) && level.in_row > 0;
    let begins = level.in_from
        && match before {
            Some(Token::Comma) => true,
            Some(Token::Word(word)) => matches!(word.keyword, Keyword::FROM | Keyword::JOIN),
            // Foreign enum: no other token is before a table.
            _ => false,
        };
    let in_row = match (continues, begins) {
        (true, _) => level.in_row + 1,
        (false, true) => 1,
        (false, false) => return Level::new(level.reads),
    };
    // `level.reads` counts the row so far, of which the length is a factor.
    let before_row = level.reads / level.in_row.max(1);
    let reads = if continues { before_row.saturating_mul(in_row) } else { level.reads };
    Level { reads, in_row, has_select: false, in_from: continues || begins }
}
