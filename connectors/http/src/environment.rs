//! Environment variables and secrets in the declaration of an API.

use std::env;

use athena_connector_sdk::{Error, Result, Secret, Secrets};

/// Replaces each `${NAME}` in `text` by the environment variable `NAME`, and each `${secret:NAME}`
/// by a secret, `${secret:NAME#MEMBER}` by a member of one.
///
/// # Errors
///
/// Those of [`Secrets::get`]; `InvalidInput` if a variable is not set, or a `${` has no end. The
/// error has no value.
pub async fn resolve(text: &str, secrets: &Secrets) -> Result<Secret> {
    secrets.resolve(expand(text)?.expose()).await
}

/// Replaces each `${NAME}` in `text` by the environment variable `NAME`, and leaves secrets.
///
/// # Errors
///
/// `InvalidInput` if a variable is not set, or a `${` has no end. The error has no value.
pub fn expand(text: &str) -> Result<Secret> {
    expand_with(text, |name| env::var(name).ok())
}

fn expand_with(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Secret> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or_else(|| {
            Error::invalid_input("a \"${\" in the headers of the declaration has no \"}\"")
        })?;
        if name.starts_with("secret:") {
            expanded.extend([before, "${", name, "}"]);
            rest = after;
            continue;
        }
        let value = variable(name).ok_or_else(|| {
            Error::invalid_input(format!(
                "the headers of the declaration need the environment variable {name}, which is not \
                 set"
            ))
        })?;
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(Secret::new(expanded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_stands_for_its_value() {
        let variable = |name: &str| (name == "TOKEN").then(|| "tiger".to_owned());
        let expand = |text| expand_with(text, variable);
        assert_eq!(expand("Bearer ${TOKEN}").unwrap().expose(), "Bearer tiger");
        assert_eq!(expand("$TOKEN {x}").unwrap().expose(), "$TOKEN {x}");
        assert_eq!(expand("${TOKEN} ${secret:a#b}!").unwrap().expose(), "tiger ${secret:a#b}!");
        for (text, part) in [("a ${OTHER}", "OTHER"), ("a ${TOKEN", "no \"}\"")] {
            let error = expand(text).unwrap_err();
            assert!(error.message().contains(part) && !error.to_string().contains("tiger"));
        }
    }
}
