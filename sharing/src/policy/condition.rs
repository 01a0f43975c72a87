//! Conditions: an operator, a key of the context, and values.

use super::{
    context::{Context, Value},
    pattern::{arn_matches, expand, parts_match},
};

/// One condition of a statement; a statement applies if all of its conditions hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// Such as `StringEquals` or `ForAnyValue:ArnLike`.
    pub operator: String,
    /// Such as `aws:PrincipalArn`.
    pub key: String,
    /// Of these one has to match, sorted.
    pub values: Vec<String>,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    /// Nobody outside AWS can say: the operator or the value of the key is not known.
    Unknown,
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Self::Yes } else { Self::No }
    }
}

/// How the values of a key that has several are taken together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    None,
    All,
    Any,
}

/// An operator without what stands before and behind its name.
struct Operator<'a> {
    quantifier: Quantifier,
    comparison: &'a str,
    negated: bool,
    if_exists: bool,
}

impl Condition {
    /// Whether it holds in `context`.
    ///
    /// The rules for a key that is absent: operators with `IfExists`, negated operators and
    /// `ForAllValues` hold, all others do not.
    pub(super) fn holds(&self, context: &Context) -> Truth {
        let value = context.get(&self.key);
        if self.operator == "Null" {
            let absent = match value {
                Value::Present(values) => values.is_empty(),
                Value::Absent => true,
                Value::Unknown => return Truth::Unknown,
            };
            return self
                .values
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(&absent.to_string()))
                .into();
        }
        let Some(operator) = Operator::read(&self.operator) else {
            return Truth::Unknown;
        };
        match value {
            Value::Unknown => Truth::Unknown,
            Value::Absent => operator.holds_without_key().into(),
            Value::Present(values) => self.compare(&operator, values, context),
        }
    }

    fn compare(&self, operator: &Operator<'_>, present: &[String], context: &Context) -> Truth {
        let mut truths = Vec::with_capacity(present.len());
        for text in present {
            match self.any_matches(operator.comparison, text, context) {
                Truth::Unknown => return Truth::Unknown,
                truth => truths.push((truth == Truth::Yes) != operator.negated),
            }
        }
        match operator.quantifier {
            Quantifier::All => truths.iter().all(|truth| *truth).into(),
            Quantifier::Any => truths.iter().any(|truth| *truth).into(),
            // A negated operator on several values means none of them, any other one of them.
            Quantifier::None if operator.negated => truths.iter().all(|truth| *truth).into(),
            Quantifier::None => truths.iter().any(|truth| *truth).into(),
        }
    }

    fn any_matches(&self, comparison: &str, text: &str, context: &Context) -> Truth {
        let mut unknown = false;
        for wanted in &self.values {
            match compare(comparison, wanted, text, context) {
                Truth::Yes => return Truth::Yes,
                Truth::No => {}
                Truth::Unknown => unknown = true,
            }
        }
        if unknown { Truth::Unknown } else { Truth::No }
    }
}

impl<'a> Operator<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (quantifier, text) = match text.split_once(':') {
            Some(("ForAllValues", rest)) => (Quantifier::All, rest),
            Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
            Some(_) => return None,
            None => (Quantifier::None, text),
        };
        let (text, if_exists) =
            text.strip_suffix("IfExists").map_or((text, false), |name| (name, true));
        let (comparison, negated) = match text {
            "StringEquals"
            | "StringEqualsIgnoreCase"
            | "StringLike"
            | "ArnEquals"
            | "ArnLike"
            | "Bool"
            | "NumericEquals"
            | "NumericLessThan"
            | "NumericLessThanEquals"
            | "NumericGreaterThan"
            | "NumericGreaterThanEquals" => (text, false),
            "StringNotEquals" => ("StringEquals", true),
            "StringNotEqualsIgnoreCase" => ("StringEqualsIgnoreCase", true),
            "StringNotLike" => ("StringLike", true),
            "ArnNotEquals" | "ArnNotLike" => ("ArnLike", true),
            "NumericNotEquals" => ("NumericEquals", true),
            _ => return None,
        };
        Some(Self { quantifier, comparison, negated, if_exists })
    }

    fn holds_without_key(&self) -> bool {
        if self.if_exists {
            return true;
        }
        match self.quantifier {
            Quantifier::All => true,
            Quantifier::Any => false,
            Quantifier::None => self.negated,
        }
    }
}

fn compare(comparison: &str, wanted: &str, text: &str, context: &Context) -> Truth {
    let literal = !matches!(comparison, "StringLike" | "ArnLike" | "ArnEquals");
    let Ok(pattern) = expand(wanted, context, literal) else {
        return Truth::Unknown;
    };
    match comparison {
        "StringEquals" | "StringLike" => parts_match(&pattern, text).into(),
        // IAM compares both by pattern.
        "ArnEquals" | "ArnLike" => arn_matches(&pattern, text).into(),
        "StringEqualsIgnoreCase" | "Bool" => wanted.eq_ignore_ascii_case(text).into(),
        _ => match (text.parse::<f64>(), wanted.parse::<f64>()) {
            (Ok(text), Ok(wanted)) => numbers(comparison, text, wanted).into(),
            _ => Truth::No,
        },
    }
}

fn numbers(comparison: &str, number: f64, wanted: f64) -> bool {
    match comparison {
        "NumericLessThan" => number < wanted,
        "NumericLessThanEquals" => number <= wanted,
        "NumericGreaterThan" => number > wanted,
        "NumericGreaterThanEquals" => number >= wanted,
        _ => number.total_cmp(&wanted).is_eq(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(operator: &str, key: &str, values: &[&str]) -> Truth {
        let context = Context::default()
            .with("aws:CalledVia", ["athena.amazonaws.com", "s3.amazonaws.com"])
            .with("aws:PrincipalArn", ["arn:aws:iam::111122223333:role/team/Analyst"])
            .with("aws:SecureTransport", ["true"])
            .with("s3:max-keys", ["10"])
            .without("aws:SourceArn");
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Condition { operator: operator.to_owned(), key: key.to_owned(), values }.holds(&context)
    }

    #[test]
    fn a_key_that_is_absent_fails_all_but_negated_optional_and_universal_operators() {
        for (operator, expected) in [
            ("StringEquals", Truth::No),
            ("ArnLike", Truth::No),
            ("Bool", Truth::No),
            ("ForAnyValue:StringNotEquals", Truth::No),
            ("StringNotEquals", Truth::Yes),
            ("ArnNotLike", Truth::Yes),
            ("StringEqualsIfExists", Truth::Yes),
            ("ForAllValues:StringEquals", Truth::Yes),
        ] {
            assert_eq!(holds(operator, "aws:SourceArn", &["x"]), expected, "{operator}");
        }
        assert_eq!(holds("Null", "aws:SourceArn", &["true"]), Truth::Yes);
        assert_eq!(holds("Null", "aws:SourceArn", &["false"]), Truth::No);
        assert_eq!(holds("Null", "AWS:securetransport", &["false"]), Truth::Yes);
    }

    #[test]
    fn a_key_nobody_spoke_of_and_an_operator_nobody_knows_are_not_decided() {
        assert_eq!(holds("StringEquals", "aws:PrincipalOrgID", &["o-1"]), Truth::Unknown);
        assert_eq!(holds("StringNotEquals", "aws:PrincipalOrgID", &["o-1"]), Truth::Unknown);
        assert_eq!(holds("Null", "aws:PrincipalOrgID", &["true"]), Truth::Unknown);
        assert_eq!(holds("IpAddress", "aws:SecureTransport", &["10.0.0.0/8"]), Truth::Unknown);
        assert_eq!(
            holds("StringEquals", "aws:SecureTransport", &["${aws:userid}"]),
            Truth::Unknown
        );
    }

    #[test]
    fn several_values_are_taken_together_as_the_quantifier_says() {
        let athena = &["athena.amazonaws.com"];
        assert_eq!(holds("ForAnyValue:StringEquals", "aws:CalledVia", athena), Truth::Yes);
        assert_eq!(holds("ForAllValues:StringEquals", "aws:CalledVia", athena), Truth::No);
        assert_eq!(holds("ForAllValues:StringNotEquals", "aws:CalledVia", athena), Truth::No);
        assert_eq!(
            holds("ForAllValues:StringLike", "aws:CalledVia", &["*.amazonaws.com"]),
            Truth::Yes
        );
    }

    #[test]
    fn texts_arns_numbers_and_truths_compare_each_in_their_way() {
        for (operator, key, value, expected) in [
            ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/*/Analyst", true),
            ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/team/Analyst", true),
            ("ArnLike", "aws:PrincipalArn", "arn:aws:iam:*:role/team/Analyst", false),
            ("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/*", false),
            ("StringEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/*", false),
            ("StringLike", "aws:PrincipalArn", "arn:*Analyst", true),
            ("StringEqualsIgnoreCase", "aws:SecureTransport", "TRUE", true),
            ("Bool", "aws:SecureTransport", "true", true),
            ("NumericLessThan", "s3:max-keys", "11", true),
            ("NumericNotEquals", "s3:max-keys", "10.0", false),
        ] {
            assert_eq!(holds(operator, key, &[value]), Truth::from(expected), "{operator} {value}");
        }
    }
}
