//! Whether the policies of both sides let a principal invoke the function and read what it spilled.

use super::{
    Finding, Identity, NamedPolicy, Observed, Owner, Question, Report, Seen, Side,
    requests::{Needed, at_home, decrypt, direct, invoke, read_spill, through_athena},
};
use crate::{
    arn::{FunctionArn, account_of},
    consumer::Consumer,
    policy::{
        Decision, Effect, Miss, Principal, Reason, Request, Statement, decide, parse,
        within_account,
    },
    terms::{Shared, Terms, Written, for_identity},
};

/// A role of nobody that anybody could make.
const STRANGER: &str = "arn:aws:iam::000000000000:role/Stranger";

/// One of the owner's policies with the requests that it has to allow.
struct Resource<'a> {
    check: &'static str,
    function: &'a FunctionArn,
    policy: &'a Seen<String>,
    needed: Vec<Needed>,
    wanted: Vec<Written>,
}

pub(super) fn check(
    question: &Question,
    observed: &Observed,
    shared: &Shared,
    report: &mut Report,
) {
    for principal in &question.principals {
        let identity = observed.consumer.as_ref().and_then(|consumer| {
            let of = consumer.principals.iter().find(|(arn, _)| arn == principal)?;
            of.1.known()
        });
        let own = account_of(principal) == question.function.account;
        if let Some(owner) = &observed.owner {
            for resource in resources(question, owner, shared, principal) {
                let identity = if own { identity.map(Some) } else { Some(None) };
                match identity {
                    Some(identity) => by_resource(&resource, principal, identity, report),
                    None => {
                        report.unseen(format!(
                            "{} and {principal} are of one account: both are needed",
                            resource.check
                        ));
                    }
                }
            }
        }
        if let Some(identity) = identity {
            by_identity(question, observed, shared, (principal, own), identity, report);
        }
    }
    if let Some(owner) = &observed.owner {
        closed_to_strangers(question, owner, shared, report);
    }
}

fn resources<'a>(
    question: &'a Question,
    owner: &'a Owner,
    shared: &Shared,
    principal: &str,
) -> Vec<Resource<'a>> {
    let Question { function, organization, .. } = question;
    let context = through_athena(principal, organization.as_deref(), function, &function.account);
    let terms = Terms {
        consumer: Consumer::Principal(principal.to_owned()),
        organization: organization.clone(),
        through_athena: true,
        by_permission: false,
    };
    let mut resources = vec![Resource {
        check: "function-policy",
        function,
        policy: &owner.function_policy,
        needed: vec![invoke(shared, &context)],
        wanted: terms.for_function(shared),
    }];
    let Some(spill) = &shared.spill else {
        return resources;
    };
    resources.push(Resource {
        check: "bucket-policy",
        function,
        policy: &owner.bucket_policy,
        needed: read_spill(shared, spill, &context).into(),
        wanted: terms.for_bucket(shared),
    });
    let bucket_key = owner.encryption().map(|encryption| encryption.bucket_key);
    // A key that no policy can open was reported as such.
    let openable = owner.key.known().is_some_and(|key| !key.by_aws);
    if let Some(needed) = decrypt(shared, spill, bucket_key, &context).filter(|_| openable) {
        let wanted = terms.for_key(shared);
        resources.push(Resource {
            check: "key-policy",
            function,
            policy: &owner.key_policy,
            needed: vec![needed],
            wanted,
        });
    }
    resources
}

/// Decides by a policy of the owner; within one account together with the policies of the
/// principal.
fn by_resource(
    resource: &Resource<'_>,
    principal: &str,
    identity: Option<&Identity>,
    report: &mut Report,
) {
    let Resource { check, function, policy, needed, wanted } = resource;
    let Some(statements) = statements(check, policy, report) else {
        return;
    };
    for needed in needed {
        let request = request(principal, needed);
        let mut decision = decide(&statements, &request);
        if let Some(identity) = identity {
            decision = within_account(
                by_own_policies(identity, &request),
                decision,
                *check == "key-policy",
            );
            let subject = format!("{} for {principal}", needed.action);
            let verdict = Verdict {
                check: "permissions-boundary",
                subject,
                side: Side::Owner,
                needed,
                principal,
            };
            by_boundary_at_home(verdict, identity, (&statements, &request), report);
        }
        let subject = format!("{} for {principal}", needed.action);
        let paste =
            wanted.iter().find(|statement| statement.allows(needed.action)).map(Written::pretty);
        let share = format!(
            "athena-local share {function} --to {principal} --apply, or put into the {check}:\n"
        );
        let verdict = Verdict { check, subject, side: Side::Owner, needed, principal };
        verdict.say(&decision, || format!("{share}{}", paste.unwrap_or_default()), report);
    }
}

fn by_identity(
    question: &Question,
    observed: &Observed,
    shared: &Shared,
    (principal, own): (&str, bool),
    identity: &Identity,
    report: &mut Report,
) {
    let Question { function, organization, .. } = question;
    let context = through_athena(principal, organization.as_deref(), function, &function.account);
    let mut needed = at_home(question, observed, principal);
    // Within one account the owner's policies may do alone, and were decided together with these.
    if !own {
        needed.push(invoke(shared, &context));
        if let Some(spill) = &shared.spill {
            needed.extend(read_spill(shared, spill, &context));
            needed.extend(decrypt(shared, spill, None, &context));
        } else if observed.owner.is_none() {
            report.unseen(
                "whether the principal may read what is spilled: where it is was not said"
                    .to_owned(),
            );
        }
    }
    let wanted = for_identity(shared, true);
    for needed in &needed {
        let subject = format!("{} for {principal}", needed.action);
        let fix = || match wanted.iter().find(|statement| statement.allows(needed.action)) {
            Some(statement) => format!("put into a policy of {principal}:\n{}", statement.pretty()),
            None => format!("put into a policy of {principal}:\n{}", needed.statement().pretty()),
        };
        let request = request(principal, needed);
        let verdict = Verdict {
            check: "identity-policy",
            subject: subject.clone(),
            side: Side::Consumer,
            needed,
            principal,
        };
        verdict.say(&by_own_policies(identity, &request), fix, report);
        if let Some(decision) = by_boundary(identity, &request) {
            let verdict = Verdict {
                check: "permissions-boundary",
                subject,
                side: Side::Consumer,
                needed,
                principal,
            };
            verdict.say(&decision, || widen_boundary(identity, needed), report);
        }
    }
}

/// Everybody who is not invited has to stay outside, whatever their own policies say.
fn closed_to_strangers(question: &Question, owner: &Owner, shared: &Shared, report: &mut Report) {
    let function = &question.function;
    // In no organization.
    for context in [through_athena, direct] {
        let context =
            context(STRANGER, None, function, &function.account).without("aws:PrincipalOrgID");
        let mut needed =
            vec![("function-policy", &owner.function_policy, invoke(shared, &context))];
        if let Some(spill) = &shared.spill {
            let [read, ..] = read_spill(shared, spill, &context);
            needed.push(("bucket-policy", &owner.bucket_policy, read));
            let bucket_key = owner.encryption().map(|encryption| encryption.bucket_key);
            let decrypt = decrypt(shared, spill, bucket_key, &context);
            needed.extend(decrypt.map(|needed| ("key-policy", &owner.key_policy, needed)));
        }
        for (check, policy, needed) in needed {
            // The report says once that one could not be seen, however many ask.
            let Some(statements) = statements(check, policy, report) else {
                continue;
            };
            if decide(&statements, &request(STRANGER, &needed)).is_allowed() {
                report.wrong(Finding {
                    check,
                    subject: format!("{} for strangers", needed.action),
                    side: Side::Owner,
                    what: format!("anybody in any account may {} on {}", needed.action, needed.pattern()),
                    fix: "name accounts or roles as principals, or add a condition on aws:PrincipalOrgID".to_owned(),
                });
            }
        }
    }
}

pub(super) fn request<'a>(caller: &'a str, needed: &'a Needed) -> Request<'a> {
    Request { caller, action: needed.action, resource: &needed.resource, context: &needed.context }
}

/// The statements of a policy; none if there is no policy, nothing if it could not be seen or
/// understood.
pub(super) fn statements(
    check: &str,
    policy: &Seen<String>,
    report: &mut Report,
) -> Option<Vec<Statement>> {
    match policy {
        Seen::Known(text) => match parse(text) {
            Ok(statements) => Some(statements),
            Err(error) => {
                report.unseen(format!("{check}: it could not be read: {error}"));
                None
            }
        },
        Seen::Missing => Some(Vec::new()),
        Seen::Hidden(why) => {
            report.unseen(format!("{check}: {why}"));
            None
        }
    }
}

/// Decides by the policies of a principal alone: what they do not deny, one that could not be read
/// may allow or deny.
pub(super) fn by_own_policies(identity: &Identity, request: &Request<'_>) -> Decision {
    let (statements, mut unread) = of_policies(&identity.policies);
    unread.extend(identity.hidden.iter().cloned());
    decide_in_part(&statements, &unread, request)
}

/// What bounds a principal says; nothing if nothing does. One that could not be fetched is among
/// what is hidden of the principal.
pub(super) fn by_boundary(identity: &Identity, request: &Request<'_>) -> Option<Decision> {
    let (statements, unread) = of_policies(std::slice::from_ref(identity.boundary.as_ref()?));
    Some(decide_in_part(&statements, &unread, request))
}

/// Decides by what could be read, where `unread` may allow or deny as well.
fn decide_in_part(statements: &[Statement], unread: &[String], request: &Request<'_>) -> Decision {
    let decision = decide(statements, request);
    if matches!(decision, Decision::Denied { .. }) || unread.is_empty() {
        return decision;
    }
    let label = format!("in {}", unread.join(", "));
    Decision::Undecided { open: Miss { label, reasons: vec![Reason::Unread] }, may_be_denied: true }
}

/// Puts into the report what a boundary says of a request that the policy of a resource in the same
/// account may allow by itself.
///
/// A boundary takes nothing from what such a policy allows to everybody, or to a user by name,
/// unless it denies it.
pub(super) fn by_boundary_at_home(
    verdict: Verdict<'_>,
    identity: &Identity,
    (resource, request): (&[Statement], &Request<'_>),
    report: &mut Report,
) {
    let Some(decision) = by_boundary(identity, request) else {
        return;
    };
    let is_unbounded = |statement: &&Statement| {
        let members = statement
            .principals
            .as_ref()
            .map(|principals| &principals.members[..])
            .unwrap_or_default();
        statement.effect == Effect::Deny
            || members.contains(&Principal::Everybody)
            || (identity.arn.contains(":user/")
                && members.contains(&Principal::Arn(identity.arn.clone())))
    };
    let unbounded: Vec<_> = resource.iter().filter(is_unbounded).cloned().collect();
    let is_past =
        matches!(decision, Decision::NotAllowed { .. }) && decide(&unbounded, request).is_allowed();
    if !is_past {
        let fix = widen_boundary(identity, verdict.needed);
        verdict.say(&decision, || fix, report);
    }
}

/// How to let a boundary allow what is needed.
fn widen_boundary(identity: &Identity, needed: &Needed) -> String {
    let name = identity.boundary.as_ref().map(|policy| policy.name.as_str()).unwrap_or_default();
    format!(
        "put into {name}, the permissions boundary of {}:\n{}",
        identity.arn,
        needed.statement().pretty()
    )
}

/// The statements of several policies, each named with its policy, and those policies that are
/// none, with the fault.
fn of_policies(policies: &[NamedPolicy]) -> (Vec<Statement>, Vec<String>) {
    let (mut all, mut unread) = (Vec::new(), Vec::new());
    for NamedPolicy { name, text } in policies {
        match parse(text) {
            Ok(statements) => {
                all.extend(statements.into_iter().enumerate().map(|(at, statement)| {
                    let sid = statement.sid.clone().unwrap_or_else(|| format!("number {}", at + 1));
                    Statement { sid: Some(format!("{sid} in {name}")), ..statement }
                }))
            }
            Err(error) => unread.push(format!("{name} ({error})")),
        }
    }
    (all, unread)
}

/// What a decision is about.
pub(super) struct Verdict<'a> {
    pub(super) check: &'static str,
    pub(super) subject: String,
    pub(super) side: Side,
    pub(super) needed: &'a Needed,
    pub(super) principal: &'a str,
}

impl Verdict<'_> {
    /// Puts `decision` into the report, with `fix` if it is not allowed.
    pub(super) fn say(
        self,
        decision: &Decision,
        fix: impl FnOnce() -> String,
        report: &mut Report,
    ) {
        let Self { check, subject, side, needed, principal } = self;
        let (action, resource) = (needed.action, needed.pattern());
        let (what, fix) = match decision {
            Decision::Allowed { .. } => return report.passed(check, subject),
            Decision::Undecided { open, .. } => {
                let (label, why) = (&open.label, open.why());
                let remedy =
                    if why.contains("aws:PrincipalOrgID") { "; add --organization" } else { "" };
                return report.unseen(format!(
                    "{check} {subject}: statement {label} leaves it open: {why}{remedy}"
                ));
            }
            Decision::Denied { label } => {
                let what = format!(
                    "statement {label} of the {check} denies {action} on {resource} to {principal}"
                );
                (
                    what,
                    format!(
                        "take statement {label} away, or give it a condition that spares {principal}"
                    ),
                )
            }
            Decision::NotAllowed { nearest, .. } => {
                let nearest = nearest.as_ref().map(|miss| format!("; {miss}")).unwrap_or_default();
                (
                    format!(
                        "no statement of the {check} allows {action} on {resource} to {principal}{nearest}"
                    ),
                    fix(),
                )
            }
        };
        report.wrong(Finding { check, subject, side, what, fix });
    }
}
