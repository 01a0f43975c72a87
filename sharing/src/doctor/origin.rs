//! Origins of statements: `athena-local share`, a template, or somebody else.

use crate::grant::SID_PREFIX;

/// A statement of a template of `deploy/`, and how its stack changes it.
struct TemplateStatement {
    sid: &'static str,
    template: &'static str,
    remedy: &'static str,
}

/// Statements that deny, by `Sid`.
const STATEMENTS: &[TemplateStatement] = &[
    TemplateStatement {
        sid: "DenyOtherFunctionsThroughAthena",
        template: "workgroup.yaml or quick-consumer.yaml",
        remedy: "add the function to ConnectorFunctionArns",
    },
    TemplateStatement {
        sid: "DenyForeignDirectInvoke",
        template: "connector.yaml",
        remedy: "query through Athena, or set RequireCalledVia=false for trusted identity \
                 propagation",
    },
    TemplateStatement {
        sid: "DenyOutsideOrganization",
        template: "connector.yaml",
        remedy: "correct OrganizationId, or leave it out to share outside of the organization",
    },
    TemplateStatement {
        sid: "DenyInsecureTransport",
        template: "connector.yaml, workgroup.yaml or quick-consumer.yaml",
        remedy: "use an endpoint with TLS",
    },
    TemplateStatement {
        sid: "DenyWritesExceptConnector",
        template: "connector.yaml",
        remedy: "let the function use the role ExecutionRole of its stack",
    },
    TemplateStatement {
        sid: "DenySealsExceptConnector",
        template: "connector.yaml",
        remedy: "let the function use the role ExecutionRole of its stack",
    },
    TemplateStatement {
        sid: "DenyWritesOutsideEndpoints",
        template: "connector.yaml",
        remedy: "add the VPC endpoint of the function to SpillEndpointIds",
    },
    TemplateStatement {
        sid: "DenyForeignEncryptionMode",
        template: "connector.yaml",
        remedy: "set SpillEncryption to the encryption that the function requests",
    },
    TemplateStatement {
        sid: "DenyForeignKey",
        template: "connector.yaml",
        remedy: "leave the key to the bucket's encryption",
    },
    TemplateStatement {
        sid: "DenyOtherAccounts",
        template: "workgroup.yaml",
        remedy: "use a workgroup of the principal's own account",
    },
    TemplateStatement {
        sid: "DenyObjectsExceptRoleB",
        template: "quick-consumer.yaml",
        remedy: "query as its Role B",
    },
];

/// Returns who has written a statement, as a clause, and the remedy if it denies too much.
///
/// `label` begins with the `Sid`, possibly in quotes.
pub(super) fn origin(label: &str) -> (String, Option<String>) {
    let sid = label.split_whitespace().next().unwrap_or_default().trim_matches('"');
    if sid.starts_with(SID_PREFIX) {
        let remedy = "share the function with this principal, with a profile of each account";
        return ("written by athena-local share".to_owned(), Some(remedy.to_owned()));
    }
    match STATEMENTS.iter().find(|statement| statement.sid == sid) {
        Some(TemplateStatement { template, remedy, .. }) => {
            let remedy = format!("deploy the stack again: {remedy}");
            (format!("named as in the template {template}"), Some(remedy))
        }
        None => ("neither of a template nor of athena-local share".to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deny_statement_of_the_templates_is_recognized() {
        for (template, text) in [
            ("connector.yaml", include_str!("../../../deploy/connector.yaml")),
            ("consumer.yaml", include_str!("../../../deploy/consumer.yaml")),
            ("workgroup.yaml", include_str!("../../../deploy/workgroup.yaml")),
            ("quick-consumer.yaml", include_str!("../../../deploy/quick-consumer.yaml")),
        ] {
            let sids = text.lines().filter_map(|line| line.trim().strip_prefix("- Sid: Deny"));
            for rest in sids.filter(|rest| !rest.starts_with("NetworkInterfaces")) {
                let sid = format!("Deny{}", rest.split_whitespace().next().unwrap());
                let (who, remedy) = origin(&format!("{sid} in connector-policy"));
                assert!(who.contains(template) && remedy.is_some(), "{sid}: {who}");
            }
        }
    }

    #[test]
    fn statements_of_share_and_of_others_are_told_apart() {
        assert!(origin("\"AthenaShareDenyOtherFunctions\" in AthenaConnectors").1.is_some());
        assert_eq!(origin("number 2").1, None);
        assert_eq!(origin("\"Own\"").0, "neither of a template nor of athena-local share");
    }
}
