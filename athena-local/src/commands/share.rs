//! A function shared with another account, and no longer.

use std::io::Write as _;

use anyhow::Context as _;
use athena_sharing::{
    arn::FunctionArn,
    aws::{Account, apply, observe_owner, observe_principal},
    consumer::Consumer,
    doctor::{
        Function, Observed, Owner, Question, Seen, Told, hidden_from_owner, obstacles, shared,
    },
    letter::letter,
    plan::{Place, Plan},
    roster,
    terms::{KINDS, SID_PREFIX, Shared, Terms, Written, is_expressible, is_permission},
};

use super::{
    Usage,
    sides::{Sides, usage},
};
use crate::{
    cli::{ShareCommand, UnshareCommand},
    output::say,
};

/// The owner's side as it is.
struct Present<'a> {
    account: &'a Account,
    owner: Owner,
    shared: Shared,
}

/// Runs `share`.
pub(super) async fn share(command: ShareCommand) -> anyhow::Result<()> {
    let sides = Sides::open(&command.credentials).await?;
    let function = sides.function(&command.function, &command.credentials)?;
    let mut terms = Vec::new();
    for consumer in &command.consumers {
        let of_one = Terms {
            consumer: consumer.clone(),
            organization: command.organization.clone(),
            through_athena: !command.direct,
            by_permission: command.add_permission,
        };
        of_one.check().map_err(usage)?;
        exists(&sides, consumer).await?;
        terms.push(of_one);
    }
    let present = present(&sides, &function, &command.consumers).await?;
    let Present { shared, .. } = &present;
    let all = |statements: fn(&Terms, &Shared) -> Vec<Written>| {
        terms.iter().flat_map(|terms| statements(terms, shared)).collect::<Vec<_>>()
    };
    let wanted = [
        // AWS looks at principals when a bucket's policy is put: what is refused is refused before
        // the function is open.
        (Place::Bucket, all(Terms::for_bucket)),
        (Place::Key, all(Terms::for_key)),
        (Place::Function, all(Terms::for_function)),
    ];
    let mut plans = Vec::new();
    for (place, statements) in wanted.iter().filter(|(_, statements)| !statements.is_empty()) {
        let (owner, before) =
            present.policy(*place)?.with_context(|| format!("there is no {}", place.title()))?;
        plans.push(Plan::share(*place, &owner, before, statements)?);
    }
    print(&plans)?;
    if shared.spill.is_none() {
        say(format_args!(
            "{function} has no variable spill_bucket: every answer over 6 MB will fail"
        ));
    }
    finish(&present, &function, &plans, command.apply, command.add_permission).await?;
    writeln!(std::io::stdout().lock(), "\n{}", letter(shared, &terms))
        .context("cannot write to standard output")
}

/// Runs `unshare`.
pub(super) async fn unshare(command: UnshareCommand) -> anyhow::Result<()> {
    let sides = Sides::open(&command.credentials).await?;
    let function = sides.function(&command.function, &command.credentials)?;
    let present = present(&sides, &function, &[]).await?;
    let tags = if command.all {
        present.tags(&function)?
    } else {
        command.consumers.iter().map(|consumer| consumer.tag(&function.to_string())).collect()
    };
    let taken: Vec<String> =
        tags.iter().flat_map(|tag| KINDS.map(|kind| format!("{SID_PREFIX}{kind}{tag}"))).collect();
    let mut plans = Vec::new();
    let mut by_permission = true;
    for place in [Place::Function, Place::Key, Place::Bucket] {
        let Some((owner, before)) = present.policy(place)? else {
            continue;
        };
        if place == Place::Function {
            by_permission = before.is_none_or(is_permission);
        }
        let plan = Plan::unshare(place, &owner, before, &taken)?;
        by_permission &= place != Place::Function
            || plan.removed.iter().all(|(_, text)| is_expressible(text, &function));
        plans.push(plan);
    }
    print(&plans)?;
    if let Some(words) = present.out_of_sight() {
        say(words);
    }
    finish(&present, &function, &plans, command.apply, by_permission).await
}

async fn finish(
    present: &Present<'_>,
    function: &FunctionArn,
    plans: &[Plan],
    apply_it: bool,
    by_permission: bool,
) -> anyhow::Result<()> {
    if plans.iter().all(Plan::is_nothing) {
        say("nothing to change");
    } else if apply_it {
        apply(present.account, function, plans, by_permission).await?;
        say("changed");
    } else {
        say("nothing was changed; --apply does it");
    }
    Ok(())
}

fn print(plans: &[Plan]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for plan in plans {
        writeln!(out, "{}", plan.difference()).context("cannot write to standard output")?;
    }
    Ok(())
}

/// Refuses a principal that does not exist, if there are credentials that can tell.
async fn exists(sides: &Sides, consumer: &Consumer) -> anyhow::Result<()> {
    let Consumer::Principal(arn) = consumer else {
        return Ok(());
    };
    let Some(account) =
        consumer.account().and_then(|account| sides.of(account)).filter(|_| !arn.contains('*'))
    else {
        return Ok(());
    };
    match observe_principal(account, arn).await {
        Seen::Missing => {
            Err(Usage(format!("{arn} does not exist in account {}", account.id)).into())
        }
        Seen::Known(_) | Seen::Hidden(_) => Ok(()),
    }
}

/// Looks at the owner's side, and refuses what cannot be shared as it is.
async fn present<'a>(
    sides: &'a Sides,
    function: &FunctionArn,
    consumers: &[Consumer],
) -> anyhow::Result<Present<'a>> {
    let Some(account) = sides.of(&function.account) else {
        let other = sides.other_than(&function.account);
        let words = format!(
            "{function} is of account {}, and the credentials are of {}; take those of the function's account",
            function.account, other.id
        );
        return Err(Usage(words).into());
    };
    let (owner, spill_region) = observe_owner(account, function).await;
    let question = Question {
        function: function.clone(),
        principals: consumers
            .iter()
            .map(|consumer| format!("arn:aws:iam::{}:root", consumer.account().unwrap_or("*")))
            .collect(),
        organization: None,
        catalog: None,
        workgroup: None,
        told: Told::default(),
    };
    let observed = Observed { owner: Some(owner), consumer: None, spill_region };
    let mut faults = obstacles(&question, &observed);
    // What was shared can be taken back from a function that could not be shared now.
    faults.retain(|fault| {
        !consumers.is_empty() || (fault.check, fault.subject.as_str()) == ("function", "exists")
    });
    if let Some(first) = faults.first() {
        let more = if faults.len() > 1 {
            format!(" (and {} more: see doctor)", faults.len() - 1)
        } else {
            String::new()
        };
        return Err(Usage(format!("{}{more}; {}", first.what, first.fix)).into());
    }
    let shared = shared(&question, &observed);
    let owner = observed.owner.unwrap_or_default();
    if let Some(hidden) = hidden_from_owner(function, &owner) {
        anyhow::bail!("nothing was changed: {hidden}");
    }
    Ok(Present { account, owner, shared })
}

impl Present<'_> {
    /// What ends the names of all statements that share the function, in whichever of the policies.
    fn tags(&self, function: &FunctionArn) -> anyhow::Result<Vec<String>> {
        let mut tags = Vec::new();
        for place in [Place::Function, Place::Key, Place::Bucket] {
            let Some((owner, Some(document))) = self.policy(place)? else {
                continue;
            };
            let found = roster::tags(place, document, function);
            let found =
                found.with_context(|| format!("the {} {owner} cannot be read", place.title()))?;
            tags.extend(found.into_iter().filter(|tag| !tags.contains(tag)).collect::<Vec<_>>());
        }
        Ok(tags)
    }

    /// Policies that the function may once have been shared by, and that it does not lead to any
    /// more.
    fn out_of_sight(&self) -> Option<String> {
        let function = &self.shared.function;
        match (self.owner.function.known().and_then(Function::spill_bucket), &self.owner.bucket) {
            (None, _) => Some(format!(
                "{function} has no variable spill_bucket: if it had one when it was shared, take the statements {SID_PREFIX}... out \
                 of the policies of that bucket and its key"
            )),
            (Some(bucket), Seen::Missing) => Some(format!(
                "spill bucket {bucket} does not exist: if a key of your own encrypted it, take the statements \
                 {SID_PREFIX}Decrypt... out of the policy of that key"
            )),
            (Some(_), _) => None,
        }
    }

    /// Whose policy it is, and what it says; nothing if the function has no such thing.
    fn policy(&self, place: Place) -> anyhow::Result<Option<(String, Option<&str>)>> {
        let spill = self.shared.spill.as_ref();
        let (owner, policy) = match place {
            Place::Function => {
                (Some(self.shared.function.name.clone()), &self.owner.function_policy)
            }
            Place::Bucket => (spill.map(|spill| spill.bucket.clone()), &self.owner.bucket_policy),
            Place::Key => (spill.and_then(|spill| spill.key.clone()), &self.owner.key_policy),
        };
        let Some(owner) = owner else {
            return Ok(None);
        };
        match policy {
            Seen::Known(text) => Ok(Some((owner, Some(text)))),
            Seen::Missing => Ok(Some((owner, None))),
            Seen::Hidden(why) => {
                anyhow::bail!("the {} {owner} cannot be read: {why}", place.title())
            }
        }
    }
}
