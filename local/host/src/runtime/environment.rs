//! Environment variables of a hosted process.

use std::path::Path;

use crate::options::FunctionOptions;

/// Returns Lambda's variables for `program`, followed by those of `options`.
///
/// The process also inherits the developer's environment, except variables that begin with `AWS_`.
/// To keep AWS libraries from using the developer's account by default, the configuration files in
/// the home folder are replaced and invalid credentials are set. To use an account, set its
/// variables in `options`.
pub(super) fn environment(options: &FunctionOptions, program: &Path) -> Vec<(String, String)> {
    let folder =
        program.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let memory = options.memory_mb.to_string();
    let group = format!("/aws/lambda/{}", options.name);
    let folder = folder.to_string_lossy();
    let lambda = [
        ("AWS_LAMBDA_FUNCTION_NAME", options.name.as_str()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &group),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("LAMBDA_TASK_ROOT", &folder),
        ("_HANDLER", "bootstrap"),
    ];
    let lambda = lambda.map(|(name, value)| (name.to_owned(), value.to_owned()));
    lambda.into_iter().chain(options.env.iter().cloned()).collect()
}
