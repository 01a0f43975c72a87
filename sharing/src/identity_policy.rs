//! Policies of querying principals: one document for all connectors of a principal.
//!
//! A query can call any function that its author can invoke, as a user-defined function. A
//! statement therefore denies other functions through Athena. There is one such statement for all
//! connectors, because each of several would deny the functions of the others.

use serde_json::{Value as Json, json};

use super::{
    Error, ErrorKind,
    arn::FunctionArn,
    consumer::sid_suffix,
    grant::{ATHENA, SID_PREFIX, SharedFunction, StatementKind, locate_actions, s3_service},
    policy_change::{PolicyChange, PolicyTarget},
    policy_edit,
    policy_statement::PolicyStatement,
};

/// Name of the inline policy of a role or user that `share` writes.
pub const POLICY_NAME: &str = "AthenaConnectors";

/// Returns the `Sid` of the statement that denies the functions of no connector.
pub fn deny_sid() -> String {
    format!("{SID_PREFIX}DenyOtherFunctions")
}

/// Returns the statements for the policies of a principal that uses one connector.
///
/// With `through_athena`, the statements allow requests through Athena only. Other functions are
/// denied through Athena in either case.
pub fn identity_policy(shared: &SharedFunction, through_athena: bool) -> Vec<PolicyStatement> {
    let mut statements = connector_statements(shared, through_athena);
    statements.insert(1, deny_others(&[shared.function.to_string()]));
    statements
}

/// Plans the insertion of a connector into `before`, the policy of `principal` for its connectors.
///
/// The function joins the list of those that the statement [`deny_sid`] excepts.
///
/// # Errors
///
/// As [`PolicyChange::insert`].
///
/// # Examples
///
/// ```
/// use athena_sharing::{grant::SharedFunction, identity_policy::{insert_connector, remove_connector}};
///
/// let role = "arn:aws:iam::111122223333:role/Analyst";
/// let connector = |name: &str| -> Result<_, athena_sharing::arn::InvalidName> {
///     let function = format!("arn:aws:lambda:us-east-1:444455556666:function:{name}").parse()?;
///     Ok(SharedFunction { function, spill: None })
/// };
/// let (shop, crm) = (connector("shop")?, connector("crm")?);
/// let one = insert_connector(role, None, &shop, true)?.after;
/// let two = insert_connector(role, one.as_deref(), &crm, true)?.after;
/// let back = remove_connector(role, two.as_deref(), &crm.function)?.after;
/// assert_eq!(back, one);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn insert_connector(
    principal: &str,
    before: Option<&str>,
    shared: &SharedFunction,
    through_athena: bool,
) -> Result<PolicyChange, Error> {
    let function = shared.function.to_string();
    let mut functions = excepted_functions(before)?;
    if !functions.contains(&function) {
        functions.push(function);
    }
    let mut statements = connector_statements(shared, through_athena);
    statements.push(deny_others(&functions));
    PolicyChange::insert(PolicyTarget::of_principal(principal), principal, before, &statements)
}

/// Plans the removal of a connector from `before`, the policy of `principal` for its connectors.
///
/// The statement [`deny_sid`] is removed with the last connector.
///
/// # Errors
///
/// As [`PolicyChange::remove`].
pub fn remove_connector(
    principal: &str,
    before: Option<&str>,
    function: &FunctionArn,
) -> Result<PolicyChange, Error> {
    let target = PolicyTarget::of_principal(principal);
    let suffix = function_suffix(function);
    let mut sids: Vec<String> =
        StatementKind::ALL.iter().map(|kind| kind.sid_prefix() + &suffix).collect();
    let mut functions = excepted_functions(before)?;
    let count = functions.len();
    functions.retain(|other| *other != function.to_string());
    if functions.is_empty() {
        sids.push(deny_sid());
    }
    let change = PolicyChange::remove(target, principal, before, &sids)?;
    if functions.is_empty() || functions.len() == count {
        return Ok(change);
    }
    change.and_insert(&[deny_others(&functions)])
}

/// Returns the allow statements of a connector.
fn connector_statements(shared: &SharedFunction, through_athena: bool) -> Vec<PolicyStatement> {
    let suffix = function_suffix(&shared.function);
    let sid = |kind: StatementKind| kind.sid_prefix() + &suffix;
    let condition = if through_athena { called_via_athena() } else { Json::Null };
    let allow = |kind, action: Json, resource: String| PolicyStatement {
        condition: condition.clone(),
        ..PolicyStatement::allow_json(sid(kind), action, json!(resource))
    };
    let invoke = json!("lambda:InvokeFunction");
    let mut statements = vec![allow(StatementKind::Invoke, invoke, shared.function.to_string())];
    let Some(spill) = &shared.spill else {
        return statements;
    };
    let objects = spill.objects_pattern(&shared.function);
    let bucket = spill.bucket_arn(&shared.function);
    statements.push(allow(StatementKind::Read, json!("s3:GetObject"), objects));
    statements.push(allow(StatementKind::Locate, locate_actions(), bucket));
    if let Some(key) = &spill.key {
        let via_s3 = json!({ "StringEquals": { "kms:ViaService": s3_service(&shared.function) } });
        statements.push(PolicyStatement {
            condition: via_s3,
            ..PolicyStatement::allow(&sid(StatementKind::Decrypt), "kms:Decrypt", key)
        });
    }
    statements
}

/// Returns the statement that denies all functions but `functions` through Athena.
fn deny_others(functions: &[String]) -> PolicyStatement {
    PolicyStatement {
        effect: "Deny",
        not_resource: json!(functions),
        condition: called_via_athena(),
        ..PolicyStatement::allow_json(deny_sid(), json!("lambda:InvokeFunction"), Json::Null)
    }
}

fn called_via_athena() -> Json {
    json!({ "ForAnyValue:StringEquals": { "aws:CalledVia": ATHENA } })
}

/// Returns the functions that the statement [`deny_sid`] of a policy excepts, in its order.
fn excepted_functions(document: Option<&str>) -> Result<Vec<String>, Error> {
    let Some(document) = document else {
        return Ok(Vec::new());
    };
    let Some(text) = policy_edit::find_statement(document, &deny_sid())? else {
        return Ok(Vec::new());
    };
    let invalid = |message: String| Error::new(ErrorKind::InvalidPolicy, message);
    let statement: Json = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    match &statement["NotResource"] {
        Json::String(function) => Ok(vec![function.clone()]),
        Json::Array(functions) => {
            Ok(functions.iter().filter_map(Json::as_str).map(str::to_owned).collect())
        }
        _ => {
            let message =
                format!("statement {} has no NotResource: remove it, and share again", deny_sid());
            Err(invalid(message))
        }
    }
}

/// Returns the suffix of the `Sid`s of a connector's statements.
fn function_suffix(function: &FunctionArn) -> String {
    sid_suffix(&function.name, &function.to_string())
}

#[cfg(test)]
mod tests;
