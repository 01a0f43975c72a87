//! Checks of what the function takes on trust: the splits that it gets, and who the caller is.

use super::{
    Check, Finding, FunctionConfiguration, Lookup, Observed, Question, Report, Side, Subject,
    required_access::{Caller, invoke},
};
use crate::{
    grant::SharedFunction,
    policy::{decide, parse},
};

pub(super) fn check(
    question: &Question,
    observed: &Observed,
    shared: &SharedFunction,
    report: &mut Report,
) {
    let Some(owner) = &observed.owner else { return };
    let Some(function) = owner.function.found() else { return };
    seal(question, function, report);
    if function.trusts_identity() {
        identity(question, &owner.function_policy, shared, report);
    }
}

/// Checks that callers cannot forge splits. A function without the setting may be one that does not
/// know it, such as a connector in Java.
fn seal(question: &Question, configuration: &FunctionConfiguration, report: &mut Report) {
    let function = &question.function;
    match configuration.seal() {
        Some("off") => report.fail(Finding {
            check: Check::Function,
            subject: Subject::Seal,
            side: Side::Owner,
            problem: format!(
                "{function} does not seal splits: whoever may invoke it can have it read other \
                 rows than it planned, and write to the folder of another query"
            ),
            fix:
                "set athena_connector_seal to kms:KEY, an HMAC key of KMS that only its execution \
                  role can use"
                    .to_owned(),
        }),
        Some("function") | None => report.unknown(format!(
            "who can forge splits of {function}: without athena_connector_seal=kms:KEY or \
             secret:TEXT, a caller who may invoke it and knows its program can"
        )),
        Some(_) => report.pass(Check::Function, Subject::Seal),
    }
}

/// Checks that the principals can invoke the function only through Athena, which says truly who
/// they are.
fn identity(
    question: &Question,
    policy: &Lookup<String>,
    shared: &SharedFunction,
    report: &mut Report,
) {
    let function = &question.function;
    let Some(statements) = policy.found().and_then(|text| parse(text).ok()) else {
        return report.unknown(format!(
            "who can claim an identity: the policy of {function} could not be read"
        ));
    };
    let mut direct = Vec::new();
    for principal in &question.principals {
        let context = Caller::new(question, principal).direct(&function.account);
        let access = invoke(shared, &context);
        if decide(&statements, &access.request(principal)).is_allowed() {
            direct.push(principal.as_str());
        }
    }
    if direct.is_empty() {
        return report.pass(Check::FunctionPolicy, Subject::TrustIdentity);
    }
    report.fail(Finding {
        check: Check::FunctionPolicy,
        subject: Subject::TrustIdentity,
        side: Side::Owner,
        problem: format!(
            "{function} shows rows by the identity in a request, and {} may invoke it without \
             Athena and claim any",
            direct.join(", ")
        ),
        fix:
            "require aws:CalledVia athena.amazonaws.com in its policy (share without --direct, or \
              RequireCalledVia=true), or remove athena_connector_trust_identity"
                .to_owned(),
    });
}
