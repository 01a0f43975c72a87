//! Evaluation of statements for a request.

use super::{
    condition::Truth,
    near_miss::{NearMiss, Reason},
    request::Request,
    scope::{Applicability, applicability},
    statement::{Effect, Statement},
};

/// The result of evaluating statements for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows the request, and none denies it.
    Allowed {
        /// Whether the principal of every allowing statement is the account, which, in the account
        /// of the resource, delegates the decision to the policies of the caller.
        delegates_to_account: bool,
    },
    /// A statement denies the request explicitly.
    ExplicitDeny {
        /// Label of the statement.
        label: String,
    },
    /// No statement allows the request.
    ImplicitDeny {
        /// The statement closest to allowing the request, among those for its action.
        nearest: Option<NearMiss>,
        /// A statement that possibly denies the request, relevant if another policy allows it.
        denial: Option<NearMiss>,
    },
    /// The result depends on unknown facts.
    Undecided {
        /// The undecided statement, and why.
        open: NearMiss,
        /// Whether a statement possibly denies the request, so that it stays undecided even if
        /// another policy allows it.
        may_be_denied: bool,
    },
}

impl Decision {
    /// Returns whether the request is certainly allowed.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    /// Returns the statement that possibly denies the request.
    fn open_denial(&self) -> Option<&NearMiss> {
        match self {
            Self::ImplicitDeny { denial, .. } => denial.as_ref(),
            Self::Undecided { open, may_be_denied: true } => Some(open),
            Self::Allowed { .. }
            | Self::ExplicitDeny { .. }
            | Self::Undecided { may_be_denied: false, .. } => None,
        }
    }
}

/// Evaluates `statements` for `request`.
///
/// An explicit deny wins over every allow, independent of the order of the statements. Without
/// either, the request is denied implicitly, and the decision names the statement that comes
/// closest to allowing it. Unknown context keys and unsupported operators lead to
/// [`Decision::Undecided`] where they matter.
///
/// # Examples
///
/// ```
/// use athena_sharing::policy::{Context, Decision, Request, decide, parse};
///
/// let statements = parse(
///     r#"{"Statement": {
///         "Sid": "Analyst",
///         "Effect": "Allow",
///         "Principal": {"AWS": "arn:aws:iam::111122223333:role/Analyst"},
///         "Action": "lambda:InvokeFunction",
///         "Resource": "*",
///         "Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}
///     }}"#,
/// )?;
/// let through_athena = Context::default().with("aws:CalledVia", ["athena.amazonaws.com"]);
/// let direct = Context::default().without("aws:CalledVia");
/// let request = Request {
///     caller: "arn:aws:iam::111122223333:role/Analyst",
///     action: "lambda:InvokeFunction",
///     resource: "arn:aws:lambda:us-east-1:444455556666:function:shop",
///     context: &through_athena,
/// };
/// assert!(decide(&statements, &request).is_allowed());
///
/// match decide(&statements, &Request { context: &direct, ..request }) {
///     Decision::ImplicitDeny { nearest: Some(nearest), .. } => {
///         assert_eq!(nearest.label, r#""Analyst""#);
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), athena_sharing::policy::InvalidPolicy>(())
/// ```
pub fn decide(statements: &[Statement], request: &Request<'_>) -> Decision {
    let mut allowed = None;
    let mut denial = None;
    let mut open = None;
    let mut nearest: Option<(usize, NearMiss)> = None;
    for (at, statement) in statements.iter().enumerate() {
        let Applicability { truth, reasons, through_account } = applicability(statement, request);
        let miss = NearMiss { label: statement.label(at + 1), reasons };
        match (statement.effect, truth) {
            (Effect::Deny, Truth::Yes) => return Decision::ExplicitDeny { label: miss.label },
            (Effect::Deny, Truth::No) => {}
            (Effect::Allow, Truth::Yes) => {
                allowed = Some(allowed.unwrap_or(true) && through_account);
            }
            // A possible deny leaves the request open even if another statement allows it.
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
        (Some(delegates_to_account), None, _) => Decision::Allowed { delegates_to_account },
        (Some(_), Some(open), _) => Decision::Undecided { open, may_be_denied: true },
        (None, denial, Some(open)) => Decision::Undecided { open, may_be_denied: denial.is_some() },
        // A possible deny is irrelevant here, where nothing allows the request, but not to a
        // combination with another policy.
        (None, denial, None) => Decision::ImplicitDeny { nearest, denial },
    }
}

/// Combines the decisions of identity-based and resource-based policies of one account.
///
/// Either policy can allow the request if the resource-based policy names the caller. With
/// `is_key`, the resource is a KMS key, whose policy has to allow the request too, if only to the
/// account.
pub fn within_account(identity: Decision, resource: Decision, is_key: bool) -> Decision {
    if matches!(identity, Decision::ExplicitDeny { .. }) {
        return identity;
    }
    if matches!(resource, Decision::ExplicitDeny { .. }) {
        return resource;
    }
    let denial = identity.open_denial().or(resource.open_denial()).cloned();
    match (decisive(identity, resource, is_key), denial) {
        (Decision::Allowed { .. }, Some(open)) => Decision::Undecided { open, may_be_denied: true },
        (decision, _) => decision,
    }
}

/// Returns the decision that prevails, without regard to possible denies.
fn decisive(identity: Decision, resource: Decision, is_key: bool) -> Decision {
    if matches!(resource, Decision::Allowed { delegates_to_account: false }) {
        return resource;
    }
    let left_to_identity = match &resource {
        Decision::Allowed { .. } => true,
        Decision::ImplicitDeny { .. } => !is_key || !identity.is_allowed(),
        // An open decision of the resource matters unless the identity is implicitly denied or
        // allowed anyway.
        Decision::ExplicitDeny { .. } | Decision::Undecided { .. } => {
            matches!(identity, Decision::Undecided { .. })
        }
    };
    if left_to_identity { identity } else { resource }
}

/// Returns how far a statement that does not apply is from applying.
///
/// A statement for another principal is further away than one with another condition, and one for
/// all actions is unlikely to be meant for this request.
fn distance(statement: &Statement, reasons: &[Reason]) -> usize {
    let weights = reasons.iter().map(|reason| match reason {
        Reason::Principal(_) | Reason::Session | Reason::Unreadable | Reason::Action => 6,
        Reason::Resource(_) => 4,
        Reason::Condition(..) => 2,
    });
    let wide = statement.actions.negated
        || statement.actions.patterns.iter().any(|pattern| pattern.contains('*'));
    weights.sum::<usize>() + usize::from(wide)
}

#[cfg(test)]
mod tests;
