//! `LIKE` with Trino's semantics: it matches the whole string, `_` is one code point, `%` any
//! number, and there is no escape character unless one is given.
//!
//! Arrow's own kernel always treats the backslash as the escape character.

use crate::{Result, deadline::TimeLimit};

/// Clock that is looked at after many steps.
pub(super) struct Clock {
    time_limit: TimeLimit,
    steps: usize,
}

impl Clock {
    const STEPS: usize = 1 << 16;

    pub(super) fn new(time_limit: TimeLimit) -> Self {
        Self { time_limit, steps: 0 }
    }

    /// Counts steps, and fails with `Timeout` if the time has come.
    fn tick(&mut self, steps: usize) -> Result<()> {
        self.steps += steps;
        if self.steps < Self::STEPS {
            return Ok(());
        }
        self.steps = 0;
        self.time_limit.check()
    }
}

/// Parsed pattern: segments separated by `%`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LikePattern {
    first: Segment,
    middle: Vec<Segment>,
    /// `None` if the pattern has no `%`.
    last: Option<Segment>,
}

/// Parts that match contiguously.
#[derive(Debug, Default, PartialEq, Eq)]
struct Segment {
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// This many arbitrary code points, at least one.
    Any(usize),
}

/// Returns the prefix of every match of a pattern, or `None` for an invalid pattern.
pub(crate) fn like_prefix(pattern: &str, escape: Option<&str>) -> Option<String> {
    let escape = match escape.map(|escape| escape.chars().collect::<Vec<_>>()).as_deref() {
        None | Some([]) => None,
        Some([escape]) => Some(*escape),
        Some(_) => return None,
    };
    let parsed = LikePattern::parse(pattern, escape)?;
    Some(match parsed.first.parts.first() {
        Some(Part::Text(text)) => text.clone(),
        Some(Part::Any(_)) | None => String::new(),
    })
}

impl LikePattern {
    /// Parses a pattern; `None` where Trino rejects it: an escape before anything but `%`, `_` or
    /// itself.
    pub(super) fn parse(pattern: &str, escape: Option<char>) -> Option<Self> {
        let mut segments = vec![Segment::default()];
        let mut chars = pattern.chars();
        while let Some(next) = chars.next() {
            let segment = segments.last_mut().expect("starts with one and only grows");
            if Some(next) == escape {
                let escaped = chars.next()?;
                if escaped != '%' && escaped != '_' && Some(escaped) != escape {
                    return None;
                }
                segment.push_char(escaped);
            } else if next == '%' {
                segments.push(Segment::default());
            } else if next == '_' {
                segment.push_any();
            } else {
                segment.push_char(next);
            }
        }
        let last = if segments.len() > 1 { segments.pop() } else { None };
        let first = segments.remove(0);
        segments.retain(|segment| !segment.parts.is_empty()); // `%%` is `%`
        Some(Self { first, middle: segments, last })
    }

    /// Returns whether the pattern matches all of `text`.
    ///
    /// # Errors
    ///
    /// `Timeout` of the clock: a segment with `_` is compared at every position of the text.
    pub(super) fn matches(&self, text: &str, clock: &mut Clock) -> Result<bool> {
        clock.tick(1)?;
        let Some(mut rest) = self.first.strip_from(text) else { return Ok(false) };
        let Some(last) = &self.last else { return Ok(rest.is_empty()) };
        for segment in &self.middle {
            // The leftmost match leaves the most text for the following segments.
            match segment.find_and_strip(rest, clock)? {
                Some(after) => rest = after,
                None => return Ok(false),
            }
        }
        Ok(last.ends(rest))
    }
}

impl Segment {
    fn push_char(&mut self, next: char) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(next),
            _ => self.parts.push(Part::Text(next.to_string())),
        }
    }

    fn push_any(&mut self) {
        match self.parts.last_mut() {
            Some(Part::Any(count)) => *count += 1,
            _ => self.parts.push(Part::Any(1)),
        }
    }

    /// Returns the text after the segment, if `text` starts with it.
    fn strip_from<'a>(&self, mut text: &'a str) -> Option<&'a str> {
        for part in &self.parts {
            text = match part {
                Part::Text(literal) => text.strip_prefix(literal.as_str())?,
                Part::Any(count) => {
                    let mut chars = text.chars();
                    chars.nth(count - 1)?;
                    chars.as_str()
                }
            };
        }
        Some(text)
    }

    /// Returns the text after the first match of the segment.
    fn find_and_strip<'a>(&self, text: &'a str, clock: &mut Clock) -> Result<Option<&'a str>> {
        if let [Part::Text(literal)] = &self.parts[..] {
            return Ok(text.find(literal.as_str()).map(|start| &text[start + literal.len()..]));
        }
        for (start, _) in text.char_indices() {
            clock.tick(self.parts.len())?;
            if let Some(after) = self.strip_from(&text[start..]) {
                return Ok(Some(after));
            }
        }
        Ok(None)
    }

    /// Returns whether `text` ends with the segment.
    fn ends(&self, text: &str) -> bool {
        match &self.parts[..] {
            [] => true,
            [Part::Text(literal)] => text.ends_with(literal.as_str()),
            parts => {
                let code_points: usize = parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(literal) => literal.chars().count(),
                        Part::Any(count) => *count,
                    })
                    .sum();
                let start = text.char_indices().rev().nth(code_points - 1);
                start.is_some_and(|(start, _)| self.strip_from(&text[start..]).is_some())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::{ErrorKind, deadline::Deadline};

    #[track_caller]
    fn check(pattern: &str, escape: Option<char>, matching: &[&str], other: &[&str]) {
        let parsed = LikePattern::parse(pattern, escape).expect("a legal pattern");
        let mut clock = Clock::new(TimeLimit::default());
        let mut matches = |text| parsed.matches(text, &mut clock).expect("no time limit");
        for text in matching {
            assert!(matches(text), "{text:?} must match {pattern:?}");
        }
        for text in other {
            assert!(!matches(text), "{text:?} must not match {pattern:?}");
        }
    }

    #[test]
    fn a_pattern_that_takes_long_ends_at_the_time_limit() {
        let pattern = format!("%{}b%", "a_".repeat(500));
        let pattern = LikePattern::parse(&pattern, None).expect("a legal pattern");
        let passed = Deadline::new(Some(SystemTime::now()), Duration::ZERO).time_limit();
        let text = "a".repeat(100_000);
        let found = pattern.matches(&text, &mut Clock::new(passed));
        assert_eq!(found.expect_err("no time is left").kind(), ErrorKind::Timeout);
    }

    #[test]
    fn patterns_match_the_whole_string() {
        check("", None, &[""], &["a"]);
        check("abc", None, &["abc"], &["", "ab", "abcd", "xabc", "ABC"]);
        check("%", None, &["", "a", "\n\n", "𝄞"], &[]);
        check("%%", None, &["", "a"], &[]);
        check("a%", None, &["a", "ab"], &["", "ba"]);
        check("%a", None, &["a", "ba"], &["", "ab"]);
        check("%a%", None, &["a", "bab"], &["", "b"]);
        check("a%a", None, &["aa", "aba"], &["a", "ab", "ba"]);
        check("ab%ba", None, &["abba", "abxba"], &["aba"]);
        check("%ab%ab", None, &["abab", "xabyab"], &["ab", "aab", "abb"]);
        check("a%b%c", None, &["abc", "axbxbxc", "abcbc"], &["acb", "abcb"]);
    }

    #[test]
    fn an_underscore_matches_one_code_point() {
        check("_", None, &["a", "é", "𝄞", "\n", "%"], &["", "ab", "e\u{301}"]);
        check("__", None, &["ab", "𝄞𝄞"], &["a", "𝄞", "abc"]);
        check("a_c", None, &["abc", "a𝄞c", "a_c"], &["ac", "abbc"]);
        check("%_", None, &["a", "abc", "𝄞"], &[""]);
        check("_%", None, &["a", "abc"], &[""]);
        check("%_b", None, &["ab", "𝄞b", "bb"], &["b", "ba"]);
        check("%a_%_b", None, &["axxb", "a𝄞𝄞b", "aaabb"], &["axb", "ab"]);
        check("_%_%_", None, &["abc", "abcd"], &["ab"]);
        check("%a_c%", None, &["aabc", "a𝄞cx", "aac"], &["ac", "abbc"]);
    }

    #[test]
    fn only_percent_and_underscore_are_special() {
        check("a\\%", None, &["a\\", "a\\x"], &["a%", "a"]);
        check("\\_", None, &["\\a"], &["_", "\\"]);
        check(".*[a]^$", None, &[".*[a]^$"], &["xa"]);
    }

    #[test]
    fn an_escape_makes_the_next_character_literal() {
        check("100\\%", Some('\\'), &["100%"], &["100", "100x", "100\\%"]);
        check("a#_b", Some('#'), &["a_b"], &["axb", "a#_b"]);
        check("##%", Some('#'), &["#", "#x"], &["x"]);
        check("%$%%", Some('$'), &["5%", "%x"], &["5"]);
        check("%%x", Some('%'), &["%x"], &["x", "ax"]);
    }

    #[test]
    fn patterns_that_trino_rejects_are_rejected() {
        assert_eq!(LikePattern::parse("a#b", Some('#')), None);
        assert_eq!(LikePattern::parse("a#", Some('#')), None);
    }
}
