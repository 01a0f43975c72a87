//! Environment variables of functions: `--env [CATALOG:]NAME[=VALUE]`.

use std::{fmt, str::FromStr};

/// An environment variable of one function, or of all functions.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Catalog of the function; `None` for all functions.
    pub(crate) catalog: Option<String>,
    /// Name of the variable.
    pub(crate) name: String,
    /// Value of the variable.
    pub(crate) value: String,
}

/// Shows the name only: the value may be a secret.
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variable({:?}, {:?})", self.catalog, self.name)
    }
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text, |name| std::env::var(name).ok())
    }
}

/// Parses `text`, with values of the shell's variables from `shell`. Errors never quote a value.
fn parse(text: &str, shell: impl Fn(&str) -> Option<String>) -> Result<Variable, String> {
    let (key, value) =
        text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value.to_owned())));
    let (catalog, name) =
        key.split_once(':').map_or((None, key), |(catalog, name)| (Some(catalog.to_owned()), name));
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain || name.is_empty() || name.as_bytes()[0].is_ascii_digit() {
        return Err("expected [CATALOG:]NAME[=VALUE], with letters, digits and underscores in \
                    NAME"
            .to_owned());
    }
    if name == "AWS_LAMBDA_RUNTIME_API" {
        return Err(format!("{name} cannot be set: it connects the function to athena-local"));
    }
    let value = value.or_else(|| shell(name)).ok_or_else(|| {
        format!("{name} is not set in the shell; set it, or use --env {key}=VALUE")
    })?;
    Ok(Variable { catalog, name: name.to_owned(), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(Option<String>, String, String), String> {
        let shell = |name: &str| (name == "TOKEN").then(|| "from-shell".to_owned());
        parse(text, shell).map(|variable| (variable.catalog, variable.name, variable.value))
    }

    fn of(catalog: Option<&str>, name: &str, value: &str) -> (Option<String>, String, String) {
        (catalog.map(str::to_owned), name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_value_may_have_any_character_and_be_empty() {
        assert_eq!(parsed("URL=http://a:1/?b=c").unwrap(), of(None, "URL", "http://a:1/?b=c"));
        assert_eq!(parsed("mine:A=").unwrap(), of(Some("mine"), "A", ""));
    }

    #[test]
    fn a_name_alone_takes_the_value_of_the_shell() {
        assert_eq!(parsed("mine:TOKEN").unwrap(), of(Some("mine"), "TOKEN", "from-shell"));
        assert!(parsed("OTHER").unwrap_err().contains("OTHER is not set in the shell"));
    }

    #[test]
    fn neither_an_error_nor_the_debug_text_shows_the_value() {
        for text in ["=hunter2", "1A=hunter2", "a b=hunter2", "AWS_LAMBDA_RUNTIME_API=hunter2"] {
            assert!(!parsed(text).unwrap_err().contains("hunter2"), "{text}");
        }
        let variable: Variable = "TOKEN=hunter2".parse().unwrap();
        assert!(!format!("{variable:?}").contains("hunter2"));
    }
}
