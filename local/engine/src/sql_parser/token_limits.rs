//! Limits that are checked before the parser, which exceeds its stack or takes square time.

use datafusion::sql::sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, TokenWithSpan},
};

use super::MAX_DEPTH;

/// Maximum number of operators between two commas, `OR`, or clauses. The parser nests them, one
/// level for each, without a limit; `a IS NULL IS NULL` is an example.
const MAX_OPERATORS: usize = 2_000;

/// Maximum number of names with points or angle brackets between them.
const MAX_NAMES: usize = 100;

/// Maximum length of a number. A decimal has 38 digits.
const MAX_DIGITS: usize = 1_000;

/// Counts of the tokens so far.
#[derive(Debug, Default)]
struct Counts {
    /// Operators of each open parenthesis, and outside of all.
    operators: Vec<usize>,
    names: usize,
    /// Whether the last token was a point or an angle bracket.
    joins_names: bool,
    intervals: usize,
    explains: usize,
    ended: bool,
}

/// Returns the reason why the statement of `tokens` is refused, if it is.
pub(super) fn exceeded(tokens: &[TokenWithSpan]) -> Option<String> {
    let mut counts = Counts { operators: vec![0], ..Counts::default() };
    tokens.iter().find_map(|token| counts.add(&token.token))
}

pub(super) fn too_deep() -> String {
    format!("the SQL is nested more than {MAX_DEPTH} levels; use WITH, or fewer parentheses")
}

impl Counts {
    fn add(&mut self, token: &Token) -> Option<String> {
        if matches!(token, Token::Whitespace(_) | Token::EOF) {
            return None;
        }
        if self.ended && token != &Token::SemiColon {
            return Some("the SQL has several statements; run them one by one".to_owned());
        }
        match token {
            Token::SemiColon => self.ended = true,
            Token::LParen | Token::LBracket | Token::LBrace => self.operators.push(0),
            Token::RParen | Token::RBracket | Token::RBrace if self.operators.len() > 1 => {
                self.operators.pop();
            }
            Token::Number(digits, _) if digits.len() > MAX_DIGITS => {
                return Some(format!("a number has {} digits, 38 at most", digits.len()));
            }
            // Foreign enum: no other token is counted here.
            _ => {}
        }
        self.count_words(token);
        self.count_operators(token);
        self.reason()
    }

    fn count_words(&mut self, token: &Token) {
        match token {
            Token::Word(word) => {
                let is_interval = word.keyword == Keyword::INTERVAL;
                self.intervals = if is_interval { self.intervals + 1 } else { 0 };
                self.explains += usize::from(word.keyword == Keyword::EXPLAIN);
                self.names = if self.joins_names { self.names + 1 } else { 1 };
                self.joins_names = false;
            }
            Token::Period | Token::Lt => self.joins_names = true,
            // Foreign enum: no other token joins names.
            _ => (self.intervals, self.joins_names) = (0, false),
        }
    }

    fn count_operators(&mut self, token: &Token) {
        let Some(operators) = self.operators.last_mut() else { return };
        match token {
            Token::Comma => *operators = 0,
            Token::DoubleColon | Token::Arrow => *operators += 1,
            Token::Word(word) => match word.keyword {
                Keyword::AT
                | Keyword::BETWEEN
                | Keyword::COLLATE
                | Keyword::ILIKE
                | Keyword::IN
                | Keyword::IS
                | Keyword::LIKE => *operators += 1,
                Keyword::JOIN
                | Keyword::OR
                | Keyword::SELECT
                | Keyword::THEN
                | Keyword::WHEN
                | Keyword::WHERE => *operators = 0,
                // Foreign enum: no other keyword is an operator after its operand.
                _ => {}
            },
            // Foreign enum: the length of chains of other operators is limited after the parser.
            _ => {}
        }
    }

    fn reason(&self) -> Option<String> {
        let operators = self.operators.last().copied().unwrap_or_default();
        if self.operators.len() > MAX_DEPTH {
            return Some(too_deep());
        }
        if operators > MAX_OPERATORS {
            return Some(format!("a chain of more than {MAX_OPERATORS} operators; shorten it"));
        }
        if self.names > MAX_NAMES {
            return Some(format!("a name or type has more than {MAX_NAMES} parts"));
        }
        if self.intervals > 2 {
            return Some("INTERVAL of INTERVAL is not supported".to_owned());
        }
        (self.explains > 1).then(|| "EXPLAIN of EXPLAIN is not supported".to_owned())
    }
}
