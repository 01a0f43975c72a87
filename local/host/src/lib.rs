//! AWS Lambda on this machine: functions as local processes behind the Runtime API, and an S3 API
//! for the objects that they spill.
//!
//! | Task | Item |
//! |---|---|
//! | Name functions, and share them and one S3 stand-in among queries | [`Registry`] |
//! | Open one function by its [`Spec`]: a package, a process, an endpoint, an ARN | [`open`], [`build_all`] |
//! | Run a program with Lambda's limits: time, memory, payload, concurrency | [`HostedFunction`] |
//! | Call a function behind an HTTP endpoint | [`EndpointFunction`] |
//! | Serve functions to AWS clients | [`invoke_endpoint`] |
//! | Store objects on the loopback interface | [`LocalS3`] |
//! | Keep files until the end of this process | [`TemporaryFolder`] |
//!
//! All functions implement [`Invoke`](athena_client::Invoke), so a caller does not depend on where
//! they run.
//!
//! ```no_run
//! use athena_lambda_host::{FunctionOptions, Registry};
//!
//! # async fn example() -> anyhow::Result<()> {
//! let mut registry = Registry::new(FunctionOptions::default());
//! registry.register("shop", "cargo:connectors/shop".parse()?)?;
//! for client in registry.clients() {
//!     println!("{}: {:?}", client.catalog(), client.list_schemas().await?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | Feature | Effect |
//! |---|---|
//! | `aws` | Invokes functions in AWS by their ARN. Without it, opening one fails. |
//!
//! # Platforms
//!
//! Unix. Memory limits are enforced on Linux only.
//!
//! # Isolation
//!
//! Hosted functions run as ordinary processes of the current user: limits catch mistakes, not
//! malicious code. Variables beginning with `AWS_`, including credentials, are not passed on to
//! them.
//!
//! Other programs and web pages are kept out:
//!
//! - The Runtime API of a process accepts connections only of that process and its descendants,
//!   according to `/proc`. A function elsewhere, in a container or of another user, has to set
//!   `AWS_LAMBDA_RUNTIME_API` to the value of `ATHENA_LOCAL_RUNTIME_API`, which has a secret path.
//!   Without `/proc`, as on macOS, any local program can use the Runtime API.
//! - The S3 stand-in requires its own, random keys.
//! - All servers refuse requests with an `Origin` header, and those whose `Host` is not an address
//!   of the server, so that no web page can use them.
//! - Any local program can run the functions of [`invoke_endpoint`].

pub mod invoke_endpoint;

mod function;
mod http;
mod local_s3;
mod options;
mod registry;
mod runtime;
mod spec;
mod temporary_folder;

pub use function::{EndpointFunction, build_all, open};
pub use local_s3::LocalS3;
pub use options::FunctionOptions;
pub use registry::Registry;
pub use runtime::{ColdStart, HostedFunction};
pub use spec::{InvalidSpec, Spec};
pub use temporary_folder::TemporaryFolder;
