//! Amazon Resource Names (ARNs), validated on input.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// Error of a name that is malformed, or that cannot be shared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} {fault}")]
pub struct InvalidName {
    text: String,
    fault: String,
}

impl InvalidName {
    /// Creates an error that reads `"text" fault`; `fault` is a predicate with the remedy.
    pub fn new(text: &str, fault: impl Into<String>) -> Self {
        Self { text: text.to_owned(), fault: fault.into() }
    }
}

/// ARN of a Lambda function, without alias or version.
///
/// The resource policy is attached to this ARN, and Athena catalogs refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionArn {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// Region, such as `us-east-1`.
    pub region: String,
    /// Account ID of 12 digits.
    pub account: String,
    /// Function name of 1 to 64 characters.
    pub name: String,
}

impl FunctionArn {
    /// Creates the ARN of a function.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if the account, region or function name is malformed.
    pub fn try_new(
        partition: &str,
        region: &str,
        account: &str,
        name: &str,
    ) -> Result<Self, InvalidName> {
        check_account(account)?;
        let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_name_byte) {
            let fault = "is not a valid function name: use 1 to 64 letters, digits, hyphens and \
                         underscores";
            return Err(InvalidName::new(name, fault));
        }
        let is_region_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if region.split('-').count() < 3 || !region.bytes().all(is_region_byte) {
            let fault = "is not a valid region: use one like us-east-1";
            return Err(InvalidName::new(region, fault));
        }
        Ok(Self {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            name: name.to_owned(),
        })
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
                    "names the alias or version {qualifier:?}, which has its own policy: omit \
                     \":{qualifier}\" here and in the catalog"
                ),
            )),
            _ => Err(InvalidName::new(
                text,
                "is not the ARN of a function: use \
                 arn:aws:lambda:us-east-1:444455556666:function:NAME",
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

/// Checks that `text` is an account ID of 12 digits.
pub(super) fn check_account(text: &str) -> Result<(), InvalidName> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(InvalidName::new(text, "is not a valid account ID: use 12 digits"))
}

/// Returns the account of an ARN, or an empty string if it has none.
pub fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// Returns the region of an ARN, or an empty string if it has none.
pub fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// Returns whether `arn` is the ARN of an IAM user.
pub(crate) fn is_user(arn: &str) -> bool {
    arn.contains(":user/")
}

/// Returns the last path segment of an ARN: the name of a role, user or policy.
#[cfg(feature = "aws")]
pub(crate) fn resource_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_arn_round_trips() {
        let text = "arn:aws-cn:lambda:cn-north-1:444455556666:function:shop_2";
        let arn: FunctionArn = text.parse().unwrap();
        assert_eq!((arn.region.as_str(), arn.name.as_str()), ("cn-north-1", "shop_2"));
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn an_invalid_function_arn_is_refused_with_the_invalid_part() {
        let long = "x".repeat(65);
        for (text, word) in [
            (
                "arn:aws:lambda:us-east-1:444455556666:function:shop:live",
                "alias or version \"live\"",
            ),
            ("arn:aws:lambda:us-east-1:444455556666:function:shop:7", "alias or version \"7\""),
            ("arn:aws:lambda:us-east-1:44445555666:function:shop", "12 digits"),
            ("arn:aws:lambda:useast1:444455556666:function:shop", "region"),
            ("arn:aws:lambda:us-east-1:444455556666:function:", "function name"),
            (&format!("arn:aws:lambda:us-east-1:444455556666:function:{long}"), "1 to 64"),
            ("arn:aws:s3:::bucket", "not the ARN of a function"),
        ] {
            let error = text.parse::<FunctionArn>().unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
