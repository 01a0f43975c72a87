//! Policy decisions and their report.

use super::{
    Check, Finding, Lookup, NamedPolicy, PrincipalPolicies, Report, Side, Subject, origin::origin,
    required_access::RequiredAccess,
};
use crate::{
    arn::is_user,
    policy::{Decision, Effect, NearMiss, Principal, Reason, Request, Statement, decide, parse},
};

/// The policy of a function, bucket or key.
#[derive(Clone, Copy)]
pub(super) struct ResourcePolicy<'a> {
    pub(super) check: Check,
    pub(super) document: &'a Lookup<String>,
}

impl ResourcePolicy<'_> {
    /// Parses the policy: empty if there is none, `None` and an entry in `report` if it is unknown
    /// or invalid.
    pub(super) fn statements(self, report: &mut Report) -> Option<Vec<Statement>> {
        match self.document {
            Lookup::Found(text) => match parse(text) {
                Ok(statements) => Some(statements),
                Err(error) => {
                    report.unknown(format!("{}: it could not be read: {error}", self.check));
                    None
                }
            },
            Lookup::Missing => Some(Vec::new()),
            Lookup::Unknown(reason) => {
                report.unknown(format!("{}: {reason}", self.check));
                None
            }
        }
    }
}

/// A decision to report.
#[derive(Clone, Copy)]
pub(super) struct Verdict<'a> {
    pub(super) check: Check,
    pub(super) side: Side,
    pub(super) access: &'a RequiredAccess,
    pub(super) principal: &'a str,
}

impl Verdict<'_> {
    /// Reports `decision`, with `fix` for an implicit deny.
    pub(super) fn report(
        self,
        decision: &Decision,
        fix: impl FnOnce() -> String,
        report: &mut Report,
    ) {
        let Self { check, side, access, principal } = self;
        let action = access.action;
        let resource = access.resource_pattern();
        let subject = Subject::Action { action, principal: principal.to_owned() };
        let (problem, fix) = match decision {
            Decision::Allowed { .. } => return report.pass(check, subject),
            Decision::Undecided { open, .. } => {
                let NearMiss { label, .. } = open;
                let reasons = open.describe_reasons();
                let remedy =
                    if open.depends_on("aws:PrincipalOrgID") { "; add --organization" } else { "" };
                return report.unknown(format!(
                    "{check} {subject}: statement {label} is undecided: {reasons}{remedy}"
                ));
            }
            Decision::ExplicitDeny { label } => {
                let (who, remedy) = origin(label);
                let problem = format!(
                    "statement {label} of the {}, {who}, denies {action} on {resource} to \
                     {principal}",
                    check.noun()
                );
                let remedy = remedy.unwrap_or_else(|| {
                    format!(
                        "remove statement {label}, or add a condition that excepts {principal} \
                         from it"
                    )
                });
                (problem, remedy)
            }
            Decision::ImplicitDeny { nearest, .. } => {
                let nearest = nearest.as_ref().map(|miss| format!("; {miss}")).unwrap_or_default();
                let policy = check.noun();
                let problem = format!(
                    "no statement of the {policy} allows {action} on {resource} to \
                     {principal}{nearest}"
                );
                (problem, fix())
            }
        };
        report.fail(Finding { check, subject, side, problem, fix });
    }

    /// Reports the decision of the permissions boundary on a request that the resource-based policy
    /// `resource` of the same account can allow by itself.
    ///
    /// An implicit deny in a boundary does not limit access that such a policy grants to everyone,
    /// or to a user by name; an explicit deny does.
    pub(super) fn report_boundary(
        self,
        policies: &PrincipalPolicies,
        resource: &[Statement],
        report: &mut Report,
    ) {
        let request = self.access.request(self.principal);
        let Some(decision) = decide_boundary(policies, &request) else {
            return;
        };
        let unbounded: Vec<_> = resource
            .iter()
            .filter(|statement| is_unbounded(statement, &policies.arn))
            .cloned()
            .collect();
        let bypasses_boundary = matches!(decision, Decision::ImplicitDeny { .. })
            && decide(&unbounded, &request).is_allowed();
        if !bypasses_boundary {
            let verdict = Self { check: Check::PermissionsBoundary, ..self };
            verdict.report(&decision, || fix_of_boundary(policies, self.access), report);
        }
    }
}

/// Returns whether a statement of a resource-based policy applies to `arn` despite its boundary.
fn is_unbounded(statement: &Statement, arn: &str) -> bool {
    let members =
        statement.principals.as_ref().map_or(&[][..], |principals| &principals.members[..]);
    statement.effect == Effect::Deny
        || members.contains(&Principal::Everyone)
        || (is_user(arn) && members.contains(&Principal::Arn(arn.to_owned())))
}

/// Decides by the identity-based policies of a principal: an unreadable policy can allow or deny
/// anything.
pub(super) fn decide_identity(policies: &PrincipalPolicies, request: &Request<'_>) -> Decision {
    let mut parsed = ParsedPolicies::new(&policies.policies);
    parsed.unreadable.extend(policies.unreadable.iter().cloned());
    parsed.decide(request)
}

/// Decides by the permissions boundary of a principal; `None` if there is none, or if it could not
/// be read and is among the unreadable policies.
pub(super) fn decide_boundary(
    policies: &PrincipalPolicies,
    request: &Request<'_>,
) -> Option<Decision> {
    let boundary = policies.boundary.as_ref()?;
    Some(ParsedPolicies::new(std::slice::from_ref(boundary)).decide(request))
}

/// Returns the statement to add to the permissions boundary.
pub(super) fn fix_of_boundary(policies: &PrincipalPolicies, access: &RequiredAccess) -> String {
    let name = policies.boundary.as_ref().map(|policy| policy.name.as_str()).unwrap_or_default();
    let statement = access.statement().pretty();
    format!("add to {name}, the permissions boundary of {}:\n{statement}", policies.arn)
}

/// Statements of several policies, each labeled with its policy.
struct ParsedPolicies {
    statements: Vec<Statement>,
    /// Names of policies that are unreadable or invalid.
    unreadable: Vec<String>,
}

impl ParsedPolicies {
    fn new(policies: &[NamedPolicy]) -> Self {
        let mut parsed = Self { statements: Vec::new(), unreadable: Vec::new() };
        for NamedPolicy { name, text } in policies {
            match parse(text) {
                Ok(statements) => {
                    for (at, statement) in statements.into_iter().enumerate() {
                        let sid = match &statement.sid {
                            Some(sid) => format!("{sid} in {name}"),
                            None => format!("number {} in {name}", at + 1),
                        };
                        parsed.statements.push(Statement { sid: Some(sid), ..statement });
                    }
                }
                Err(error) => parsed.unreadable.push(format!("{name} ({error})")),
            }
        }
        parsed
    }

    fn decide(&self, request: &Request<'_>) -> Decision {
        let decision = decide(&self.statements, request);
        if matches!(decision, Decision::ExplicitDeny { .. }) || self.unreadable.is_empty() {
            return decision;
        }
        let label = format!("in {}", self.unreadable.join(", "));
        Decision::Undecided {
            open: NearMiss { label, reasons: vec![Reason::Unreadable] },
            may_be_denied: true,
        }
    }
}
