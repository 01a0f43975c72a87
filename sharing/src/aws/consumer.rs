//! What AWS shows of the account of those who query.

use aws_sdk_athena::types::WorkGroupConfiguration;
use aws_sdk_lambda::error::ProvideErrorMetadata as _;

use super::{
    account::Account,
    identity::observe_principal,
    owner::observe_bucket_region,
    sight::{seen, words},
};
use crate::{
    arn::account_of,
    doctor::{Catalog, Consumer, Question, Seen, Workgroup},
};

/// The catalog, the workgroup and the principals of `question`, with credentials of their account.
pub async fn observe_consumer(account: &Account, question: &Question) -> Consumer {
    let region = &question.function.region;
    let mut consumer = Consumer { account: account.id.clone(), ..Consumer::default() };
    for principal in &question.principals {
        consumer.principals.push((principal.clone(), observe_principal(account, principal).await));
    }
    if let Some(name) = &question.catalog {
        consumer.catalog = catalog(account, region, name).await;
        if consumer.catalog == Seen::Missing {
            // Where the analyst works by default it may be by mistake.
            if let Some(elsewhere) = account.region().filter(|elsewhere| elsewhere != region) {
                consumer.catalog = catalog(account, elsewhere, name).await;
            }
        }
        let by_principal =
            question.principals.iter().any(|principal| is_caller(principal, &account.caller));
        consumer.answered = if by_principal {
            answered(account, region, name).await
        } else {
            Seen::Hidden("it takes the credentials of one of the principals".to_owned())
        };
    }
    if let Some(name) = &question.workgroup {
        consumer.workgroup = workgroup(account, region, name).await;
    }
    let output =
        consumer.workgroup.known().and_then(|workgroup| workgroup.results()?.strip_prefix("s3://"));
    if let Some(bucket) = output.and_then(|output| output.split('/').next()).map(str::to_owned) {
        consumer.results_region = observe_bucket_region(account, region, &bucket).await;
    }
    consumer
}

async fn catalog(account: &Account, region: &str, name: &str) -> Seen<Catalog> {
    let athena = aws_sdk_athena::Client::new(&account.in_region(region));
    let answer = athena.get_data_catalog().name(name).send().await;
    // Athena has one kind of error for what is wrong and what is not there.
    if answer.as_ref().is_err_and(|error| error.message().is_some_and(is_not_found)) {
        return Seen::Missing;
    }
    seen(answer, &[]).and_then(|answer| answer.data_catalog.into()).and_then(|catalog| {
        Seen::Known(Catalog {
            region: region.to_owned(),
            kind: catalog.r#type().as_str().to_owned(),
            parameters: catalog.parameters.unwrap_or_default().into_iter().collect(),
        })
    })
}

async fn workgroup(account: &Account, region: &str, name: &str) -> Seen<Workgroup> {
    let athena = aws_sdk_athena::Client::new(&account.in_region(region));
    let answer = athena.get_work_group().work_group(name).send().await;
    if answer.as_ref().is_err_and(|error| error.message().is_some_and(is_not_found)) {
        return Seen::Missing;
    }
    seen(answer, &[]).and_then(|answer| answer.work_group.into()).and_then(|workgroup| {
        let configuration = workgroup.configuration();
        let enforced =
            configuration.and_then(WorkGroupConfiguration::enforce_work_group_configuration);
        let output = configuration
            .and_then(|configuration| configuration.result_configuration()?.output_location());
        Seen::Known(Workgroup {
            enabled: workgroup.state().is_none_or(|state| state.as_str() == "ENABLED"),
            // A workgroup is made so unless it is said otherwise.
            enforced: enforced.unwrap_or(true),
            output: output.filter(|output| !output.is_empty()).map(str::to_owned),
        })
    })
}

/// What Athena says to the question for the databases: it calls the function for that, as the
/// caller.
async fn answered(account: &Account, region: &str, name: &str) -> Seen<Option<String>> {
    let athena = aws_sdk_athena::Client::new(&account.in_region(region));
    match athena.list_databases().catalog_name(name).max_results(1).send().await {
        Ok(_) => Seen::Known(None),
        Err(error) if is_about_the_function(error.code(), error.message()) => {
            Seen::Known(Some(words(&error)))
        }
        Err(error) => Seen::Hidden(words(&error)),
    }
}

/// Whether an error of `ListDatabases` says how the call of the function went.
///
/// Any other says nothing of it: that somebody asks too often, that there is no way to Athena, that
/// Athena has a fault of its own, or that the caller may not list, which nobody needs for a query.
fn is_about_the_function(code: Option<&str>, message: Option<&str>) -> bool {
    let of_function = ["MetadataException", "InvalidRequestException", "AccessDeniedException"];
    let message = message.unwrap_or_default().to_ascii_lowercase();
    let passing = [
        "athena:listdatabases",
        "rate exceeded",
        "throttl",
        "too many requests",
        "toomanyrequests",
    ];
    code.is_some_and(|code| of_function.contains(&code))
        && !passing.iter().any(|words| message.contains(words))
}

/// Whether `caller` is `principal` or a session of it.
fn is_caller(principal: &str, caller: &str) -> bool {
    let session =
        caller.split(":assumed-role/").nth(1).and_then(|session| session.split('/').next());
    principal == caller
        || (account_of(principal) == account_of(caller)
            && session.is_some()
            && principal.rsplit('/').next() == session)
}

fn is_not_found(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["not found", "does not exist", "not exist"].iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::is_about_the_function;

    #[test]
    fn only_an_answer_about_the_function_says_that_something_is_wrong_with_it() {
        for (code, message) in [
            ("MetadataException", "The Lambda function arn:aws:lambda:... returned an error"),
            ("AccessDeniedException", "not authorized to perform: lambda:InvokeFunction"),
            ("InvalidRequestException", "Function not found: arn:aws:lambda:..."),
        ] {
            assert!(is_about_the_function(Some(code), Some(message)), "{code}: {message}");
        }
        for (code, message) in [
            (Some("ThrottlingException"), Some("Rate exceeded")),
            (Some("TooManyRequestsException"), None),
            (Some("InternalServerException"), Some("Amazon Athena has a fault")),
            (Some("ServiceUnavailable"), None),
            (Some("ExpiredTokenException"), Some("The security token is expired")),
            // Athena was throttled where it called the function.
            (Some("MetadataException"), Some("TooManyRequestsException; Rate Exceeded")),
            (
                Some("AccessDeniedException"),
                Some("not authorized to perform: athena:ListDatabases"),
            ),
            // No answer at all, or one that is none of Athena.
            (None, None),
        ] {
            assert!(!is_about_the_function(code, message), "{code:?}: {message:?}");
        }
    }
}
