//! Settings in the account of the querying principals.

use aws_sdk_athena::types::WorkGroupConfiguration;
use aws_sdk_lambda::error::ProvideErrorMetadata as _;

use super::{
    account::Account,
    lookup::{describe_error, lookup},
    owner::observe_bucket_region,
    principal::observe_principal,
};
use crate::{
    arn::{account_of, resource_name},
    doctor::{ConsumerAccount, DataCatalog, Lookup, ObservedPrincipal, Question, Workgroup},
};

/// Reads the catalog, workgroup and principals of `question`, with credentials of their account.
///
/// If the credentials belong to one of the principals, Athena also lists the databases of the
/// catalog, which calls the function. Failed requests become [`Lookup::Unknown`], never an error.
pub async fn observe_consumer(account: &Account, question: &Question) -> ConsumerAccount {
    let region = &question.function.region;
    let mut consumer =
        ConsumerAccount { account: account.id.clone(), ..ConsumerAccount::default() };
    for principal in &question.principals {
        let policies = observe_principal(account, principal).await;
        consumer.principals.push(ObservedPrincipal { arn: principal.clone(), policies });
    }
    if let Some(name) = &question.catalog {
        consumer.catalog = catalog(account, region, name).await;
        if consumer.catalog == Lookup::Missing {
            // A catalog in the default region of the caller is a frequent mistake.
            if let Some(elsewhere) = account.region().filter(|elsewhere| elsewhere != region) {
                consumer.catalog = catalog(account, elsewhere, name).await;
            }
        }
        let by_principal =
            question.principals.iter().any(|principal| is_caller(principal, &account.caller));
        consumer.list_databases_error = if by_principal {
            list_databases_error(account, region, name).await
        } else {
            Lookup::Unknown("credentials of one of the principals are required".to_owned())
        };
    }
    if let Some(name) = &question.workgroup {
        consumer.workgroup = workgroup(account, region, name).await;
    }
    let output =
        consumer.workgroup.found().and_then(|workgroup| workgroup.results()?.strip_prefix("s3://"));
    if let Some(bucket) = output.and_then(|output| output.split('/').next()).map(str::to_owned) {
        consumer.results_region = observe_bucket_region(account, region, &bucket).await;
    }
    consumer
}

async fn catalog(account: &Account, region: &str, name: &str) -> Lookup<DataCatalog> {
    let athena = aws_sdk_athena::Client::new(&account.in_region(region));
    let answer = athena.get_data_catalog().name(name).send().await;
    // Athena uses one error code for invalid requests and for missing catalogs.
    if answer.as_ref().is_err_and(|error| error.message().is_some_and(is_not_found)) {
        return Lookup::Missing;
    }
    lookup(answer, &[]).and_then(|answer| answer.data_catalog.into()).and_then(|catalog| {
        Lookup::Found(DataCatalog {
            region: region.to_owned(),
            kind: catalog.r#type().as_str().to_owned(),
            parameters: catalog.parameters.unwrap_or_default().into_iter().collect(),
        })
    })
}

async fn workgroup(account: &Account, region: &str, name: &str) -> Lookup<Workgroup> {
    let athena = aws_sdk_athena::Client::new(&account.in_region(region));
    let answer = athena.get_work_group().work_group(name).send().await;
    if answer.as_ref().is_err_and(|error| error.message().is_some_and(is_not_found)) {
        return Lookup::Missing;
    }
    lookup(answer, &[]).and_then(|answer| answer.work_group.into()).and_then(|workgroup| {
        let configuration = workgroup.configuration();
        let enforced =
            configuration.and_then(WorkGroupConfiguration::enforce_work_group_configuration);
        let output = configuration
            .and_then(|configuration| configuration.result_configuration()?.output_location());
        Lookup::Found(Workgroup {
            enabled: workgroup.state().is_none_or(|state| state.as_str() == "ENABLED"),
            // Workgroups enforce their settings by default.
            enforced: enforced.unwrap_or(true),
            output: output.filter(|output| !output.is_empty()).map(str::to_owned),
        })
    })
}

/// Calls `ListDatabases`, for which Athena calls the function as the caller, and returns its error.
async fn list_databases_error(
    account: &Account,
    region: &str,
    name: &str,
) -> Lookup<Option<String>> {
    let athena = aws_sdk_athena::Client::new(&account.in_region(region));
    match athena.list_databases().catalog_name(name).max_results(1).send().await {
        Ok(_) => Lookup::Found(None),
        Err(error) if is_from_function(error.code(), error.message()) => {
            Lookup::Found(Some(describe_error(&error)))
        }
        Err(error) => Lookup::Unknown(describe_error(&error)),
    }
}

/// Returns whether an error of `ListDatabases` comes from the call of the function.
///
/// All others carry no information about the function: throttling, network and server errors, and a
/// missing permission to list databases, which queries do not need.
fn is_from_function(code: Option<&str>, message: Option<&str>) -> bool {
    const CODES: [&str; 3] =
        ["MetadataException", "InvalidRequestException", "AccessDeniedException"];
    const UNRELATED_MESSAGES: [&str; 5] = [
        "athena:listdatabases",
        "rate exceeded",
        "throttl",
        "too many requests",
        "toomanyrequests",
    ];
    let message = message.unwrap_or_default().to_ascii_lowercase();
    code.is_some_and(|code| CODES.contains(&code))
        && !UNRELATED_MESSAGES.iter().any(|part| message.contains(part))
}

/// Returns whether `caller` is `principal` or a session of it.
fn is_caller(principal: &str, caller: &str) -> bool {
    let session =
        caller.split(":assumed-role/").nth(1).and_then(|session| session.split('/').next());
    principal == caller
        || (account_of(principal) == account_of(caller)
            && session == Some(resource_name(principal)))
}

fn is_not_found(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["not found", "does not exist", "not exist"].iter().any(|part| message.contains(part))
}

#[cfg(test)]
mod tests {
    use super::is_from_function;

    #[test]
    fn only_errors_of_the_function_count() {
        for (code, message) in [
            ("MetadataException", "The Lambda function arn:aws:lambda:... returned an error"),
            ("AccessDeniedException", "not authorized to perform: lambda:InvokeFunction"),
            ("InvalidRequestException", "Function not found: arn:aws:lambda:..."),
        ] {
            assert!(is_from_function(Some(code), Some(message)), "{code}: {message}");
        }
        for (code, message) in [
            (Some("ThrottlingException"), Some("Rate exceeded")),
            (Some("TooManyRequestsException"), None),
            (Some("InternalServerException"), Some("Amazon Athena has a fault")),
            (Some("ServiceUnavailable"), None),
            (Some("ExpiredTokenException"), Some("The security token is expired")),
            // Athena was throttled when it called the function.
            (Some("MetadataException"), Some("TooManyRequestsException; Rate Exceeded")),
            (
                Some("AccessDeniedException"),
                Some("not authorized to perform: athena:ListDatabases"),
            ),
            // No response, or one that is not from Athena.
            (None, None),
        ] {
            assert!(!is_from_function(code, message), "{code:?}: {message:?}");
        }
    }
}
