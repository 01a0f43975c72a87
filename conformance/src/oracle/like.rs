//! `LIKE` patterns: `%` matches any number of code points, `_` exactly one.

/// Returns true if `pattern` matches the whole of `text`. There is no escape character.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // `ends[at]`: whether the pattern so far matches the first `at` code points.
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for token in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match token {
                '%' => ends[at] || (at > 0 && next[at - 1]),
                '_' => at > 0 && ends[at - 1],
                literal => at > 0 && ends[at - 1] && text[at - 1] == literal,
            };
        }
        ends = next;
    }
    ends[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_text_or_nothing() {
        for (text, pattern, matches) in [
            ("", "", true),
            ("", "%", true),
            ("a", "", false),
            ("abc", "a%c", true),
            ("abcd", "a%c", false),
            ("a\u{1F600}c", "a_c", true),
            ("ac", "a_c", false),
            ("abab", "%ab", true),
            ("A", "a", false),
            ("a ", "a", false),
        ] {
            assert_eq!(like(text, pattern), matches, "{text:?} LIKE {pattern:?}");
        }
    }
}
