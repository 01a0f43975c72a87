//! Consumers: the recipients of a grant.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

use super::arn::{FunctionArn, InvalidName, account_of, check_account};

/// The recipient of a grant.
///
/// Parses from an account ID, an ARN, or an organization ID, and displays as such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consumer {
    /// Every principal of an account whose own policies allow access, such as `111122223333`.
    Account(String),
    /// ARN of a role or user. `*` can stand for the suffix and region of an IAM Identity Center
    /// role.
    Principal(String),
    /// Every principal of an organization whose own policies allow access, such as
    /// `o-example12345`.
    Organization(String),
}

impl Consumer {
    /// Returns the account, or `None` for an organization.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Account(account) => Some(account),
            Self::Principal(arn) => Some(account_of(arn)),
            Self::Organization(_) => None,
        }
    }

    /// Returns the suffix of the `Sid`s of this consumer's statements for `function`.
    ///
    /// It has at most 40 letters and digits: a readable part and a stable hash. The hash
    /// distinguishes consumers whose names differ only in characters that a `Sid` cannot have, and
    /// functions that spill to the same bucket.
    pub fn sid_suffix(&self, function: &FunctionArn) -> String {
        let text = self.to_string();
        let name = match self {
            Self::Account(_) | Self::Organization(_) => text.as_str(),
            Self::Principal(arn) => arn.rsplit('/').next().unwrap_or_default(),
        };
        sid_suffix(name, &format!("{function} {text}"))
    }
}

/// Returns the letters and digits of `name`, and a hash of `identity`: at most 40 characters.
pub(crate) fn sid_suffix(name: &str, identity: &str) -> String {
    let readable: String = name.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    let hash = Sha256::digest(identity);
    let number = hash.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte));
    format!("{readable}{number:08x}")
}

impl FromStr for Consumer {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.starts_with("arn:") {
            return parse_arn(text);
        }
        if let Some(id) = text.strip_prefix("o-") {
            let valid = (10..=32).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            return if valid {
                Ok(Self::Organization(text.to_owned()))
            } else {
                Err(InvalidName::new(
                    text,
                    "is not a valid organization ID: use o- and 10 to 32 lower-case letters and \
                     digits",
                ))
            };
        }
        check_account(text).map_err(|_| {
            let fault = "is not a consumer: use an account ID of 12 digits, the ARN of a role or \
                         user, or an organization ID (o-...)";
            InvalidName::new(text, fault)
        })?;
        Ok(Self::Account(text.to_owned()))
    }
}

fn parse_arn(text: &str) -> Result<Consumer, InvalidName> {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    let ["arn", _, service, "", account, path] = parts[..] else {
        let fault = "is not the ARN of a role or user: use arn:aws:iam::111122223333:role/NAME";
        return Err(InvalidName::new(text, fault));
    };
    if service == "sts" {
        let fault = "is a temporary session: name its role, arn:aws:iam::ACCOUNT:role/NAME";
        return Err(InvalidName::new(text, fault));
    }
    check_account(account)?;
    if service == "iam" && path == "root" {
        return Ok(Consumer::Account(account.to_owned()));
    }
    let Some((kind @ ("role" | "user"), name)) = path.split_once('/') else {
        return Err(InvalidName::new(text, "is neither a role nor a user"));
    };
    if kind == "user" && text.contains('*') {
        let fault = "has a wildcard: only IAM Identity Center roles can have one";
        return Err(InvalidName::new(text, fault));
    }
    match fault_of_name(name) {
        Some(fault) => Err(InvalidName::new(text, fault)),
        None => Ok(Consumer::Principal(text.to_owned())),
    }
}

/// Returns the fault of the path and name of a role or user.
fn fault_of_name(name: &str) -> Option<&'static str> {
    let (path, name) = name.rsplit_once('/').unwrap_or(("", name));
    // IAM limits names to 64 characters, and paths, with both slashes, to 512.
    if name.is_empty() || name.len() > 64 || path.len() > 510 {
        return Some("is too long or empty: a name has 1 to 64 characters, a path at most 512");
    }
    let is_valid = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-*".contains(c);
    if !name.chars().all(is_valid) {
        return Some("has characters that no role or user name can have");
    }
    if name.starts_with('*') {
        return Some("would match every role: name the account instead");
    }
    None
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(text) | Self::Principal(text) | Self::Organization(text) => {
                f.write_str(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_roles_and_organizations_parse() {
        let role = "arn:aws:iam::111122223333:role/team/Analyst";
        assert_eq!("111122223333".parse(), Ok(Consumer::Account("111122223333".into())));
        assert_eq!(
            "arn:aws:iam::111122223333:root".parse(),
            Ok(Consumer::Account("111122223333".into()))
        );
        assert_eq!(role.parse(), Ok(Consumer::Principal(role.into())));
        assert_eq!("o-example12345".parse(), Ok(Consumer::Organization("o-example12345".into())));
    }

    #[test]
    fn an_invalid_consumer_is_refused_with_the_fault() {
        let long = format!("arn:aws:iam::111122223333:role/{}", "x".repeat(65));
        for (text, word) in [
            ("11112222333", "12 digits"),
            ("1111222233334", "12 digits"),
            ("o-x", "organization"),
            ("arn:aws:iam::1111:role/Analyst", "12 digits"),
            ("arn:aws:iam::111122223333:group/g", "neither a role nor a user"),
            ("arn:aws:iam::111122223333:role/", "or empty: a name has 1"),
            ("arn:aws:iam::111122223333:role/*", "every role"),
            ("arn:aws:iam::111122223333:user/a*", "wildcard"),
            ("arn:aws:sts::111122223333:assumed-role/Analyst/jo", "session"),
            (&long, "1 to 64"),
        ] {
            let error = text.parse::<Consumer>().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn the_sid_suffix_is_stable_and_distinguishes_similar_names() {
        let suffix = |role: &str, function: &str| {
            let function = FunctionArn::try_new("aws", "us-east-1", "444455556666", function);
            Consumer::Principal(format!("arn:aws:iam::111122223333:role/{role}"))
                .sid_suffix(&function.unwrap())
        };
        assert_eq!(suffix("a-b", "f"), suffix("a-b", "f"));
        assert_ne!(suffix("a-b", "f"), suffix("ab", "f"));
        assert_ne!(suffix("a-b", "f"), suffix("a-b", "g"));
        assert!(suffix("a-b", "f").bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(suffix(&"x".repeat(64), "f").len() <= 40);
    }
}
