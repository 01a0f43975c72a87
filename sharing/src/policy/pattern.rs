//! Patterns with wildcards and policy variables.

use super::context::{Context, Value};

/// Returns whether `text` matches `pattern`.
///
/// `*` matches any number of characters, including `:` and `/`, and `?` matches exactly one. The
/// comparison is case-sensitive.
///
/// # Examples
///
/// ```
/// use athena_sharing::policy::matches;
///
/// assert!(matches("arn:aws:s3:::spill/athena/*", "arn:aws:s3:::spill/athena/q/1.0"));
/// assert!(!matches("arn:aws:s3:::spill/athena/*", "arn:aws:s3:::spill/athena"));
/// ```
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<Part> = pattern.chars().map(Part::wild).collect();
    parts_match(&pattern, text)
}

/// Returns whether each of the six parts of the ARN `text` matches the same part of `pattern`, the
/// comparison of `ArnLike`.
pub(super) fn arn_matches(pattern: &[Part], text: &str) -> bool {
    let mut patterns = pattern.splitn(6, |part| *part == Part::One(':'));
    let mut texts = text.splitn(6, ':');
    for _ in 0..6 {
        let (Some(pattern), Some(text)) = (patterns.next(), texts.next()) else {
            return false;
        };
        if !parts_match(pattern, text) {
            return false;
        }
    }
    true
}

/// A character or wildcard of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A literal character.
    One(char),
    /// `?`: exactly one character.
    AnyOne,
    /// `*`: any number of characters.
    Any,
}

impl Part {
    fn wild(character: char) -> Self {
        match character {
            '*' => Self::Any,
            '?' => Self::AnyOne,
            other => Self::One(other),
        }
    }
}

/// Interpretation of `*` and `?` in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wildcards {
    /// Wildcards, as in `StringLike`.
    Enabled,
    /// Literal characters, as in `StringEquals`.
    Disabled,
}

/// Replaces the policy variables of `pattern` with their values in `context`.
///
/// # Errors
///
/// The name of a variable without exactly one known value.
pub(super) fn expand(
    pattern: &str,
    context: &Context,
    wildcards: Wildcards,
) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find("${") {
        let Some(length) = rest[at..].find('}') else {
            break;
        };
        extend(&mut parts, &rest[..at], wildcards);
        let variable = &rest[at + 2..at + length];
        match variable {
            // Escapes of the three special characters.
            "*" | "?" | "$" => parts.extend(variable.chars().map(Part::One)),
            _ => match context.get(variable) {
                Value::Present(values) if values.len() == 1 => {
                    parts.extend(values[0].chars().map(Part::One));
                }
                Value::Present(_) | Value::Absent | Value::Unknown => {
                    return Err(variable.to_owned());
                }
            },
        }
        rest = &rest[at + length + 1..];
    }
    extend(&mut parts, rest, wildcards);
    Ok(parts)
}

fn extend(parts: &mut Vec<Part>, text: &str, wildcards: Wildcards) {
    let part = match wildcards {
        Wildcards::Enabled => Part::wild,
        Wildcards::Disabled => Part::One,
    };
    parts.extend(text.chars().map(part));
}

/// Returns whether `text` contains the policy variable of `key`, as in `${aws:PrincipalOrgID}`.
pub(super) fn has_variable(text: &str, key: &str) -> bool {
    text.to_ascii_lowercase().contains(&format!("${{{}}}", key.to_ascii_lowercase()))
}

/// Returns whether `text` matches all of `pattern`.
pub(super) fn parts_match(pattern: &[Part], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut at_pattern = 0;
    let mut at_text = 0;
    // Backtracking point after a mismatch: the part after the last `*`, and the text one character
    // further than at the previous attempt.
    let mut retry: Option<(usize, usize)> = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some(Part::Any) => {
                at_pattern += 1;
                retry = Some((at_pattern, at_text));
            }
            Some(Part::AnyOne) => {
                at_pattern += 1;
                at_text += 1;
            }
            Some(Part::One(wanted)) if *wanted == text[at_text] => {
                at_pattern += 1;
                at_text += 1;
            }
            Some(Part::One(_)) | None => {
                let Some((next_part, start)) = retry else {
                    return false;
                };
                at_pattern = next_part;
                at_text = start + 1;
                retry = Some((next_part, start + 1));
            }
        }
    }
    pattern[at_pattern..].iter().all(|part| *part == Part::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_across_slashes_and_a_question_mark_matches_one_character() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a*b*c", "a-b-b/c", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("abc", "abc", true),
            ("abc", "Abc", false),
            ("role/*", "role/x/y", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_star_in_an_arn_does_not_match_across_parts() {
        let pattern = |text: &str| expand(text, &Context::default(), Wildcards::Enabled).unwrap();
        assert!(arn_matches(&pattern("arn:aws:iam::*:role/a"), "arn:aws:iam::1:role/a"));
        assert!(!arn_matches(&pattern("arn:aws:iam:*:role/a"), "arn:aws:iam::1:role/a"));
        assert!(arn_matches(&pattern("arn:aws:iam::1:role/x/*"), "arn:aws:iam::1:role/x/y:z"));
    }

    #[test]
    fn variables_expand_to_context_values_without_wildcards() {
        let context = Context::default().with("aws:username", ["a*"]);
        let parts = expand("home/${aws:username}/${*}", &context, Wildcards::Enabled).unwrap();
        assert!(parts_match(&parts, "home/a*/*"));
        assert!(!parts_match(&parts, "home/ab/*"));
        let unknown = expand("${aws:userid}", &context, Wildcards::Enabled);
        assert_eq!(unknown, Err("aws:userid".to_owned()));
    }
}
