//! Patterns with `*` and `?`, and the variables that may stand in them.

use super::context::{Context, Value};

/// Whether `text` matches `pattern`, in which `*` stands for any number of characters, also `:` and
/// `/`, and `?` for one.
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

/// Whether both have six parts and each part of `text` matches that of `pattern`, as `ArnLike`
/// compares.
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

/// One character of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// This character.
    One(char),
    /// Any one character.
    AnyOne,
    /// Any number of characters.
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

/// A pattern whose variables were replaced by what `context` has for them.
///
/// `Err` names a variable that cannot be replaced. `literal` patterns have no wildcards:
/// `StringEquals` compares so.
pub(super) fn expand(pattern: &str, context: &Context, literal: bool) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find("${") {
        let Some(length) = rest[at..].find('}') else {
            break;
        };
        extend(&mut parts, &rest[..at], literal);
        let variable = &rest[at + 2..at + length];
        match variable {
            // The ways to write the three characters themselves.
            "*" | "?" | "$" => parts.extend(variable.chars().map(Part::One)),
            _ => match context.get(variable) {
                Value::Present(values) if values.len() == 1 => {
                    parts.extend(values[0].chars().map(Part::One))
                }
                Value::Present(_) | Value::Absent | Value::Unknown => {
                    return Err(variable.to_owned());
                }
            },
        }
        rest = &rest[at + length + 1..];
    }
    extend(&mut parts, rest, literal);
    Ok(parts)
}

fn extend(parts: &mut Vec<Part>, text: &str, literal: bool) {
    parts.extend(text.chars().map(if literal { Part::One } else { Part::wild }));
}

pub(super) fn parts_match(pattern: &[Part], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at_pattern, mut at_text) = (0, 0);
    // Where to go on if a later character does not match: behind the last `*`, one character
    // further.
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
                let Some((behind, taken)) = retry else {
                    return false;
                };
                at_pattern = behind;
                at_text = taken + 1;
                retry = Some((behind, taken + 1));
            }
        }
    }
    pattern[at_pattern..].iter().all(|part| *part == Part::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_slashes_and_a_question_mark_is_one_character() {
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
    fn a_star_in_one_part_of_an_arn_does_not_reach_the_next() {
        let pattern = |text: &str| expand(text, &Context::default(), false).unwrap();
        assert!(arn_matches(&pattern("arn:aws:iam::*:role/a"), "arn:aws:iam::1:role/a"));
        assert!(!arn_matches(&pattern("arn:aws:iam:*:role/a"), "arn:aws:iam::1:role/a"));
        assert!(arn_matches(&pattern("arn:aws:iam::1:role/x/*"), "arn:aws:iam::1:role/x/y:z"));
    }

    #[test]
    fn variables_become_what_the_context_has_and_nothing_in_them_is_a_wildcard() {
        let context = Context::default().with("aws:username", ["a*"]);
        let parts = expand("home/${aws:username}/${*}", &context, false).unwrap();
        assert!(parts_match(&parts, "home/a*/*"));
        assert!(!parts_match(&parts, "home/ab/*"));
        assert_eq!(expand("${aws:userid}", &context, false), Err("aws:userid".to_owned()));
    }
}
