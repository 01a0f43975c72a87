//! Why a shared function cannot be queried.

use std::io::Write as _;

use anyhow::Context as _;
use athena_sharing::{
    arn::account_of,
    aws::{observe_bucket_region, observe_consumer, observe_owner},
    doctor::{Observed, Question, Seen, Told, diagnose},
};

use super::{Usage, sides::Sides};
use crate::cli::DoctorCommand;

/// Runs the command: the report goes to standard output; that something is wrong is an error.
pub(super) async fn run(command: DoctorCommand) -> anyhow::Result<()> {
    let sides = Sides::open(&command.credentials).await?;
    let function = sides.function(&command.function, &command.credentials)?;
    let mut principals = command.principals;
    if principals.is_empty() {
        let other = sides.other_than(&function.account);
        let caller = if other.id == function.account { None } else { other.principal().await };
        let words = "who queries? add --principal with the ARN of a role or user";
        principals.push(caller.ok_or_else(|| Usage(words.to_owned()))?);
    }
    let account = account_of(&principals[0]).to_owned();
    let question = Question {
        function,
        principals,
        organization: command.organization,
        catalog: command.catalog,
        workgroup: command.workgroup,
        told: Told {
            bucket: command.spill_bucket,
            prefix: command.spill_prefix,
            key: command.kms_key,
        },
    };
    let mut observed = Observed::default();
    if let Some(owner) = sides.of(&question.function.account) {
        let (owner, region) = observe_owner(owner, &question.function).await;
        (observed.owner, observed.spill_region) = (Some(owner), region);
    }
    if let Some(consumer) = sides.of(&account) {
        observed.consumer = Some(observe_consumer(consumer, &question).await);
        if let (Seen::Hidden(_), Some(bucket)) = (&observed.spill_region, &question.told.bucket) {
            observed.spill_region =
                observe_bucket_region(consumer, &question.function.region, bucket).await;
        }
    }
    if observed.owner.is_none() && observed.consumer.is_none() {
        let words = format!(
            "the credentials are neither of account {} nor of {account}",
            question.function.account
        );
        return Err(Usage(words).into());
    }
    let report = diagnose(&question, &observed);
    let text = if command.json { report.json() + "\n" } else { report.text() };
    std::io::stdout()
        .lock()
        .write_all(text.as_bytes())
        .context("cannot write to standard output")?;
    match report.findings.len() {
        0 => Ok(()),
        1 => anyhow::bail!("1 thing is wrong"),
        wrong => anyhow::bail!("{wrong} things are wrong"),
    }
}
