//! Functions by their address: built and hosted here, behind an endpoint, or in AWS.

#[cfg(feature = "aws")]
mod aws;
mod cargo;
mod endpoint;

use std::sync::Arc;

use athena_client::Invoke;

pub use cargo::build_all;
pub use endpoint::EndpointFunction;

use crate::{options::FunctionOptions, runtime::HostedFunction, spec::Spec};

/// Opens the function at `spec`.
///
/// Builds a package, with cargo's output on standard error if the build takes longer than 2 seconds
/// or fails. The first invocation starts processes and connects to an endpoint or to AWS.
///
/// # Errors
///
/// If a package cannot be built, a URL or an ARN is invalid, or `spec` is an ARN and the crate is
/// built without the feature `aws`.
///
/// # Panics
///
/// If `spec` is an [`Exec`](Spec::Exec) without words, which parsing never returns.
///
/// ```no_run
/// use athena_lambda_host::{FunctionOptions, open};
///
/// # async fn example() -> anyhow::Result<()> {
/// let options = FunctionOptions { name: "shop".to_owned(), ..FunctionOptions::default() };
/// let function = open(&"exec:./bootstrap".parse()?, options).await?;
/// let answer = function.invoke(r#"{"@type":"PingRequest"}"#.into()).await?;
/// # Ok(())
/// # }
/// ```
pub async fn open(spec: &Spec, options: FunctionOptions) -> anyhow::Result<Arc<dyn Invoke>> {
    Ok(match spec {
        Spec::Cargo(path) => {
            let path = path.clone();
            let built = tokio::task::spawn_blocking(move || build_all(&[path])).await??;
            let executable = built.into_iter().next().expect("one path gives one executable");
            Arc::new(HostedFunction::new(executable, [""; 0], options))
        }
        Spec::Exec(words) => {
            let (program, arguments) =
                words.split_first().expect("a command has at least one word");
            Arc::new(HostedFunction::new(program, arguments, options))
        }
        Spec::Http(url) => Arc::new(EndpointFunction::try_new(url, &options)?),
        Spec::Arn(arn) => in_aws(arn, options).await?,
    })
}

#[cfg(feature = "aws")]
async fn in_aws(arn: &str, options: FunctionOptions) -> anyhow::Result<Arc<dyn Invoke>> {
    Ok(Arc::new(aws::AwsFunction::open(arn, options).await?))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "async with the feature `aws`")]
async fn in_aws(arn: &str, _: FunctionOptions) -> anyhow::Result<Arc<dyn Invoke>> {
    anyhow::bail!(
        "cannot invoke {arn}: this build has no AWS support; build athena-local with --features aws"
    )
}
