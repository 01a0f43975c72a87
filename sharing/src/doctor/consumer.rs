//! The things of those who query by themselves: the catalog, the workgroup, that they exist.

use super::{Catalog, Consumer, Finding, Observed, Question, Report, Seen, Side, Workgroup};
use crate::arn::{account_of, region_of};

fn wrong(check: &'static str, subject: &str, what: String, fix: String) -> Finding {
    Finding { check, subject: subject.to_owned(), side: Side::Consumer, what, fix }
}

pub(super) fn check(question: &Question, observed: &Observed, report: &mut Report) {
    let Some(consumer) = &observed.consumer else {
        report.unseen(
            "the consumer's side: catalog, workgroup and the policies of those who query; let somebody with credentials of \
             their account run this command, or add --profile"
                .to_owned(),
        );
        return;
    };
    catalog(question, consumer, report);
    workgroup(question, consumer, report);
    for (principal, seen) in &consumer.principals {
        match seen {
            Seen::Known(identity) => {
                report.passed("principal", principal);
                for policy in &identity.hidden {
                    report.unseen(format!("policy {policy} of {principal}"));
                }
            }
            Seen::Missing => {
                let what = format!("{principal} does not exist in account {}", consumer.account);
                let fix = "name a role or user that exists, with its path: aws iam list-roles --query 'Roles[].Arn'";
                report.wrong(wrong("principal", principal, what, fix.to_owned()));
            }
            Seen::Hidden(why) => report.unseen(format!("policies of {principal}: {why}")),
        }
    }
    answers(question, consumer, report);
    report.unseen(format!(
        "service control policies and session policies in account {}",
        consumer.account
    ));
}

/// Whether Athena, asked as one of the principals, has had an answer from the function.
fn answers(question: &Question, consumer: &Consumer, report: &mut Report) {
    let Some(name) = question.catalog.as_deref() else {
        return;
    };
    match &consumer.answered {
        Seen::Known(None) => report.passed("catalog", "answers"),
        Seen::Known(Some(said)) => {
            let what = format!("Athena cannot list the databases of {name}: {said}");
            let fix = "mend what else is wrong; else see the log of the function".to_owned();
            report.wrong(wrong("catalog", "answers", what, fix));
        }
        Seen::Missing => {}
        Seen::Hidden(why) => report.unseen(format!("whether the function answers Athena: {why}")),
    }
}

fn catalog(question: &Question, consumer: &Consumer, report: &mut Report) {
    let Some(name) = &question.catalog else {
        report.unseen("the catalog: add --catalog NAME".to_owned());
        return;
    };
    let function = &question.function;
    let parameters = format!("--type LAMBDA --parameters function={function}");
    let create = format!(
        "aws athena create-data-catalog --region {} --name {name} {parameters}",
        function.region
    );
    match &consumer.catalog {
        Seen::Known(catalog) if catalog.region != function.region => {
            let what = format!(
                "catalog {name} is in {}, and the function in {}",
                catalog.region, function.region
            );
            report.wrong(wrong("catalog", "region", what, create));
        }
        Seen::Known(catalog) if catalog.kind != "LAMBDA" => {
            let what = format!("catalog {name} is of type {}, not LAMBDA", catalog.kind);
            report.wrong(wrong("catalog", "type", what, format!("{create}  # with another name")));
        }
        Seen::Known(catalog) => {
            let update = format!(
                "aws athena update-data-catalog --region {} --name {name} {parameters}",
                function.region
            );
            match registered(question, catalog) {
                Ok(()) => report.passed("catalog", name),
                Err((subject, what)) => {
                    report.wrong(wrong(
                        "catalog",
                        subject,
                        format!("catalog {name} {what}"),
                        update,
                    ));
                }
            }
        }
        Seen::Missing => {
            let what = format!(
                "there is no catalog {name} in account {}, region {}",
                consumer.account, function.region
            );
            report.wrong(wrong("catalog", "exists", what, create));
        }
        Seen::Hidden(why) => report.unseen(format!("catalog {name}: {why}")),
    }
}

/// Whether a catalog stands for the function, and if not, in which part of the ARN it differs.
fn registered(question: &Question, catalog: &Catalog) -> Result<(), (&'static str, String)> {
    let wanted = question.function.to_string();
    let names: Vec<_> = match catalog.parameters.get("function") {
        Some(name) => vec![name],
        None => ["metadata-function", "record-function"]
            .iter()
            .filter_map(|key| catalog.parameters.get(*key))
            .collect(),
    };
    if names.is_empty() {
        return Err(("function", "names no function".to_owned()));
    }
    for name in names {
        if *name == wanted {
            continue;
        }
        let subject = if name.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with(':')) {
            "qualifier"
        } else if !name.starts_with("arn:") {
            return Err((
                "function",
                format!(
                    "names {name:?}, which is a function of the own account; it has to be {wanted}"
                ),
            ));
        } else if region_of(name) != question.function.region {
            "region"
        } else if account_of(name) != question.function.account {
            "account"
        } else {
            "function"
        };
        return Err((
            subject,
            format!("stands for {name}; the {subject} is wrong, it has to be {wanted}"),
        ));
    }
    Ok(())
}

fn workgroup(question: &Question, consumer: &Consumer, report: &mut Report) {
    let Some(name) = &question.workgroup else {
        report.unseen("the workgroup and the bucket for results: add --workgroup NAME".to_owned());
        return;
    };
    let region = &question.function.region;
    match &consumer.workgroup {
        Seen::Known(workgroup) => ready(name, region, workgroup, consumer, report),
        Seen::Missing => {
            let what = format!(
                "there is no workgroup {name} in account {}, region {region}",
                consumer.account
            );
            let fix = format!("aws athena create-work-group --region {region} --name {name}");
            report.wrong(wrong("workgroup", "exists", what, fix));
        }
        Seen::Hidden(why) => report.unseen(format!("workgroup {name}: {why}")),
    }
}

fn ready(
    name: &str,
    region: &str,
    workgroup: &Workgroup,
    consumer: &Consumer,
    report: &mut Report,
) {
    if workgroup.enabled {
        report.passed("workgroup", "state");
    } else {
        let fix = format!(
            "aws athena update-work-group --region {region} --work-group {name} --state ENABLED"
        );
        report.wrong(wrong(
            "workgroup",
            "state",
            format!("workgroup {name} is disabled, so no query runs in it"),
            fix,
        ));
    }
    let Some(output) = workgroup.results() else {
        report.unseen(format!(
            "where results go: workgroup {name} leaves it to the query, or keeps them itself"
        ));
        return;
    };
    match &consumer.results_region {
        Seen::Known(found) if found == region => report.passed("workgroup", "results"),
        Seen::Known(found) => {
            let what = format!(
                "workgroup {name} writes results to {output}, which is in {found}, not in {region}"
            );
            report.wrong(wrong(
                "workgroup",
                "results",
                what,
                format!("set a bucket of {region} as its output location"),
            ));
        }
        Seen::Missing => {
            let what = format!(
                "workgroup {name} writes results to {output}, a bucket that does not exist"
            );
            report.wrong(wrong(
                "workgroup",
                "results",
                what,
                "make the bucket, or set another output location".to_owned(),
            ));
        }
        Seen::Hidden(why) => report.unseen(format!("bucket for results {output}: {why}")),
    }
}
