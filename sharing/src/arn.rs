//! Names of things in AWS, checked where they come in.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// A text from outside that names nothing, or nothing that can be shared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} {fault}")]
pub struct InvalidName {
    text: String,
    fault: String,
}

impl InvalidName {
    /// `text`, and the rest of a sentence that says what is wrong with it and what to do.
    pub fn new(text: &str, fault: impl Into<String>) -> Self {
        Self { text: text.to_owned(), fault: fault.into() }
    }
}

/// The ARN of a Lambda function, without alias or version: what a policy is attached to and Athena
/// is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionArn {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// At most 64 characters.
    pub name: String,
}

impl FunctionArn {
    /// The function called `name` in `account` and `region`.
    ///
    /// # Errors
    ///
    /// If Lambda would not take the name.
    pub fn try_new(
        partition: &str,
        region: &str,
        account: &str,
        name: &str,
    ) -> Result<Self, InvalidName> {
        let owned = |text: &str| text.to_owned();
        let arn = Self {
            partition: owned(partition),
            region: owned(region),
            account: owned(account),
            name: owned(name),
        };
        arn.check()
    }

    fn check(self) -> Result<Self, InvalidName> {
        check_account(&self.account)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if self.name.is_empty() || self.name.len() > 64 || !self.name.bytes().all(plain) {
            let fault = "is no name of a function, which has 1 to 64 letters, digits, hyphens and underscores";
            return Err(InvalidName::new(&self.name, fault));
        }
        if self.region.split('-').count() < 3
            || !self.region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Err(InvalidName::new(&self.region, "is no region, which looks like us-east-1"));
        }
        Ok(self)
    }
}

impl FromStr for FunctionArn {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let parts: Vec<_> = text.split(':').collect();
        match parts[..] {
            ["arn", partition, "lambda", region, account, "function", name] => {
                Self::try_new(partition, region, account, name)
            }
            ["arn", _, "lambda", _, _, "function", _, qualifier] => Err(InvalidName::new(
                text,
                format!(
                    "names the alias or version {qualifier:?}, which has a policy of its own; leave \":{qualifier}\" out, here \
                     and where the catalog is registered"
                ),
            )),
            _ => Err(InvalidName::new(
                text,
                "is not the ARN of a function, which looks like arn:aws:lambda:us-east-1:444455556666:function:NAME",
            )),
        }
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, name } = self;
        write!(f, "arn:{partition}:lambda:{region}:{account}:function:{name}")
    }
}

/// Twelve digits.
pub(super) fn check_account(text: &str) -> Result<(), InvalidName> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(InvalidName::new(text, "is not an account, which has 12 digits"))
}

/// The account in an ARN, or nothing.
pub fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// The region in an ARN, or nothing.
pub fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_read_and_written_back() {
        let text = "arn:aws-cn:lambda:cn-north-1:444455556666:function:shop_2";
        let arn: FunctionArn = text.parse().unwrap();
        assert_eq!((arn.region.as_str(), arn.name.as_str()), ("cn-north-1", "shop_2"));
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn what_cannot_be_shared_is_refused_with_the_part_that_is_wrong() {
        let long = "x".repeat(65);
        for (text, word) in [
            (
                "arn:aws:lambda:us-east-1:444455556666:function:shop:live",
                "alias or version \"live\"",
            ),
            ("arn:aws:lambda:us-east-1:444455556666:function:shop:7", "alias or version \"7\""),
            ("arn:aws:lambda:us-east-1:44445555666:function:shop", "12 digits"),
            ("arn:aws:lambda:useast1:444455556666:function:shop", "region"),
            ("arn:aws:lambda:us-east-1:444455556666:function:", "name of a function"),
            (&format!("arn:aws:lambda:us-east-1:444455556666:function:{long}"), "1 to 64"),
            ("arn:aws:s3:::bucket", "not the ARN of a function"),
        ] {
            let error = text.parse::<FunctionArn>().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
