//! With whom a function is shared.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

use super::arn::{InvalidName, account_of, check_account};

/// Who may use a function, as the command line says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consumer {
    /// `111122223333`: every principal of an account whose own policies allow it.
    Account(String),
    /// The ARN of a role or user; a role of the Identity Center may have a `*` in place of its
    /// suffix and region.
    Principal(String),
    /// `o-example12345`: every principal of an organization whose own policies allow it.
    Organization(String),
}

impl Consumer {
    /// The account, unless it is a whole organization.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Account(account) => Some(account),
            Self::Principal(arn) => Some(account_of(arn)),
            Self::Organization(_) => None,
        }
    }

    /// What ends the `Sid` of its statements about `function`: letters and digits, the same every
    /// time.
    ///
    /// Readable first; then a hash, since two names may differ only in characters that a `Sid`
    /// cannot have, and two functions may spill to one bucket.
    pub fn tag(&self, function: &str) -> String {
        let text = self.to_string();
        let name = match self {
            Self::Account(_) | Self::Organization(_) => text.as_str(),
            Self::Principal(arn) => arn.rsplit('/').next().unwrap_or_default(),
        };
        let readable: String = name.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
        let hash = Sha256::digest(format!("{function} {text}"));
        let number = hash.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte));
        format!("{readable}{number:08x}")
    }
}

impl FromStr for Consumer {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.starts_with("arn:") {
            return principal(text);
        }
        if let Some(id) = text.strip_prefix("o-") {
            let plain = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            return if plain && (10..=32).contains(&id.len()) {
                Ok(Self::Organization(text.to_owned()))
            } else {
                Err(InvalidName::new(
                    text,
                    "is no organization, which is o- and 10 to 32 lower-case letters and digits",
                ))
            };
        }
        check_account(text).map_err(|_| {
            let fault =
                "is neither an account of 12 digits, nor the ARN of a role or user, nor an organization (o-...)";
            InvalidName::new(text, fault)
        })?;
        Ok(Self::Account(text.to_owned()))
    }
}

fn principal(text: &str) -> Result<Consumer, InvalidName> {
    let fault = |fault: &str| Err(InvalidName::new(text, fault));
    let parts: Vec<_> = text.splitn(6, ':').collect();
    let ["arn", _, service, "", account, path] = parts[..] else {
        return fault(
            "is not the ARN of a role or user, which looks like arn:aws:iam::111122223333:role/NAME",
        );
    };
    if service == "sts" {
        return fault("is a session, which ends; name its role, arn:aws:iam::ACCOUNT:role/NAME");
    }
    check_account(account)?;
    if service == "iam" && path == "root" {
        return Ok(Consumer::Account(account.to_owned()));
    }
    let Some((kind @ ("role" | "user"), name)) = path.split_once('/') else {
        return fault("is neither a role nor a user");
    };
    let (folders, name) = name.rsplit_once('/').unwrap_or(("", name));
    // Roles are named by at most 64 characters, the folders before them by at most 512.
    if name.is_empty() || name.len() > 64 || folders.len() > 510 {
        return fault(
            "is too long: a name has 1 to 64 characters, what stands before it at most 512",
        );
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-*".contains(c);
    if !name.chars().all(plain) {
        return fault("has characters that no role or user can have");
    }
    if kind == "user" && text.contains('*') {
        return fault("has a wildcard; only the roles of the Identity Center need one");
    }
    if name.starts_with('*') {
        return fault("would be every role there is; name the account in its place");
    }
    Ok(Consumer::Principal(text.to_owned()))
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
    fn an_account_a_role_and_an_organization_are_told_apart() {
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
    fn what_is_nobody_is_refused_before_a_policy_has_it() {
        let long = format!("arn:aws:iam::111122223333:role/{}", "x".repeat(65));
        for (text, word) in [
            ("11112222333", "12 digits"),
            ("1111222233334", "12 digits"),
            ("o-x", "organization"),
            ("arn:aws:iam::1111:role/Analyst", "12 digits"),
            ("arn:aws:iam::111122223333:group/g", "neither a role nor a user"),
            ("arn:aws:iam::111122223333:role/", "too long: a name has 1"),
            ("arn:aws:iam::111122223333:role/*", "every role"),
            ("arn:aws:sts::111122223333:assumed-role/Analyst/jo", "session"),
            (&long, "1 to 64"),
        ] {
            let error = text.parse::<Consumer>().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn the_tag_stays_and_tells_apart_what_looks_alike() {
        let tag = |role: &str, function: &str| {
            Consumer::Principal(format!("arn:aws:iam::111122223333:role/{role}")).tag(function)
        };
        assert_eq!(tag("a-b", "f"), tag("a-b", "f"));
        assert_ne!(tag("a-b", "f"), tag("ab", "f"));
        assert_ne!(tag("a-b", "f"), tag("a-b", "g"));
        assert!(tag("a-b", "f").bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(tag(&"x".repeat(64), "f").len() <= 40);
    }
}
