//! Checks of the catalog, the workgroup and the principals, independent of policies.

use super::{
    Check, ConsumerAccount, DataCatalog, Finding, Lookup, Observed, Question, Report, Side,
    Subject, Workgroup,
};
use crate::arn::{account_of, region_of};

impl Finding {
    fn of_consumer(
        check: Check,
        subject: Subject,
        problem: String,
        fix: impl Into<String>,
    ) -> Self {
        Self { check, subject, side: Side::Consumer, problem, fix: fix.into() }
    }
}

pub(super) fn check(question: &Question, observed: &Observed, report: &mut Report) {
    let Some(consumer) = &observed.consumer else {
        report.unknown(
            "the consumer's account: catalog, workgroup and policies of the principals; run this \
             command with credentials of their account, or add --profile",
        );
        return;
    };
    catalog(question, consumer, report);
    workgroup(question, consumer, report);
    principals(consumer, report);
    answer(question, consumer, report);
    report.unknown(format!(
        "service control policies and session policies in account {}",
        consumer.account
    ));
}

fn principals(consumer: &ConsumerAccount, report: &mut Report) {
    for principal in &consumer.principals {
        let arn = &principal.arn;
        let subject = Subject::Name(arn.clone());
        match &principal.policies {
            Lookup::Found(policies) => {
                report.pass(Check::Principal, subject);
                for policy in &policies.unreadable {
                    report.unknown(format!("policies of {arn}: {policy}"));
                }
            }
            Lookup::Missing => report.fail(Finding::of_consumer(
                Check::Principal,
                subject,
                format!("{arn} does not exist in account {}", consumer.account),
                "name an existing role or user, with its path: \
                 aws iam list-roles --query 'Roles[].Arn'",
            )),
            Lookup::Unknown(reason) => report.unknown(format!("policies of {arn}: {reason}")),
        }
    }
}

/// Reports whether Athena, called as one of the principals, had an answer from the function.
fn answer(question: &Question, consumer: &ConsumerAccount, report: &mut Report) {
    let Some(name) = question.catalog.as_deref() else {
        return;
    };
    match &consumer.list_databases_error {
        Lookup::Found(None) => report.pass(Check::Catalog, Subject::Answer),
        Lookup::Found(Some(error)) => report.fail(Finding::of_consumer(
            Check::Catalog,
            Subject::Answer,
            format!("Athena cannot list the databases of {name}: {error}"),
            "fix the other problems first; if it remains, see the log of the function",
        )),
        Lookup::Missing => {}
        Lookup::Unknown(reason) => {
            report.unknown(format!("answer of the function to Athena: {reason}"));
        }
    }
}

fn catalog(question: &Question, consumer: &ConsumerAccount, report: &mut Report) {
    let Some(name) = &question.catalog else {
        return report.unknown("the catalog: add --catalog NAME");
    };
    let function = &question.function;
    let region = &function.region;
    let parameters = format!("--type LAMBDA --parameters function={function}");
    let create =
        format!("aws athena create-data-catalog --region {region} --name {name} {parameters}");
    let fault = match &consumer.catalog {
        Lookup::Found(catalog) if catalog.region != *region => CatalogFault {
            subject: Subject::Region,
            problem: format!("is in {}, but the function is in {region}", catalog.region),
            fix: create,
        },
        Lookup::Found(catalog) if catalog.kind != "LAMBDA" => CatalogFault {
            subject: Subject::CatalogType,
            problem: format!("is of type {}, not LAMBDA", catalog.kind),
            fix: format!("{create}  # with another name"),
        },
        Lookup::Found(catalog) => match fault_of_function(question, catalog) {
            None => return report.pass(Check::Catalog, Subject::Name(name.clone())),
            Some((subject, problem)) => CatalogFault {
                subject,
                problem,
                fix: format!(
                    "aws athena update-data-catalog --region {region} --name {name} {parameters}"
                ),
            },
        },
        Lookup::Missing => CatalogFault {
            subject: Subject::Existence,
            problem: format!("does not exist in account {}, region {region}", consumer.account),
            fix: create,
        },
        Lookup::Unknown(reason) => return report.unknown(format!("catalog {name}: {reason}")),
    };
    let problem = format!("catalog {name} {}", fault.problem);
    report.fail(Finding::of_consumer(Check::Catalog, fault.subject, problem, fault.fix));
}

/// A problem of a catalog, as the predicate of a clause.
struct CatalogFault {
    subject: Subject,
    problem: String,
    fix: String,
}

/// Returns the part in which the functions of a catalog differ from the wanted one, as a predicate.
fn fault_of_function(question: &Question, catalog: &DataCatalog) -> Option<(Subject, String)> {
    let wanted = question.function.to_string();
    let names: Vec<_> = match catalog.parameters.get("function") {
        Some(name) => vec![name],
        None => ["metadata-function", "record-function"]
            .iter()
            .filter_map(|key| catalog.parameters.get(*key))
            .collect(),
    };
    if names.is_empty() {
        return Some((Subject::Function, "names no function".to_owned()));
    }
    let name = names.into_iter().find(|name| **name != wanted)?;
    if !name.starts_with("arn:") {
        let problem = format!("names {name:?}, a function of its own account, not {wanted}");
        return Some((Subject::Function, problem));
    }
    let subject = if name.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with(':')) {
        Subject::Qualifier
    } else if region_of(name) != question.function.region {
        Subject::Region
    } else if account_of(name) != question.function.account {
        Subject::Account
    } else {
        Subject::Function
    };
    let problem = format!("refers to {name}; the {subject} is wrong, expected {wanted}");
    Some((subject, problem))
}

fn workgroup(question: &Question, consumer: &ConsumerAccount, report: &mut Report) {
    let Some(name) = &question.workgroup else {
        return report.unknown("the workgroup and the results bucket: add --workgroup NAME");
    };
    let region = &question.function.region;
    match &consumer.workgroup {
        Lookup::Found(workgroup) => {
            workgroup_state(name, region, workgroup, report);
            results(name, region, consumer, report);
        }
        Lookup::Missing => report.fail(Finding::of_consumer(
            Check::Workgroup,
            Subject::Existence,
            format!(
                "workgroup {name} does not exist in account {}, region {region}",
                consumer.account
            ),
            format!("aws athena create-work-group --region {region} --name {name}"),
        )),
        Lookup::Unknown(reason) => report.unknown(format!("workgroup {name}: {reason}")),
    }
}

fn workgroup_state(name: &str, region: &str, workgroup: &Workgroup, report: &mut Report) {
    if workgroup.enabled {
        return report.pass(Check::Workgroup, Subject::State);
    }
    report.fail(Finding::of_consumer(
        Check::Workgroup,
        Subject::State,
        format!("workgroup {name} is disabled and accepts no queries"),
        format!(
            "aws athena update-work-group --region {region} --work-group {name} --state ENABLED"
        ),
    ));
}

fn results(name: &str, region: &str, consumer: &ConsumerAccount, report: &mut Report) {
    let Some(output) = consumer.workgroup.found().and_then(Workgroup::results) else {
        return report.unknown(format!(
            "the results bucket: workgroup {name} leaves it to the query, or stores results itself"
        ));
    };
    match &consumer.results_region {
        Lookup::Found(found) if found == region => report.pass(Check::Workgroup, Subject::Results),
        Lookup::Found(found) => report.fail(Finding::of_consumer(
            Check::Workgroup,
            Subject::Results,
            format!(
                "workgroup {name} writes results to {output}, which is in {found}, not in {region}"
            ),
            format!("set an output location in a bucket of {region}"),
        )),
        Lookup::Missing => report.fail(Finding::of_consumer(
            Check::Workgroup,
            Subject::Results,
            format!("workgroup {name} writes results to {output}, a bucket that does not exist"),
            "create the bucket, or set another output location",
        )),
        Lookup::Unknown(reason) => report.unknown(format!("results bucket {output}: {reason}")),
    }
}
