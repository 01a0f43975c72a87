//! Checks that the policies of both accounts let principals invoke the function and read its
//! spilled results, and keep unrelated principals out.

use super::{
    Check, Finding, Observed, OwnerAccount, PrincipalPolicies, Question, Report, Side, Subject,
    required_access::{Caller, RequiredAccess, decrypt, invoke, own_account_access, read_spill},
    verdict::{ResourcePolicy, Verdict, decide_boundary, decide_identity, fix_of_boundary},
};
use crate::{
    arn::account_of,
    consumer::Consumer,
    grant::{Grant, SharedFunction},
    identity_policy::identity_policy,
    policy::{decide, within_account},
    policy_statement::PolicyStatement,
};

/// A principal that no grant names.
const UNRELATED_PRINCIPAL: &str = "arn:aws:iam::000000000000:role/Unrelated";

pub(super) fn check(
    question: &Question,
    observed: &Observed,
    shared: &SharedFunction,
    report: &mut Report,
) {
    for principal in &question.principals {
        let check = PrincipalCheck { question, observed, shared, principal };
        let consumer = observed.consumer.as_ref();
        let policies = consumer.and_then(|consumer| consumer.policies_of(principal));
        if let Some(owner) = &observed.owner {
            check.owner_policies(owner, policies, report);
        }
        if let Some(policies) = policies {
            check.identity_policies(policies, report);
        }
    }
    if let Some(owner) = &observed.owner {
        check_unrelated_principals(question, owner, shared, report);
    }
}

/// The checks of one principal.
struct PrincipalCheck<'a> {
    question: &'a Question,
    observed: &'a Observed,
    shared: &'a SharedFunction,
    principal: &'a str,
}

/// A policy of the owner, with the requests to allow and the statements of a grant.
struct OwnerPolicy<'a> {
    policy: ResourcePolicy<'a>,
    access: Vec<RequiredAccess>,
    granted: Vec<PolicyStatement>,
}

impl PrincipalCheck<'_> {
    fn is_own_account(&self) -> bool {
        account_of(self.principal) == self.question.function.account
    }

    fn owner_policies(
        &self,
        owner: &OwnerAccount,
        policies: Option<&PrincipalPolicies>,
        report: &mut Report,
    ) {
        for resource in self.required_owner_policies(owner) {
            let check = resource.policy.check;
            if !self.is_own_account() {
                self.owner_policy(&resource, None, report);
            } else if policies.is_some() {
                self.owner_policy(&resource, policies, report);
            } else {
                report.unknown(format!(
                    "{check} and {} belong to one account: add credentials that can read both",
                    self.principal
                ));
            }
        }
    }

    /// Decides by a policy of the owner; within one account, together with the policies of the
    /// principal.
    fn owner_policy(
        &self,
        resource: &OwnerPolicy<'_>,
        policies: Option<&PrincipalPolicies>,
        report: &mut Report,
    ) {
        let OwnerPolicy { policy, access, granted } = resource;
        let check = policy.check;
        let Some(statements) = policy.statements(report) else {
            return;
        };
        for access in access {
            let verdict = Verdict { check, side: Side::Owner, access, principal: self.principal };
            let request = access.request(self.principal);
            let mut decision = decide(&statements, &request);
            if let Some(policies) = policies {
                let by_identity = decide_identity(policies, &request);
                decision = within_account(by_identity, decision, check == Check::KeyPolicy);
                verdict.report_boundary(policies, &statements, report);
            }
            let fix = || {
                let statement = granted.iter().find(|statement| statement.allows(access.action));
                format!(
                    "athena-local share {} --to {} --apply, or add to the {}:\n{}",
                    self.question.function,
                    self.principal,
                    check.noun(),
                    statement.map(PolicyStatement::pretty).unwrap_or_default()
                )
            };
            verdict.report(&decision, fix, report);
        }
    }

    fn required_owner_policies<'a>(&self, owner: &'a OwnerAccount) -> Vec<OwnerPolicy<'a>> {
        let Self { question, shared, principal, .. } = self;
        let context = Caller::new(question, principal).through_athena(&question.function.account);
        let grant = Grant {
            consumer: Consumer::Principal((*principal).to_owned()),
            organization: question.organization.clone(),
            through_athena: true,
            by_add_permission: false,
        };
        let function_policy =
            ResourcePolicy { check: Check::FunctionPolicy, document: &owner.function_policy };
        let mut policies = vec![OwnerPolicy {
            policy: function_policy,
            access: vec![invoke(shared, &context)],
            granted: grant.function_policy(shared),
        }];
        let Some(spill) = &shared.spill else {
            return policies;
        };
        policies.push(OwnerPolicy {
            policy: ResourcePolicy { check: Check::BucketPolicy, document: &owner.bucket_policy },
            access: read_spill(shared, spill, &context).into(),
            granted: grant.bucket_policy(shared),
        });
        // An AWS managed key, which no policy can open, is reported elsewhere.
        let is_openable = owner.key.found().is_some_and(|key| !key.is_aws_managed);
        let decrypt = decrypt(shared, spill, owner.has_bucket_key(), &context);
        if let Some(access) = decrypt.filter(|_| is_openable) {
            policies.push(OwnerPolicy {
                policy: ResourcePolicy { check: Check::KeyPolicy, document: &owner.key_policy },
                access: vec![access],
                granted: grant.key_policy(shared),
            });
        }
        policies
    }

    /// Decides by the policies and the permissions boundary of the principal.
    fn identity_policies(&self, policies: &PrincipalPolicies, report: &mut Report) {
        let granted = identity_policy(self.shared, true);
        for access in &self.required_identity_access(report) {
            let request = access.request(self.principal);
            let fix = || {
                let statement = granted.iter().find(|statement| statement.allows(access.action));
                let text =
                    statement.map_or_else(|| access.statement().pretty(), PolicyStatement::pretty);
                format!("add to a policy of {}:\n{text}", self.principal)
            };
            let verdict = Verdict {
                check: Check::IdentityPolicy,
                side: Side::Consumer,
                access,
                principal: self.principal,
            };
            verdict.report(&decide_identity(policies, &request), fix, report);
            if let Some(decision) = decide_boundary(policies, &request) {
                let verdict = Verdict { check: Check::PermissionsBoundary, ..verdict };
                verdict.report(&decision, || fix_of_boundary(policies, access), report);
            }
        }
    }

    /// Returns the requests that the policies of the principal have to allow.
    ///
    /// Within one account, the policies of the owner can allow the owner's resources by themselves,
    /// and [`owner_policy`](Self::owner_policy) decides by both.
    fn required_identity_access(&self, report: &mut Report) -> Vec<RequiredAccess> {
        let Self { question, observed, shared, principal } = self;
        let mut access = own_account_access(question, observed, principal);
        if self.is_own_account() {
            return access;
        }
        let context = Caller::new(question, principal).through_athena(&question.function.account);
        access.push(invoke(shared, &context));
        if let Some(spill) = &shared.spill {
            access.extend(read_spill(shared, spill, &context));
            access.extend(decrypt(shared, spill, None, &context));
        } else if observed.owner.is_none() {
            report.unknown(
                "access to spilled results: the spill location is unknown; add --spill-bucket and \
                 --spill-prefix",
            );
        }
        access
    }
}

/// Reports policies that let principals in that no grant names, in any account and organization.
fn check_unrelated_principals(
    question: &Question,
    owner: &OwnerAccount,
    shared: &SharedFunction,
    report: &mut Report,
) {
    let function = &question.function;
    let caller = Caller { principal: UNRELATED_PRINCIPAL, organization: None, function };
    for context in [caller.through_athena(&function.account), caller.direct(&function.account)] {
        let context = context.without("aws:PrincipalOrgID");
        let mut denied = vec![(
            ResourcePolicy { check: Check::FunctionPolicy, document: &owner.function_policy },
            invoke(shared, &context),
        )];
        if let Some(spill) = &shared.spill {
            let [read, ..] = read_spill(shared, spill, &context);
            let bucket =
                ResourcePolicy { check: Check::BucketPolicy, document: &owner.bucket_policy };
            let key = ResourcePolicy { check: Check::KeyPolicy, document: &owner.key_policy };
            let decrypt = decrypt(shared, spill, owner.has_bucket_key(), &context);
            denied.push((bucket, read));
            denied.extend(decrypt.map(|access| (key, access)));
        }
        for (policy, access) in denied {
            let Some(statements) = policy.statements(report) else {
                continue;
            };
            let request = access.request(UNRELATED_PRINCIPAL);
            if decide(&statements, &request).is_allowed() {
                report.fail(open_to_everyone(policy.check, &access));
            }
        }
    }
}

fn open_to_everyone(check: Check, access: &RequiredAccess) -> Finding {
    let action = access.action;
    Finding {
        check,
        subject: Subject::UnrelatedPrincipals { action },
        side: Side::Owner,
        problem: format!(
            "any principal of any account can perform {action} on {}",
            access.resource_pattern()
        ),
        fix: "name accounts or roles as principals, or add a condition on aws:PrincipalOrgID"
            .to_owned(),
    }
}
