//! Functions of a plan by name, as functions of the wire.

use std::collections::BTreeMap;

use athena_protocol::predicate::functions;

use super::protobuf::{Field, Message, refused};
use crate::Result;

/// The files of Substrait's own functions whose names are known here. A function of the same name
/// from elsewhere may mean something else.
const STANDARD: [&str; 6] = [
    "functions_boolean",
    "functions_comparison",
    "functions_arithmetic",
    "functions_arithmetic_decimal",
    "functions_datetime",
    "functions_string",
];

/// Where URLs of these files begin.
const REPOSITORY: [&str; 2] = [
    "https://github.com/substrait-io/substrait/",
    "https://raw.githubusercontent.com/substrait-io/substrait/",
];

/// What a function of a plan is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The same function under this name.
    Same(&'static str),
    /// The negation of this one.
    Not(&'static str),
    /// `BETWEEN`: not less than the second argument and not greater than the third.
    Between,
}

/// The functions that a plan declares, by the number that it gives them.
#[derive(Debug, Default)]
pub(super) struct Functions {
    names: BTreeMap<i64, String>,
    /// What the functions come from, by number.
    origins: BTreeMap<i64, String>,
    /// Number of the origin of a function.
    origin_of: BTreeMap<i64, i64>,
}

impl Functions {
    /// Takes a `SimpleExtensionURI` or a `SimpleExtensionURN`.
    pub(super) fn declare_origin(&mut self, message: Message<'_>) -> Result<()> {
        let (mut anchor, mut origin) = (0, "");
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => anchor = field.number()?,
                2 => origin = field.text()?,
                _ => return field.refuse(),
            }
        }
        self.origins.insert(anchor, origin.to_owned());
        Ok(())
    }

    /// Takes a `SimpleExtensionDeclaration`. Types and variations of types matter only where they
    /// are used.
    pub(super) fn declare(&mut self, message: Message<'_>) -> Result<()> {
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 | 2 => {}
                3 => self.declare_function(&field)?,
                _ => return field.refuse(),
            }
        }
        Ok(())
    }

    fn declare_function(&mut self, field: &Field<'_>) -> Result<()> {
        let (mut origin, mut anchor, mut name) = (0, 0, "");
        for field in field.message("ExtensionFunction")?.fields() {
            let field = field?;
            match field.number {
                1 | 4 => origin = field.number()?,
                2 => anchor = field.number()?,
                3 => name = field.text()?,
                _ => return field.refuse(),
            }
        }
        self.names.insert(anchor, name.to_owned());
        self.origin_of.insert(anchor, origin);
        Ok(())
    }

    /// What the function of this number means, and its name.
    pub(super) fn meaning(&self, anchor: i64) -> Result<(Meaning, &str)> {
        let Some(signature) = self.names.get(&anchor) else {
            return Err(refused(&format!(
                "a function of number {anchor}, which it does not declare,"
            )));
        };
        // A name and the types of the arguments, as in `equal:any_any`.
        let name = signature.split(':').next().unwrap_or_default();
        let origin = self.origin_of.get(&anchor).copied().unwrap_or_default();
        match self.origins.get(&origin) {
            Some(origin) if is_standard(origin) => {}
            Some(origin) => return Err(refused(&format!("function {name:?} of {origin:?}"))),
            // Zero is also what a producer leaves unset that knows of no functions but Substrait's
            // own.
            None if origin == 0 => {}
            None => {
                return Err(refused(&format!(
                    "function {name:?} of origin {origin}, which it does not declare,"
                )));
            }
        }
        let meaning = meaning_of(name).ok_or_else(|| refused(&format!("function {name:?}")))?;
        Ok((meaning, name))
    }
}

/// Whether `/functions_boolean.yaml`, its URL in Substrait's repository, or
/// `extension:io.substrait:functions_boolean`.
fn is_standard(origin: &str) -> bool {
    let (folder, file) = origin.split_at(origin.rfind(['/', ':']).map_or(0, |at| at + 1));
    let known = matches!(folder, "" | "/" | "extension:io.substrait:")
        || REPOSITORY.iter().any(|url| folder.starts_with(url));
    known && STANDARD.contains(&file.strip_suffix(".yaml").unwrap_or(file))
}

fn meaning_of(name: &str) -> Option<Meaning> {
    Some(match name {
        "and" => Meaning::Same(functions::AND),
        "or" => Meaning::Same(functions::OR),
        "not" => Meaning::Same(functions::NOT),
        "is_null" => Meaning::Same(functions::IS_NULL),
        "is_not_null" => Meaning::Not(functions::IS_NULL),
        "nullif" => Meaning::Same(functions::NULLIF),
        "equal" => Meaning::Same(functions::EQUAL),
        "not_equal" => Meaning::Same(functions::NOT_EQUAL),
        "lt" => Meaning::Same(functions::LESS_THAN),
        "lte" => Meaning::Same(functions::LESS_THAN_OR_EQUAL),
        "gt" => Meaning::Same(functions::GREATER_THAN),
        "gte" => Meaning::Same(functions::GREATER_THAN_OR_EQUAL),
        "is_distinct_from" => Meaning::Same(functions::IS_DISTINCT_FROM),
        "is_not_distinct_from" => Meaning::Not(functions::IS_DISTINCT_FROM),
        "between" => Meaning::Between,
        "add" => Meaning::Same(functions::ADD),
        "subtract" => Meaning::Same(functions::SUBTRACT),
        "multiply" => Meaning::Same(functions::MULTIPLY),
        "divide" => Meaning::Same(functions::DIVIDE),
        "modulus" => Meaning::Same(functions::MODULUS),
        "negate" => Meaning::Same(functions::NEGATE),
        "like" => Meaning::Same(functions::LIKE_PATTERN),
        _ => return None,
    })
}

/// Checks a `FunctionOption`: only what is so anyway may be asked for.
pub(super) fn check_option(message: Message<'_>, function: &str) -> Result<()> {
    let (mut name, mut preferences) = (String::new(), Vec::new());
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => name = field.text()?.to_lowercase(),
            2 => preferences.push(field.text()?.to_lowercase()),
            _ => return field.refuse(),
        }
    }
    let kept = match name.as_str() {
        "overflow" => "error",
        "case_sensitivity" => "case_sensitive",
        _ => "",
    };
    if preferences.iter().any(|preference| preference == kept) {
        return Ok(());
    }
    Err(refused(&format!("option {name:?} of function {function:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_functions_are_known_by_any_spelling_of_their_file() {
        for origin in [
            "/functions_boolean.yaml",
            "functions_comparison",
            "extension:io.substrait:functions_string",
            "https://github.com/substrait-io/substrait/blob/main/extensions/functions_arithmetic_decimal.yaml",
            "https://raw.githubusercontent.com/substrait-io/substrait/main/extensions/functions_datetime.yaml",
        ] {
            assert!(is_standard(origin), "{origin}");
        }
        for origin in [
            "/functions_mine.yaml",
            "",
            "functions_boolean/other",
            "/mine/functions_boolean.yaml",
            "https://example.com/functions_boolean.yaml",
            "https://github.com/substrait-io/substrait-mine/functions_boolean.yaml",
            "extension:com.example:functions_boolean",
        ] {
            assert!(!is_standard(origin), "{origin}");
        }
    }
}
