//! `doctor`: diagnosis of failing cross-account queries.

use std::io::Write as _;

use anyhow::Context as _;
use athena_sharing::{
    arn::account_of,
    aws::{observe_bucket_region, observe_consumer, observe_owner},
    doctor::{Lookup, Observed, OwnerHints, Question, diagnose},
};

use super::{Usage, account_profiles::AccountProfiles};
use crate::{cli::DoctorCommand, output::for_terminal};

/// Runs the command: prints the report to standard output, and fails if it has findings.
pub(super) async fn run(command: DoctorCommand) -> anyhow::Result<()> {
    let profiles = AccountProfiles::open(&command.credentials).await?;
    let json = command.json;
    let question = question(command, &profiles).await?;
    let observed = observe(&question, &profiles).await?;
    let report = diagnose(&question, &observed);
    let text = if json {
        report.to_json() + "\n"
    } else {
        for_terminal(report.to_string(), &std::io::stdout())
    };
    std::io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .context("cannot write to standard output")?;
    match report.findings.len() {
        0 => Ok(()),
        1 => anyhow::bail!("1 problem found"),
        count => anyhow::bail!("{count} problems found"),
    }
}

async fn question(command: DoctorCommand, profiles: &AccountProfiles) -> anyhow::Result<Question> {
    let function = profiles.resolve_function(&command.function, &command.credentials)?;
    let mut principals = command.principals;
    if principals.is_empty() {
        let other = profiles.other_than(&function.account);
        let caller = if other.id == function.account { None } else { other.principal().await };
        let message = "the querying principal is unknown: add --principal with the ARN of a role \
                       or user";
        principals.push(caller.ok_or_else(|| Usage(message.to_owned()))?);
    }
    Ok(Question {
        function,
        principals,
        organization: command.organization,
        catalog: command.catalog,
        workgroup: command.workgroup,
        hints: OwnerHints {
            bucket: command.spill_bucket,
            prefix: command.spill_prefix,
            key: command.kms_key,
        },
    })
}

/// Reads the accounts of which there are credentials.
async fn observe(question: &Question, profiles: &AccountProfiles) -> anyhow::Result<Observed> {
    let Question { function, principals, hints, .. } = question;
    let consumer_account = account_of(&principals[0]);
    let mut observed = Observed::default();
    if let Some(owner) = profiles.get(&function.account) {
        let owner = observe_owner(owner, function).await;
        observed.owner = Some(owner.account);
        observed.spill_region = owner.spill_region;
    }
    if let Some(consumer) = profiles.get(consumer_account) {
        observed.consumer = Some(observe_consumer(consumer, question).await);
        if let (Lookup::Unknown(_), Some(bucket)) = (&observed.spill_region, &hints.bucket) {
            observed.spill_region = observe_bucket_region(consumer, &function.region, bucket).await;
        }
    }
    if observed.owner.is_none() && observed.consumer.is_none() {
        let message = format!(
            "the credentials belong neither to account {} nor to account {consumer_account}",
            function.account
        );
        return Err(Usage(message).into());
    }
    Ok(observed)
}
