//! Which side the credentials are of, and which function is meant.

use anyhow::Context as _;
use athena_sharing::{arn::FunctionArn, aws::Account};

use super::Usage;
use crate::cli::Credentials;

/// The accounts of which there are credentials.
#[derive(Debug)]
pub(super) struct Sides {
    accounts: Vec<Account>,
}

impl Sides {
    /// Opens every profile, or the environment.
    pub(super) async fn open(credentials: &Credentials) -> anyhow::Result<Self> {
        let mut accounts = Vec::new();
        let profiles: Vec<_> =
            credentials.profiles.iter().map(|name| Some(name.as_str())).collect();
        for profile in if profiles.is_empty() { vec![None] } else { profiles } {
            let opened =
                Account::open(profile).await.map_err(|error| Usage(format!("{error:#}")))?;
            accounts.push(opened);
        }
        Ok(Self { accounts })
    }

    /// The credentials of `account`, if there are any.
    pub(super) fn of(&self, account: &str) -> Option<&Account> {
        self.accounts.iter().find(|opened| opened.id == account)
    }

    /// The credentials of an account other than `account`, else of `account` itself.
    pub(super) fn other_than(&self, account: &str) -> &Account {
        self.accounts.iter().find(|opened| opened.id != account).unwrap_or(&self.accounts[0])
    }

    /// The function that `text` names: by its ARN, or by its name in the account and region of the
    /// first credentials.
    pub(super) fn function(
        &self,
        text: &str,
        credentials: &Credentials,
    ) -> anyhow::Result<FunctionArn> {
        let region = credentials.region.as_deref();
        if text.starts_with("arn:") {
            let function: FunctionArn = text.parse().map_err(usage)?;
            if let Some(region) = region.filter(|region| *region != function.region) {
                let words = format!(
                    "{text} is in {}, not in {region}; leave --region out",
                    function.region
                );
                return Err(Usage(words).into());
            }
            return Ok(function);
        }
        let (name, qualifier) = text.split_once(':').unwrap_or((text, ""));
        if !qualifier.is_empty() {
            let words = format!(
                "{text:?} names the alias or version {qualifier:?}, which has a policy of its own; leave it out"
            );
            return Err(Usage(words).into());
        }
        let account = &self.accounts[0];
        let region = region
            .or_else(|| account.region())
            .context("add --region, or give the ARN of the function");
        let region = region.map_err(|error| Usage(error.to_string()))?;
        let partition = account.caller.split(':').nth(1).unwrap_or("aws");
        Ok(FunctionArn::try_new(partition, region, &account.id, name).map_err(usage)?)
    }
}

/// An error that lies in what was asked for.
pub(super) fn usage(error: impl std::fmt::Display) -> Usage {
    Usage(error.to_string())
}
