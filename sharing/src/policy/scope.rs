//! Applicability of a statement to a request.

use std::fmt;

use super::{
    condition::Truth,
    near_miss::Reason,
    pattern::{Wildcards, expand, matches, parts_match},
    request::Request,
    statement::{PatternSet, Principal, Principals, Statement},
};

/// The applicability of a statement to a request.
pub(super) struct Applicability {
    pub(super) truth: Truth,
    /// Why it does not apply; if undecided, why.
    pub(super) reasons: Vec<Reason>,
    /// Whether it names the account of the caller, not the caller.
    pub(super) through_account: bool,
}

/// Matches every element of `statement` against `request`.
pub(super) fn applicability(statement: &Statement, request: &Request<'_>) -> Applicability {
    let mut reasons = Vec::new();
    let mut open = Vec::new();
    let mut through_account = false;
    if !includes_action(&statement.actions, request.action) {
        reasons.push(Reason::Action);
    }
    if let Some(principals) = &statement.principals {
        match match_principals(principals, request.caller) {
            PrincipalMatch::Caller => {}
            PrincipalMatch::Account => through_account = true,
            PrincipalMatch::Session => open.push(Reason::Session),
            PrincipalMatch::None => {
                let members = principals.members.iter().map(ToString::to_string);
                reasons.push(Reason::Principal(members.collect()));
            }
        }
    }
    if let Some(resources) = &statement.resources {
        match includes_resource(resources, request) {
            Truth::Yes => {}
            Truth::No => reasons.push(Reason::Resource(resources.patterns.clone())),
            Truth::Unknown => open.push(Reason::Resource(resources.patterns.clone())),
        }
    }
    for condition in &statement.conditions {
        let value = request.context.get(&condition.key);
        match condition.holds(request.context) {
            Truth::Yes => {}
            Truth::No => reasons.push(Reason::Condition(condition.clone(), value.clone())),
            Truth::Unknown => open.push(Reason::Condition(condition.clone(), value.clone())),
        }
    }
    if !reasons.is_empty() {
        return Applicability { truth: Truth::No, reasons, through_account };
    }
    let truth = if open.is_empty() { Truth::Yes } else { Truth::Unknown };
    Applicability { truth, reasons: open, through_account }
}

/// Matches the action, ignoring case.
fn includes_action(actions: &PatternSet, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let matched =
        actions.patterns.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), &action));
    matched != actions.negated
}

/// Matches the resource; undecided if a pattern has a policy variable without a known value.
fn includes_resource(resources: &PatternSet, request: &Request<'_>) -> Truth {
    let mut truth = Truth::from(resources.negated);
    for pattern in &resources.patterns {
        match expand(pattern, request.context, Wildcards::Enabled) {
            Ok(pattern) if parts_match(&pattern, request.resource) => {
                return Truth::from(!resources.negated);
            }
            Ok(_) => {}
            Err(_) => truth = Truth::Unknown,
        }
    }
    truth
}

/// The match of a caller with the principals of a statement.
enum PrincipalMatch {
    /// By name, or as everyone.
    Caller,
    /// Through the account.
    Account,
    /// Possibly, depending on the session of the role.
    Session,
    /// Not at all.
    None,
}

fn match_principals(principals: &Principals, caller: &str) -> PrincipalMatch {
    let mut found = PrincipalMatch::None;
    for member in &principals.members {
        match member {
            Principal::Everyone => found = PrincipalMatch::Caller,
            Principal::Account(account) if caller.split(':').nth(4) == Some(account) => {
                if !matches!(found, PrincipalMatch::Caller) {
                    found = PrincipalMatch::Account;
                }
            }
            Principal::Arn(arn) if arn == caller => found = PrincipalMatch::Caller,
            Principal::Arn(arn)
                if is_session_of(arn, caller) && matches!(found, PrincipalMatch::None) =>
            {
                found = PrincipalMatch::Session;
            }
            Principal::Account(_) | Principal::Arn(_) | Principal::Other(_) => {}
        }
    }
    match (principals.negated, found) {
        (false, found) => found,
        (true, PrincipalMatch::None) => PrincipalMatch::Caller,
        // `NotPrincipal` with a role does not except its sessions, which have to be named too.
        (true, PrincipalMatch::Caller | PrincipalMatch::Account | PrincipalMatch::Session) => {
            PrincipalMatch::Session
        }
    }
}

/// Returns whether `arn` is a session of the role `caller`.
fn is_session_of(arn: &str, caller: &str) -> bool {
    let session: Vec<_> = arn.split(':').collect();
    let role: Vec<_> = caller.split(':').collect();
    let ([_, _, "sts", _, account, session], [_, _, "iam", _, owner, role]) =
        (&session[..], &role[..])
    else {
        return false;
    };
    let name = role.rsplit('/').next();
    account == owner
        && session.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next()) == name
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("*"),
            Self::Account(account) => write!(f, "account {account}"),
            Self::Arn(text) | Self::Other(text) => f.write_str(text),
        }
    }
}
