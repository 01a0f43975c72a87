//! Names of new crates.

use std::{fmt, str::FromStr};

/// Name of a package: lower-case letters, digits, `-` and `_`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CrateName(String);

/// Words that cannot name a crate: keywords of Rust, its own crates, and folders of cargo.
const RESERVED: [&str; 56] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "use",
    "where",
    "while",
];

impl CrateName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name as an identifier of Rust and SQL.
    pub(crate) fn identifier(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl FromStr for CrateName {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let plain = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        anyhow::ensure!(
            plain && text.len() <= 44,
            "invalid name {text:?}: expected at most 44 lower-case letters, digits, '-' and '_', \
             beginning with a letter"
        );
        anyhow::ensure!(
            !RESERVED.contains(&text) && !text.starts_with("athena-connector-sdk"),
            "the name {text:?} is reserved; choose another one"
        );
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for CrateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_of_a_package_and_of_a_catalog() {
        assert_eq!("web-shop2".parse::<CrateName>().unwrap().identifier(), "web_shop2");
        for name in ["", "Shop", "2shop", "shop/web", "shop.web", "match", "test", "läden"] {
            assert!(name.parse::<CrateName>().is_err(), "{name}");
        }
    }
}
