//! Conditions: operator, context key and values.

use super::{
    context::{Context, Value},
    pattern::{Wildcards, arn_matches, expand, has_variable, parts_match},
};

/// A condition of a statement; a statement applies if all of its conditions hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// Operator, such as `StringEquals` or `ForAnyValue:ArnLike`.
    pub operator: String,
    /// Context key, such as `aws:PrincipalArn`.
    pub key: String,
    /// Values, sorted, of which one has to match.
    pub values: Vec<String>,
}

/// The three-valued truth of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    /// Undecidable from outside AWS: the operator or the value of the key is unknown.
    Unknown,
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Self::Yes } else { Self::No }
    }
}

/// Set operator of a condition on a multivalued key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    None,
    All,
    Any,
}

/// A parsed operator: the comparison without its qualifiers.
struct Operator<'a> {
    quantifier: Quantifier,
    comparison: &'a str,
    negated: bool,
    if_exists: bool,
}

impl Condition {
    /// Evaluates the condition in `context`.
    ///
    /// On an absent key, operators with `IfExists`, negated operators and `ForAllValues` hold, and
    /// all others do not.
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
        let Some(operator) = Operator::parse(&self.operator) else {
            return Truth::Unknown;
        };
        match value {
            Value::Unknown => Truth::Unknown,
            Value::Absent => operator.holds_without_key().into(),
            Value::Present(values) => self.compare(&operator, values, context),
        }
    }

    /// Returns whether the condition depends on the value of `key`, directly or through a policy
    /// variable.
    pub(super) fn depends_on(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
            || self.values.iter().any(|value| has_variable(value, key))
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
            // A negated operator requires that no value matches, any other that one does.
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
    fn parse(text: &'a str) -> Option<Self> {
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
    let wildcards = match comparison {
        "StringLike" | "ArnLike" | "ArnEquals" => Wildcards::Enabled,
        _ => Wildcards::Disabled,
    };
    let Ok(pattern) = expand(wanted, context, wildcards) else {
        return Truth::Unknown;
    };
    match comparison {
        "StringEquals" | "StringLike" => parts_match(&pattern, text).into(),
        // IAM evaluates both as patterns.
        "ArnEquals" | "ArnLike" => arn_matches(&pattern, text).into(),
        "StringEqualsIgnoreCase" | "Bool" => wanted.eq_ignore_ascii_case(text).into(),
        _ => match (text.parse::<f64>(), wanted.parse::<f64>()) {
            (Ok(text), Ok(wanted)) => compare_numbers(comparison, text, wanted).into(),
            _ => Truth::No,
        },
    }
}

fn compare_numbers(comparison: &str, number: f64, wanted: f64) -> bool {
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
    fn an_absent_key_fails_all_but_negated_if_exists_and_for_all_values_operators() {
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
    fn an_unknown_key_and_an_unsupported_operator_stay_undecided() {
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
    fn set_operators_combine_the_values_of_a_key() {
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
    fn strings_arns_numbers_and_booleans_compare_by_their_own_rules() {
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
