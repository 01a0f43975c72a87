//! What statements say about one request, and what came closest if they do not allow it.

use std::fmt;

use super::{
    condition::{Condition, Truth},
    context::{Context, Value},
    pattern::{expand, matches, parts_match},
    statement::{Effect, Names, Principal, Principals, Statement},
};

/// A request to be decided.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The ARN of the role or user who asks; for a session, of its role.
    pub caller: &'a str,
    /// Such as `s3:GetObject`.
    pub action: &'a str,
    /// Its ARN; `*` for an action on nothing in particular, which only the pattern `*` matches.
    pub resource: &'a str,
    /// What else is known.
    pub context: &'a Context,
}

/// What a set of statements says about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed {
        /// Whether the statement is about the whole account, which in that account leaves it to the
        /// caller's own policies.
        by_account: bool,
    },
    /// A statement denies it.
    Denied {
        /// Which one.
        label: String,
    },
    /// No statement is about it.
    NotAllowed {
        /// The statement that would allow it if fewest things in it were different, if any allows
        /// the action.
        nearest: Option<Miss>,
        /// A statement that may deny it, which matters if another policy allows it.
        denial: Option<Miss>,
    },
    /// It depends on something that is not known.
    Undecided {
        /// The statement on which it depends and why.
        open: Miss,
        /// Whether a statement may deny it, so that it is open even if another policy allows it.
        may_be_denied: bool,
    },
}

/// A statement and why it does not apply, or may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The name of the statement.
    pub label: String,
    /// Everything that keeps it from applying.
    pub reasons: Vec<Reason>,
}

/// Why a statement does not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is about other actions.
    Action,
    /// It is about other principals.
    Principal(Vec<String>),
    /// It is about other resources.
    Resource(Vec<String>),
    /// A condition does not hold, or may not, with this value of its key.
    Condition(Condition, Value),
    /// It names one session of the role, or everybody but the role, and which session asks is not
    /// known.
    Session,
    /// It could not be read.
    Unread,
}

impl Decision {
    /// Whether it is allowed for sure.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    /// What may deny it.
    fn open_denial(&self) -> Option<&Miss> {
        match self {
            Self::NotAllowed { denial, .. } => denial.as_ref(),
            Self::Undecided { open, may_be_denied: true } => Some(open),
            Self::Allowed { .. }
            | Self::Denied { .. }
            | Self::Undecided { may_be_denied: false, .. } => None,
        }
    }
}

/// Decides `request` by `statements`: a statement that denies wins, then one that allows.
pub fn decide(statements: &[Statement], request: &Request<'_>) -> Decision {
    let mut allowed = None;
    let (mut denial, mut open) = (None, None);
    let mut nearest: Option<(usize, Miss)> = None;
    for (at, statement) in statements.iter().enumerate() {
        let Applies { truth, reasons, by_account } = applies(statement, request);
        let miss = Miss { label: statement.label(at + 1), reasons };
        match (statement.effect, truth) {
            (Effect::Deny, Truth::Yes) => return Decision::Denied { label: miss.label },
            (Effect::Deny, Truth::No) => {}
            (Effect::Allow, Truth::Yes) => allowed = Some(allowed.unwrap_or(true) && by_account),
            // What may be denied is open even if another statement allows it.
            (Effect::Deny, Truth::Unknown) => denial = Some(miss),
            (Effect::Allow, Truth::Unknown) => open = open.or(Some(miss)),
            (Effect::Allow, Truth::No) => {
                let distance = distance(statement, &miss.reasons);
                let closer = nearest.as_ref().is_none_or(|(best, _)| distance < *best);
                if closer && !miss.reasons.contains(&Reason::Action) {
                    nearest = Some((distance, miss));
                }
            }
        }
    }
    let nearest = nearest.map(|(_, miss)| miss);
    match (allowed, denial, open) {
        (Some(by_account), None, _) => Decision::Allowed { by_account },
        (Some(_), Some(open), _) => Decision::Undecided { open, may_be_denied: true },
        (None, denial, Some(open)) => Decision::Undecided { open, may_be_denied: denial.is_some() },
        // Whether it is denied does not matter where nothing allows it, but another policy may.
        (None, denial, None) => Decision::NotAllowed { nearest, denial },
    }
}

/// Decides for a caller of the account that owns the resource: either side may allow, if the
/// resource names the caller.
///
/// With `key`, the resource is a KMS key, whose policy has to allow it too, if only to the account.
pub fn within_account(identity: Decision, resource: Decision, key: bool) -> Decision {
    if matches!(identity, Decision::Denied { .. }) {
        return identity;
    }
    if matches!(resource, Decision::Denied { .. }) {
        return resource;
    }
    let denial = identity.open_denial().or(resource.open_denial()).cloned();
    match (either(identity, resource, key), denial) {
        (Decision::Allowed { .. }, Some(open)) => Decision::Undecided { open, may_be_denied: true },
        (decision, _) => decision,
    }
}

/// What allows on one side or the other, whatever may deny it.
fn either(identity: Decision, resource: Decision, key: bool) -> Decision {
    if matches!(resource, Decision::Allowed { by_account: false }) {
        return resource;
    }
    let left_to_identity = match &resource {
        Decision::Allowed { .. } => true,
        Decision::NotAllowed { .. } => !key || !identity.is_allowed(),
        // What may be denied or allowed there matters unless it is not allowed here anyway.
        Decision::Denied { .. } | Decision::Undecided { .. } => {
            matches!(identity, Decision::Undecided { .. })
        }
    };
    if left_to_identity { identity } else { resource }
}

/// How far a statement is from what was meant: somebody else's is further away than one with
/// another condition, and one about every action was hardly meant.
fn distance(statement: &Statement, reasons: &[Reason]) -> usize {
    let of = |reason: &Reason| match reason {
        Reason::Principal(_) | Reason::Session | Reason::Unread | Reason::Action => 6,
        Reason::Resource(_) => 4,
        Reason::Condition(..) => 2,
    };
    let wide = statement.actions.negated
        || statement.actions.patterns.iter().any(|pattern| pattern.contains('*'));
    reasons.iter().map(of).sum::<usize>() + usize::from(wide)
}

struct Applies {
    truth: Truth,
    reasons: Vec<Reason>,
    by_account: bool,
}

fn applies(statement: &Statement, request: &Request<'_>) -> Applies {
    let mut reasons = Vec::new();
    let mut open = Vec::new();
    let mut by_account = false;
    if !named(&statement.actions, |pattern| {
        matches(&pattern.to_ascii_lowercase(), &request.action.to_ascii_lowercase())
    }) {
        reasons.push(Reason::Action);
    }
    if let Some(principals) = &statement.principals {
        match concerns(principals, request.caller) {
            Concern::Caller => {}
            Concern::Account => by_account = true,
            Concern::Session => open.push(Reason::Session),
            Concern::Others => {
                reasons.push(Reason::Principal(
                    principals.members.iter().map(ToString::to_string).collect(),
                ));
            }
        }
    }
    if let Some(resources) = &statement.resources {
        let reason = || Reason::Resource(resources.patterns.clone());
        match concerned(resources, request) {
            Truth::Yes => {}
            Truth::No => reasons.push(reason()),
            Truth::Unknown => open.push(reason()),
        }
    }
    for condition in &statement.conditions {
        let reason =
            || Reason::Condition(condition.clone(), request.context.get(&condition.key).clone());
        match condition.holds(request.context) {
            Truth::Yes => {}
            Truth::No => reasons.push(reason()),
            Truth::Unknown => open.push(reason()),
        }
    }
    if !reasons.is_empty() {
        return Applies { truth: Truth::No, reasons, by_account };
    }
    let truth = if open.is_empty() { Truth::Yes } else { Truth::Unknown };
    Applies { truth, reasons: open, by_account }
}

fn named(names: &Names, matches: impl Fn(&str) -> bool) -> bool {
    names.patterns.iter().any(|pattern| matches(pattern)) != names.negated
}

/// Whether a statement about `resources` is about that of `request`: a variable that nobody can
/// replace leaves it open.
fn concerned(resources: &Names, request: &Request<'_>) -> Truth {
    let mut truth = Truth::from(resources.negated);
    for pattern in &resources.patterns {
        match expand(pattern, request.context, false) {
            Ok(pattern) if parts_match(&pattern, request.resource) => {
                return Truth::from(!resources.negated);
            }
            Ok(_) => {}
            Err(_) => truth = Truth::Unknown,
        }
    }
    truth
}

enum Concern {
    Caller,
    Account,
    Session,
    Others,
}

fn concerns(principals: &Principals, caller: &str) -> Concern {
    let mut concern = Concern::Others;
    for member in &principals.members {
        match member {
            Principal::Everybody => concern = Concern::Caller,
            Principal::Account(account) if caller.split(':').nth(4) == Some(account) => {
                if !matches!(concern, Concern::Caller) {
                    concern = Concern::Account;
                }
            }
            Principal::Arn(arn) if arn == caller => concern = Concern::Caller,
            Principal::Arn(arn)
                if is_session_of(arn, caller) && matches!(concern, Concern::Others) =>
            {
                concern = Concern::Session;
            }
            Principal::Account(_) | Principal::Arn(_) | Principal::Other(_) => {}
        }
    }
    match (principals.negated, concern) {
        (false, concern) => concern,
        (true, Concern::Others) => Concern::Caller,
        // Excepting a role does not except its sessions, which have to be named too.
        (true, Concern::Caller | Concern::Account | Concern::Session) => Concern::Session,
    }
}

/// Whether `arn` is a session of the role `caller`.
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
            Self::Everybody => f.write_str("*"),
            Self::Account(account) => write!(f, "account {account}"),
            Self::Arn(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

/// Says it as the end of a sentence about the statement: `it is about ...`.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action => f.write_str("it is about other actions"),
            Self::Principal(members) => {
                write!(f, "its principal is {}", members.join(", "))?;
                if members.iter().any(|member| is_opaque(member)) {
                    f.write_str(" (the number of a role or user that was deleted)")?;
                }
                if members.iter().any(|member| member.len() > 1 && member.contains('*')) {
                    f.write_str(
                        " (a principal cannot have wildcards; a condition on aws:PrincipalArn can)",
                    )?;
                }
                Ok(())
            }
            Self::Resource(patterns) => write!(f, "its resource is {}", patterns.join(", ")),
            Self::Condition(condition, value) => {
                let Condition { operator, key, values } = condition;
                write!(f, "its condition {operator} on {key} wants {}", values.join(" or "))?;
                match value {
                    Value::Present(has) => write!(f, ", and it is {}", has.join(", ")),
                    Value::Absent => write!(f, ", and the request has no {key}"),
                    Value::Unknown => f.write_str(", and what it is cannot be seen from here"),
                }
            }
            Self::Unread => f.write_str("it could not be read"),
            Self::Session => f.write_str("it depends on the session of the role"),
        }
    }
}

/// What a policy has in place of an ARN after the role or user was deleted.
fn is_opaque(principal: &str) -> bool {
    (principal.starts_with("AROA") || principal.starts_with("AIDA")) && !principal.contains(':')
}

impl Miss {
    /// All reasons, for people.
    pub fn why(&self) -> String {
        let reasons: Vec<_> = self.reasons.iter().map(ToString::to_string).collect();
        reasons.join("; ")
    }
}

/// Says it as a sentence about what is missing.
impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} comes closest: {}", self.label, self.why())
    }
}

#[cfg(test)]
mod tests;
