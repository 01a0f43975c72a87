//! What the owner of a function sends to whoever will query it.

use std::fmt::Write as _;

use super::terms::{Shared, Terms, document, for_identity};

/// The ARN, the region, how to register it, the policy that the querying side needs, and how to
/// find out what is missing.
pub fn letter(shared: &Shared, terms: &[Terms]) -> String {
    let function = &shared.function;
    let catalog = catalog_name(&function.name);
    let consumers: Vec<String> = terms.iter().map(|terms| terms.consumer.to_string()).collect();
    let spill = shared.spill.as_ref();
    let none = "none: large answers fail";
    let location = spill.map_or_else(
        || none.to_owned(),
        |spill| format!("s3://{}/{}/", spill.bucket, spill.prefix),
    );
    let key = spill.and_then(|spill| spill.key.as_deref());
    let mut doctor = format!(
        "athena-local doctor {function} \\\n    --principal ROLE_ARN --catalog {catalog} --workgroup WORKGROUP"
    );
    if let Some(spill) = spill {
        let _ = write!(
            doctor,
            " \\\n    --spill-bucket {} --spill-prefix {}",
            spill.bucket, spill.prefix
        );
    }
    if let Some(key) = key {
        let _ = write!(doctor, " --kms-key {key}");
    }
    if let Some(id) = terms.iter().find_map(|terms| terms.organization.as_deref()) {
        let _ = write!(doctor, " --organization {id}");
    }
    format!(
        "A connector for Athena is shared with {consumers}.

Function     {function}
Region       {region}; workgroup and catalog have to be there too
Spills to    {location}
KMS key      {key}

1. Register it, once, in your account:

aws athena create-data-catalog --region {region} --name {catalog} --type LAMBDA \\
    --parameters function={function}

2. Give this policy to every role that queries, beside what it needs for Athena, its workgroup and its results:

{policy}

3. Query it: SHOW DATABASES IN \"{catalog}\"

4. If that fails, see what is missing, with credentials of your account:

{doctor}
",
        consumers = consumers.join(", "),
        region = function.region,
        key = key.unwrap_or("none"),
        policy = document(&for_identity(shared, terms.iter().all(|terms| terms.through_athena))),
    )
}

/// The name of the function as a catalog may have it: letters, digits and underscores need no
/// quotes in SQL.
fn catalog_name(function: &str) -> String {
    function.to_ascii_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::Spill;

    #[test]
    fn the_letter_has_every_statement_that_the_analyst_needs_however_it_is_shared() {
        let function = "arn:aws:lambda:us-east-1:444455556666:function:my-shop".parse().unwrap();
        let key = Some("arn:aws:kms:us-east-1:444455556666:key/1".to_owned());
        let spill = Spill { bucket: "spill".to_owned(), prefix: "athena".to_owned(), key };
        let shared = Shared { function, spill: Some(spill) };
        for through_athena in [true, false] {
            let consumer = "arn:aws:iam::111122223333:role/Analyst".parse().unwrap();
            let terms =
                Terms { consumer, organization: None, through_athena, by_permission: false };
            let text = letter(&shared, &[terms]);
            for sid in [
                "InvokeConnectorThroughAthena",
                "DenyOtherFunctionsThroughAthena",
                "ReadSpill",
                "LocateSpill",
                "DecryptSpillThroughS3",
            ] {
                assert!(text.contains(sid), "{sid} is not in the letter: {text}");
            }
            assert!(
                text.contains("--name my_shop")
                    && text.contains("--spill-bucket spill --spill-prefix athena")
            );
        }
    }
}
