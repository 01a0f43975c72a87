//! Mapping from plan functions, by name, to wire functions.

use std::collections::BTreeMap;

use athena_protocol::predicate::functions;

use super::protobuf::{Field, Message, unsupported};
use crate::Result;

/// Substrait extension files whose functions are known. A function of the same name from another
/// file may have other semantics.
const STANDARD: [&str; 6] = [
    "functions_boolean",
    "functions_comparison",
    "functions_arithmetic",
    "functions_arithmetic_decimal",
    "functions_datetime",
    "functions_string",
];

/// URL prefixes of these files.
const REPOSITORY: [&str; 2] = [
    "https://github.com/substrait-io/substrait/",
    "https://raw.githubusercontent.com/substrait-io/substrait/",
];

/// Translation of a plan function to the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Translation {
    /// The function itself, under this name.
    Call(&'static str),
    /// The negation of this function.
    NegatedCall(&'static str),
    /// `BETWEEN`: at least the second argument and at most the third.
    Between,
}

/// Functions that a plan declares, by anchor.
#[derive(Debug, Default)]
pub(super) struct Functions {
    names: BTreeMap<i64, String>,
    /// Extension files, by anchor.
    origins: BTreeMap<i64, String>,
    /// Anchor of the extension file of a function.
    origin_of: BTreeMap<i64, i64>,
}

impl Functions {
    /// Registers a `SimpleExtensionURI` or `SimpleExtensionURN`.
    pub(super) fn declare_origin(&mut self, message: Message<'_>) -> Result<()> {
        let mut anchor = 0;
        let mut origin = "";
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => anchor = field.number()?,
                2 => origin = field.text()?,
                _ => return field.reject(),
            }
        }
        self.origins.insert(anchor, origin.to_owned());
        Ok(())
    }

    /// Registers a `SimpleExtensionDeclaration`. Types and type variations only matter where they
    /// are used.
    pub(super) fn declare(&mut self, message: Message<'_>) -> Result<()> {
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 | 2 => {}
                3 => self.declare_function(&field)?,
                _ => return field.reject(),
            }
        }
        Ok(())
    }

    fn declare_function(&mut self, field: &Field<'_>) -> Result<()> {
        let mut origin = 0;
        let mut anchor = 0;
        let mut name = "";
        for field in field.message("ExtensionFunction")?.fields() {
            let field = field?;
            match field.number {
                1 | 4 => origin = field.number()?,
                2 => anchor = field.number()?,
                3 => name = field.text()?,
                _ => return field.reject(),
            }
        }
        self.names.insert(anchor, name.to_owned());
        self.origin_of.insert(anchor, origin);
        Ok(())
    }

    /// Returns the translation and the name of the function with this anchor.
    pub(super) fn translate(&self, anchor: i64) -> Result<(Translation, &str)> {
        let Some(signature) = self.names.get(&anchor) else {
            return Err(unsupported(&format!("undeclared function {anchor}")));
        };
        // Name and argument types, such as `equal:any_any`.
        let name = signature.split(':').next().unwrap_or_default();
        let origin = self.origin_of.get(&anchor).copied().unwrap_or_default();
        match self.origins.get(&origin) {
            Some(origin) if is_standard(origin) => {}
            Some(origin) => {
                return Err(unsupported(&format!("function {name:?} of extension {origin:?}")));
            }
            // Producers that only use Substrait's own functions leave the anchor unset, which reads
            // as zero.
            None if origin == 0 => {}
            None => {
                return Err(unsupported(&format!(
                    "function {name:?} of undeclared origin {origin}"
                )));
            }
        }
        let translation =
            translate(name).ok_or_else(|| unsupported(&format!("function {name:?}")))?;
        Ok((translation, name))
    }
}

/// Returns whether `origin` is a standard file: `/functions_boolean.yaml`, its URL in Substrait's
/// repository, or `extension:io.substrait:functions_boolean`.
fn is_standard(origin: &str) -> bool {
    let (folder, file) = origin.split_at(origin.rfind(['/', ':']).map_or(0, |at| at + 1));
    let known = matches!(folder, "" | "/" | "extension:io.substrait:")
        || REPOSITORY.iter().any(|url| folder.starts_with(url));
    known && STANDARD.contains(&file.strip_suffix(".yaml").unwrap_or(file))
}

fn translate(name: &str) -> Option<Translation> {
    Some(match name {
        "and" => Translation::Call(functions::AND),
        "or" => Translation::Call(functions::OR),
        "not" => Translation::Call(functions::NOT),
        "is_null" => Translation::Call(functions::IS_NULL),
        "is_not_null" => Translation::NegatedCall(functions::IS_NULL),
        "nullif" => Translation::Call(functions::NULLIF),
        "equal" => Translation::Call(functions::EQUAL),
        "not_equal" => Translation::Call(functions::NOT_EQUAL),
        "lt" => Translation::Call(functions::LESS_THAN),
        "lte" => Translation::Call(functions::LESS_THAN_OR_EQUAL),
        "gt" => Translation::Call(functions::GREATER_THAN),
        "gte" => Translation::Call(functions::GREATER_THAN_OR_EQUAL),
        "is_distinct_from" => Translation::Call(functions::IS_DISTINCT_FROM),
        "is_not_distinct_from" => Translation::NegatedCall(functions::IS_DISTINCT_FROM),
        "between" => Translation::Between,
        "add" => Translation::Call(functions::ADD),
        "subtract" => Translation::Call(functions::SUBTRACT),
        "multiply" => Translation::Call(functions::MULTIPLY),
        "divide" => Translation::Call(functions::DIVIDE),
        "modulus" => Translation::Call(functions::MODULUS),
        "negate" => Translation::Call(functions::NEGATE),
        "like" => Translation::Call(functions::LIKE_PATTERN),
        _ => return None,
    })
}

/// Checks that a `FunctionOption` only requests behavior that applies anyway.
pub(super) fn check_option(message: Message<'_>, function: &str) -> Result<()> {
    let mut name = String::new();
    let mut preferences = Vec::new();
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => name = field.text()?.to_lowercase(),
            2 => preferences.push(field.text()?.to_lowercase()),
            _ => return field.reject(),
        }
    }
    let satisfied = match name.as_str() {
        "overflow" => "error",
        "case_sensitivity" => "case_sensitive",
        _ => "",
    };
    if preferences.iter().any(|preference| preference == satisfied) {
        return Ok(());
    }
    Err(unsupported(&format!("option {name:?} of function {function:?}")))
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
