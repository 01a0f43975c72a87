//! Setup instructions that the owner of a function sends to its consumers.

use super::{
    grant::{Grant, SharedFunction},
    identity_policy::{POLICY_NAME, deny_sid, identity_policy},
    policy_statement::document,
};

/// Returns the instructions as text: function, region and spill location, the command that
/// registers the catalog, the policy for querying roles, and the diagnosis command.
///
/// The policy allows direct calls if any of `grants` does.
///
/// # Examples
///
/// ```
/// use athena_sharing::{
///     grant::{Grant, SharedFunction},
///     instructions::instructions,
/// };
///
/// let shared = SharedFunction {
///     function: "arn:aws:lambda:us-east-1:444455556666:function:my-shop".parse()?,
///     spill: None,
/// };
/// let grant = Grant {
///     consumer: "111122223333".parse()?,
///     organization: None,
///     through_athena: true,
///     by_add_permission: false,
/// };
/// let text = instructions(&shared, &[grant]);
/// assert!(text.contains("aws athena create-data-catalog --region us-east-1 --name my_shop"));
/// # Ok::<(), athena_sharing::arn::InvalidName>(())
/// ```
pub fn instructions(shared: &SharedFunction, grants: &[Grant]) -> String {
    let SharedFunction { function, spill } = shared;
    let region = &function.region;
    let catalog = catalog_name(&function.name);
    let consumers: Vec<String> = grants.iter().map(|grant| grant.consumer.to_string()).collect();
    let consumers = consumers.join(", ");
    let location = match spill {
        Some(spill) => format!("s3://{}/{}/", spill.bucket, spill.prefix),
        None => "none: large results fail".to_owned(),
    };
    let key = spill.as_ref().and_then(|spill| spill.key.as_deref()).unwrap_or("none");
    let through_athena = grants.iter().all(|grant| grant.through_athena);
    let policy = document(&identity_policy(shared, through_athena));
    let doctor = doctor_command(shared, grants);
    let deny = deny_sid();
    format!(
        "A connector for Athena is shared with {consumers}.

Function     {function}
Region       {region}; the workgroup and the catalog have to be in the same region
Spills to    {location}
KMS key      {key}

1. Register the function as a catalog, once, in your account:

aws athena create-data-catalog --region {region} --name {catalog} --type LAMBDA \\
    --parameters function={function}

2. Attach this policy to every role that queries, in addition to its access to Athena, the workgroup
   and the query results. A role that uses another connector has the statement {deny}
   already: add the function to its NotResource list instead of adding a second one, which would deny
   the other connector. share does both in the inline policy {POLICY_NAME}, with a profile of your
   account:

{policy}

3. Query it: SHOW DATABASES IN \"{catalog}\"

4. If that fails, find the missing statement, with credentials of your account:

{doctor}
"
    )
}

/// Returns the command that diagnoses access from the account of the consumer.
fn doctor_command(shared: &SharedFunction, grants: &[Grant]) -> String {
    let SharedFunction { function, spill } = shared;
    let catalog = catalog_name(&function.name);
    let mut command = format!(
        "athena-local doctor {function} \\\n    --principal ROLE_ARN --catalog {catalog} \
         --workgroup WORKGROUP"
    );
    if let Some(spill) = spill {
        command.push_str(" \\\n    --spill-bucket ");
        command.push_str(&spill.bucket);
        command.push_str(" --spill-prefix ");
        command.push_str(&spill.prefix);
        if let Some(key) = &spill.key {
            command.push_str(" --kms-key ");
            command.push_str(key);
        }
    }
    if let Some(id) = grants.iter().find_map(|grant| grant.organization.as_deref()) {
        command.push_str(" --organization ");
        command.push_str(id);
    }
    command
}

/// Returns the function name as a catalog name that needs no quotes in SQL: lower-case letters,
/// digits and underscores.
fn catalog_name(function: &str) -> String {
    function.to_ascii_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::SpillLocation;

    #[test]
    fn the_instructions_have_every_statement_of_the_identity_policy() {
        let function = "arn:aws:lambda:us-east-1:444455556666:function:my-shop".parse().unwrap();
        let key = Some("arn:aws:kms:us-east-1:444455556666:key/1".to_owned());
        let spill = SpillLocation { bucket: "spill".to_owned(), prefix: "athena".to_owned(), key };
        let shared = SharedFunction { function, spill: Some(spill) };
        for through_athena in [true, false] {
            let grant = Grant {
                consumer: "arn:aws:iam::111122223333:role/Analyst".parse().unwrap(),
                organization: None,
                through_athena,
                by_add_permission: false,
            };
            let text = instructions(&shared, &[grant]);
            for statement in identity_policy(&shared, through_athena) {
                assert!(text.contains(&statement.sid), "no {} in {text}", statement.sid);
            }
            assert!(
                text.contains("--name my_shop")
                    && text.contains("--spill-bucket spill --spill-prefix athena")
            );
        }
    }
}
