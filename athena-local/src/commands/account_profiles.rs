//! Accounts of the given credentials, and the function argument.

use athena_sharing::{arn::FunctionArn, aws::Account};

use super::Usage;
use crate::cli::Credentials;

/// Accounts of the given profiles: at least one.
#[derive(Debug)]
pub(super) struct AccountProfiles {
    accounts: Vec<Account>,
}

impl AccountProfiles {
    /// Opens every given profile, or the default credentials.
    pub(super) async fn open(credentials: &Credentials) -> anyhow::Result<Self> {
        let open = async |profile: Option<&str>| {
            Account::open(profile).await.map_err(|error| Usage(format!("{error:#}")))
        };
        let mut accounts = Vec::new();
        for profile in &credentials.profiles {
            accounts.push(open(Some(profile)).await?);
        }
        if accounts.is_empty() {
            accounts.push(open(None).await?);
        }
        Ok(Self { accounts })
    }

    /// Returns the credentials of `account`, if there are any.
    pub(super) fn get(&self, account: &str) -> Option<&Account> {
        self.accounts.iter().find(|opened| opened.id == account)
    }

    /// Returns all credentials.
    pub(super) fn all(&self) -> &[Account] {
        &self.accounts
    }

    /// Returns credentials of another account than `account`, or else the first ones.
    pub(super) fn other_than(&self, account: &str) -> &Account {
        self.accounts.iter().find(|opened| opened.id != account).unwrap_or(&self.accounts[0])
    }

    /// Resolves the function argument: an ARN, or a name in the account and region of the first
    /// credentials.
    pub(super) fn resolve_function(
        &self,
        text: &str,
        credentials: &Credentials,
    ) -> anyhow::Result<FunctionArn> {
        let region = credentials.region.as_deref();
        if text.starts_with("arn:") {
            let function: FunctionArn = text.parse().map_err(usage)?;
            if let Some(region) = region.filter(|region| *region != function.region) {
                let actual = &function.region;
                let message = format!("{text} is in {actual}, not in {region}: omit --region");
                return Err(Usage(message).into());
            }
            return Ok(function);
        }
        if let Some((_, qualifier)) = text.split_once(':').filter(|(_, rest)| !rest.is_empty()) {
            let message = format!(
                "{text:?} names the alias or version {qualifier:?}, which has its own policy: omit \
                 it"
            );
            return Err(Usage(message).into());
        }
        let name = text.strip_suffix(':').unwrap_or(text);
        let account = &self.accounts[0];
        let Some(region) = region.or_else(|| account.region()) else {
            let message = "the region is unknown: add --region, or name the function by its ARN";
            return Err(Usage(message.to_owned()).into());
        };
        let partition = account.caller.split(':').nth(1).unwrap_or("aws");
        Ok(FunctionArn::try_new(partition, region, &account.id, name).map_err(usage)?)
    }
}

/// Creates a usage error from `error`.
pub(super) fn usage(error: impl std::fmt::Display) -> Usage {
    Usage(error.to_string())
}
