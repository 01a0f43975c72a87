//! Command-line arguments.

mod sharing;
mod variable;

use std::{path::PathBuf, time::Duration};

use athena_engine::{Format, PushdownMode};
use athena_lambda_host::{FunctionOptions, Spec};
use athena_protocol::TableName;
use clap::{Args, Parser, Subcommand};

#[cfg(feature = "aws")]
pub(crate) use sharing::Credentials;
pub(crate) use sharing::{DoctorCommand, ShareCommand, UnshareCommand};
pub(crate) use variable::Variable;

use crate::scaffold::Kind;

/// Run Athena SQL locally against any federated query connector, through the Lambda protocol
#[derive(Debug, Parser)]
#[command(name = "athena-local", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a query and print its rows
    ///
    /// Rows are written to standard output, but only when the query has succeeded: a failed query
    /// prints no rows. They are buffered in memory, and beyond 16 MB in a temporary file. All other
    /// output is written to standard error.
    ///
    /// The exit status is 0 on success, 1 if the query failed, 2 if the command line is invalid,
    /// and 128 and the number of the signal if one stopped the command.
    Query(QueryCommand),
    /// Run queries from a prompt or from standard input
    ///
    /// Queries end with a semicolon and may span lines. Enter \q to quit and \explain to turn
    /// explanations on or off. Press Ctrl-C to cancel a running query.
    Shell(ShellCommand),
    /// Send a raw request to a function and print the raw response
    ///
    /// If the function fails, its error is written to standard error and the exit status is 1.
    Invoke(InvokeCommand),
    /// Print a message or a spilled object as human-readable JSON
    Decode(DecodeCommand),
    /// Check that a function is a correct connector
    ///
    /// Sends all requests that Athena can send and compares reads that have to return the same
    /// rows. The report is written to standard output; the conformance testing guide
    /// (conformance/src/docs/conformance.md) explains its findings.
    ///
    /// The exit status is 0 if there are no findings, 1 if there are, and 2 if the command line is
    /// invalid.
    Check(CheckCommand),
    /// Serve functions on a local Invoke endpoint, for AWS clients
    ///
    /// Requests of web pages are refused: those with a header Origin, or with another Host than
    /// 127.0.0.1, localhost, `[::1]` or the listening address, with its port.
    ///
    /// The first SIGINT, SIGTERM or SIGHUP waits for the invocations in progress, the second kills
    /// them. The exit status is 128 and the number of the first.
    Serve(ServeCommand),
    /// Create a crate for a connector to start from
    ///
    /// The crate has the versions, profiles and lints of the SDK's checkout, tests, and a template
    /// that deploys it. It builds, answers `check`, and runs SQL as it is. Needs no network.
    New(NewCommand),
    /// Share a function with analysts of another account
    ///
    /// Prints the statements to add to the policies of the function, the spill bucket and its KMS
    /// key, as a diff, and instructions for the analysts. With --apply, changes all policies, or
    /// none if one fails.
    Share(ShareCommand),
    /// Revoke access that share has granted
    Unshare(UnshareCommand),
    /// Find out why a shared function cannot be queried
    ///
    /// Reads the configuration with the credentials of the function's account, of the querying
    /// account, or of both. Reports missing policy statements and a wrong region, bucket, prefix,
    /// key or principal, each with a fix to paste.
    ///
    /// The exit status is 0 if no problem is found, 1 if there is one, and 2 if the command line
    /// or the credentials are invalid.
    Doctor(DoctorCommand),
}

/// Functions and their limits.
#[derive(Debug, Clone, Args)]
pub(crate) struct Connectors {
    /// Add a catalog: its name and its function
    ///
    /// SPEC is cargo:PATH (a package, built and hosted), exec:COMMAND (a program that uses the
    /// Lambda Runtime API, hosted), http://HOST:PORT (an Invoke endpoint) or arn:aws:lambda:...
    /// (a function in AWS).
    ///
    /// Can be repeated. The first catalog is the default one. [default: tpch and example of this
    /// checkout]
    #[arg(long = "connector", value_name = "NAME=SPEC", value_parser = connector)]
    pub(crate) named: Vec<(String, Spec)>,
    /// Set an environment variable of hosted functions
    ///
    /// Without VALUE, the shell's value is used; with CATALOG, only that function gets it. Can be
    /// repeated. Functions inherit the shell's variables except those that begin with `AWS_`: to
    /// let a function use an account, pass `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_SESSION_TOKEN` and `AWS_REGION`.
    #[arg(long = "env", value_name = "[CATALOG:]NAME[=VALUE]")]
    pub(crate) variables: Vec<Variable>,
    /// Maximum number of instances per function, and of splits read concurrently per table
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub(crate) concurrency: u16,
    /// Memory limit of each function, in MB
    #[arg(long, value_name = "MB", default_value_t = 3008)]
    pub(crate) memory: u32,
    /// Timeout of an invocation, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    pub(crate) timeout: u32,
}

impl Connectors {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout))
    }
}

/// Limits of a function that runs one invocation at a time.
#[derive(Debug, Clone, Args)]
pub(crate) struct FunctionLimits {
    /// Set an environment variable of the function, if it is hosted
    ///
    /// Without =VALUE, the shell's value is used. Can be repeated. The function inherits the
    /// shell's variables except those that begin with `AWS_`: to let it use an account, pass
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` and `AWS_REGION`.
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    pub(crate) variables: Vec<Variable>,
    /// Memory limit of the function, in MB
    #[arg(long, value_name = "MB", default_value_t = 3008)]
    memory: u32,
    /// Timeout of an invocation, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    timeout: u32,
}

impl FunctionLimits {
    pub(crate) fn options(&self) -> FunctionOptions {
        FunctionOptions {
            memory_mb: self.memory,
            timeout: Duration::from_secs(u64::from(self.timeout)),
            concurrency: 1,
            ..FunctionOptions::default()
        }
    }
}

/// Options of running queries.
#[derive(Debug, Clone, Args)]
pub(crate) struct QueryOptions {
    #[command(flatten)]
    pub(crate) connectors: Connectors,
    /// Schema of unqualified tables, in the first catalog
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// Output format of rows
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Print the plan, all messages, pushed-down constraints and received rows to standard error
    #[arg(long)]
    pub(crate) explain: bool,
    /// Constraints to push down to connectors
    #[arg(long, value_enum, default_value_t)]
    pub(crate) pushdown: PushdownMode,
    /// Do not apply pushed-down filters, orders and limits again, to show the connector's own rows
    #[arg(long)]
    pub(crate) trust: bool,
    /// Maximum size of a spilled block, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 16_000_000)]
    pub(crate) max_block_size: u64,
    /// Size in bytes from which on a connector spills rows instead of returning them inline
    #[arg(long, value_name = "BYTES", default_value_t = 3_465_000)]
    pub(crate) max_inline: u64,
    /// Maximum memory of sorts, joins and aggregations, in MB [default: no limit]
    ///
    /// Beyond it, they use temporary files or fail.
    #[arg(long, value_name = "MB")]
    pub(crate) engine_memory: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct QueryCommand {
    /// The query, such as "SELECT count(*) FROM tpch.sf1.lineitem"
    pub(crate) sql: String,
    /// Write rows to FILE instead of standard output; required for Parquet
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) options: QueryOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ShellCommand {
    #[command(flatten)]
    pub(crate) options: QueryOptions,
}

#[derive(Debug, Args)]
pub(crate) struct InvokeCommand {
    /// The function: see --connector of query
    pub(crate) spec: Spec,
    /// File with the request [default: standard input]
    pub(crate) file: Option<PathBuf>,
    /// The file is a log with requests that a function captured; repeat the last one here, and
    /// print the rows of a read
    #[arg(long)]
    pub(crate) replay: bool,
    #[command(flatten)]
    pub(crate) limits: FunctionLimits,
}

#[derive(Debug, Args)]
pub(crate) struct DecodeCommand {
    /// File with a request, a response, a function error or a spilled object
    pub(crate) file: PathBuf,
    /// Key of a spilled object, in base64; without it, the object is not encrypted
    #[arg(long, value_name = "BASE64", requires = "nonce")]
    pub(crate) key: Option<String>,
    /// Nonce of a spilled object, in base64
    #[arg(long, value_name = "BASE64", requires = "key")]
    pub(crate) nonce: Option<String>,
    /// Schema of a spilled object: a file with a message that contains it, or with base64
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckCommand {
    /// The function: see --connector of query
    pub(crate) spec: Spec,
    /// Seed of the generated cases; the same seed sends the same requests to the same function
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Number of predicates, orders and limits to try, over all tables
    ///
    /// Tables with more rows or fewer columns get fewer of them.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) cases: u64,
    /// Also run N SQL statements, each with every kind of pushdown [default of N: 100]
    ///
    /// Their results are compared with the rows of the table, read without a predicate. Tables of
    /// more than --max-rows rows are left out.
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "100"
    )]
    pub(crate) sql: Option<u64>,
    /// Stop soon after the first finding
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Maximum number of rows to keep in memory and compare, over all tables
    ///
    /// With four tables or more, each gets a quarter at most. Of a larger table, only some splits
    /// are read.
    #[arg(long, value_name = "N", default_value_t = 262_144)]
    pub(crate) max_rows: usize,
    /// Check only this table; can be repeated [default: all tables that the function lists]
    #[arg(long = "table", value_name = "SCHEMA.TABLE", value_parser = table)]
    pub(crate) tables: Vec<TableName>,
    /// Write the full report to FILE as JSON, with a request to reproduce each finding
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report to FILE as `JUnit` XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Size in bytes from which on rows have to be spilled instead of returned inline
    #[arg(long, value_name = "BYTES", default_value_t = 3_465_000)]
    pub(crate) max_inline: u64,
    #[command(flatten)]
    pub(crate) limits: FunctionLimits,
}

#[derive(Debug, Args)]
pub(crate) struct ServeCommand {
    #[command(flatten)]
    pub(crate) connectors: Connectors,
    /// Address to listen on; any client that can reach it can run the functions
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9001")]
    pub(crate) listen: std::net::SocketAddr,
}

#[derive(Debug, Args)]
pub(crate) struct NewCommand {
    /// Folder to create; its last part is the name of the crate
    #[arg(value_name = "NAME")]
    pub(crate) path: PathBuf,
    /// Connector to start from
    #[arg(long, value_enum, default_value_t)]
    pub(crate) kind: Kind,
    /// Take the SDK from this checkout [default: the one that this program was built in]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) sdk_path: Option<PathBuf>,
    /// Take the SDK from this git repository
    #[arg(long, value_name = "URL", conflicts_with = "sdk_path")]
    pub(crate) sdk_git: Option<String>,
    /// Commit of the git repository [default: the latest]
    #[arg(long, value_name = "COMMIT", requires = "sdk_git")]
    pub(crate) sdk_rev: Option<String>,
    /// Take this published version of the SDK
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["sdk_path", "sdk_git"])]
    pub(crate) sdk_version: Option<String>,
}

fn connector(text: &str) -> Result<(String, Spec), String> {
    let Some((name, spec)) = text.split_once('=') else {
        return Err(format!(
            "expected NAME=SPEC, such as shop=cargo:connectors/shop; SPEC is {}",
            Spec::SYNTAX
        ));
    };
    let plain = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !plain {
        return Err(format!(
            "invalid catalog name {name:?}: expected lower-case letters, digits and underscores \
             before =SPEC; SPEC is {}",
            Spec::SYNTAX
        ));
    }
    let spec = spec.parse::<Spec>().map_err(|error| error.to_string())?;
    Ok((name.to_owned(), spec))
}

fn table(text: &str) -> Result<TableName, String> {
    match text.split_once('.') {
        Some((schema, table)) if !schema.is_empty() && !table.is_empty() => {
            Ok(TableName::new(schema, table))
        }
        _ => {
            Err(format!("invalid table name {text:?}: expected SCHEMA.TABLE, such as sales.orders"))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_passes_the_assertions_of_clap() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_table_name_has_a_schema() {
        assert_eq!(table("sales.orders.2024"), Ok(TableName::new("sales", "orders.2024")));
        assert!(["orders", ".orders", "sales."].iter().all(|text| table(text).is_err()));
    }

    #[test]
    fn a_catalog_name_is_an_unquoted_sql_identifier() {
        assert!(connector("Shop=cargo:x").is_err());
        assert!(connector("=cargo:x").is_err());
        assert!(connector("cargo:x").is_err());
        assert_eq!(connector("shop_2=cargo:x").unwrap().0, "shop_2");
    }
}
