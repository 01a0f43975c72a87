//! The command line.

mod sharing;

use std::{path::PathBuf, time::Duration};

use athena_engine::{Format, PushdownMode};
use athena_lambda_host::{FunctionOptions, Spec};
use athena_protocol::TableName;
use clap::{Args, Parser, Subcommand};

#[cfg(feature = "aws")]
pub(crate) use sharing::Credentials;
pub(crate) use sharing::{DoctorCommand, ShareCommand, UnshareCommand};

/// A local Athena: SQL against any federated-query connector, through the real Lambda protocol.
#[derive(Debug, Parser)]
#[command(name = "athena-local", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one query and print its rows.
    ///
    /// Rows go to standard output only when all of them are there: a query that fails prints none.
    /// Until then they are kept in memory, and beyond 16 MB in a temporary file. Everything else
    /// goes to standard error. The exit status is 0, 1 if the query failed, or 2 if the command
    /// line is wrong.
    Query(QueryCommand),
    /// Ask for queries and run them, until end of input.
    ///
    /// A query ends with a semicolon and may span lines. \q leaves, \explain switches explanations
    /// on and off, Ctrl-C cancels a running query.
    Shell(ShellCommand),
    /// Send one raw request to a function and print its raw answer.
    ///
    /// If the function fails, its error goes to standard error and the exit status is 1.
    Invoke(InvokeCommand),
    /// Print a message or a spilled object as JSON that people can read.
    Decode(DecodeCommand),
    /// Check that a function is a good connector, and say what is wrong with it.
    ///
    /// It is asked everything that Athena may ask, in every way that must give the same rows. The
    /// report goes to standard output; docs/conformance.md explains its findings. The exit status
    /// is 0 if there are none, 1 if there are, or 2 if the command line is wrong.
    Check(CheckCommand),
    /// Offer the functions on the Invoke endpoint of Lambda, for other clients.
    Serve(ServeCommand),
    /// Share a function of one account with analysts of another.
    ///
    /// Prints the statements that the policies of function, spill bucket and key need, as a
    /// difference to what is there, and the text to send to the analysts. With --apply the policies
    /// are changed: all of them, or none.
    Share(ShareCommand),
    /// Take back what share has shared, and nothing else.
    Unshare(UnshareCommand),
    /// Find out why a shared function cannot be queried.
    ///
    /// Reads with the credentials of the function's account, of the querying account, or both, and
    /// names the missing statement and the wrong region, bucket, prefix, key or principal, each
    /// with what to paste. The exit status is 0 if nothing is wrong as far as could be seen, 1 if
    /// something is, or 2 if the command line or the credentials are wrong.
    Doctor(DoctorCommand),
}

/// Where the functions are, and how large their answers may be.
#[derive(Debug, Clone, Args)]
pub(crate) struct Connectors {
    /// A catalog and where its function lives: cargo:PATH (a package, built and hosted),
    /// exec:COMMAND (any process that speaks the Lambda runtime API), http://HOST:PORT (an Invoke
    /// endpoint) or arn:aws:lambda:... (AWS). May be given several times; the first is the default
    /// catalog. Without it: tpch and example of this checkout.
    #[arg(long = "connector", value_name = "NAME=SPEC", value_parser = connector)]
    pub(crate) named: Vec<(String, Spec)>,
    /// Instances of each function, and splits of a table that are read at the same time.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) concurrency: u16,
    /// Memory of each function in MB, as Lambda would give it.
    #[arg(long, value_name = "MB", default_value_t = 3008)]
    pub(crate) memory: u32,
    /// Seconds that an invocation may take.
    #[arg(long, value_name = "S", default_value_t = 900)]
    pub(crate) timeout: u32,
}

impl Connectors {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout))
    }
}

/// The one process of a function that is invoked directly.
#[derive(Debug, Clone, Args)]
pub(crate) struct Process {
    /// Memory of the function in MB.
    #[arg(long, value_name = "MB", default_value_t = 3008)]
    memory: u32,
    /// Seconds that an invocation may take.
    #[arg(long, value_name = "S", default_value_t = 900)]
    timeout: u32,
}

impl Process {
    pub(crate) fn options(&self) -> FunctionOptions {
        FunctionOptions {
            memory_mb: self.memory,
            timeout: Duration::from_secs(u64::from(self.timeout)),
            concurrency: 1,
            ..FunctionOptions::default()
        }
    }
}

/// How queries are run.
#[derive(Debug, Clone, Args)]
pub(crate) struct Running {
    #[command(flatten)]
    pub(crate) connectors: Connectors,
    /// Schema of tables that the query names without one, in the first catalog.
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// Form of the rows.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Say on standard error which messages were sent, what was pushed down, and what came back.
    #[arg(long)]
    pub(crate) explain: bool,
    /// What is pushed down to connectors.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) pushdown: PushdownMode,
    /// Do not filter, order and limit again what a connector took: shows what it did itself.
    #[arg(long)]
    pub(crate) trust: bool,
    /// Largest spilled block in bytes.
    #[arg(long, value_name = "N", default_value_t = 16_000_000)]
    pub(crate) max_block_size: u64,
    /// Size in bytes from which on a connector spills instead of answering inline.
    #[arg(long, value_name = "N", default_value_t = 5_242_880)]
    pub(crate) max_inline: u64,
    /// Memory in MB that sorts, joins and aggregations of the engine may take; beyond it they use
    /// temporary files, or fail. Without it there is no limit.
    #[arg(long, value_name = "MB")]
    pub(crate) engine_memory: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct QueryCommand {
    /// The query, such as "SELECT count(*) FROM tpch.sf1.lineitem".
    pub(crate) sql: String,
    /// File for the rows in place of standard output. Parquet needs one.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct ShellCommand {
    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct InvokeCommand {
    /// Where the function lives: see --connector of query.
    pub(crate) spec: Spec,
    /// File with the request; standard input without it.
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) process: Process,
}

#[derive(Debug, Args)]
pub(crate) struct DecodeCommand {
    /// A request, a response, a function error, or a spilled object.
    pub(crate) file: PathBuf,
    /// Key of a spilled object, in base64. Without it the object is taken as clear text.
    #[arg(long, value_name = "B64", requires = "nonce")]
    pub(crate) key: Option<String>,
    /// Nonce of a spilled object, in base64.
    #[arg(long, value_name = "B64", requires = "key")]
    pub(crate) nonce: Option<String>,
    /// Schema of a spilled object: a file with a message that has one, or with a schema in base64.
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckCommand {
    /// Where the function lives: see --connector of query.
    pub(crate) spec: Spec,
    /// What the cases follow from: the same seed asks the same of the same function.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Predicates, orders and limits to try, over all tables; the more rows a table has, the fewer
    /// of them.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) cases: u64,
    /// Rows that are kept in memory and compared, over all tables; one takes a quarter at most
    /// where there are four. Of a larger table some splits are read.
    #[arg(long, value_name = "N", default_value_t = 262_144)]
    pub(crate) max_rows: usize,
    /// A table to look at; may be given several times. Without it: all that the function lists.
    #[arg(long = "table", value_name = "SCHEMA.TABLE", value_parser = table)]
    pub(crate) tables: Vec<TableName>,
    /// File for the whole report as JSON, with the request that shows each finding.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// File for the report as test results, in the XML that build servers show.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) process: Process,
}

#[derive(Debug, Args)]
pub(crate) struct ServeCommand {
    #[command(flatten)]
    pub(crate) connectors: Connectors,
    /// Address to listen at. Anybody who can reach it can run the functions.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9001")]
    pub(crate) listen: std::net::SocketAddr,
}

fn connector(text: &str) -> Result<(String, Spec), String> {
    let Some((name, spec)) = text.split_once('=') else {
        return Err(format!(
            "expected NAME=SPEC, such as shop=cargo:connectors/shop; a SPEC is {}",
            Spec::SYNTAX
        ));
    };
    let plain = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !plain {
        return Err(format!(
            "catalog name {name:?} has to be lower-case letters, digits and underscores, before a SPEC: {}",
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
        _ => Err(format!("{text:?} names no table; expected SCHEMA.TABLE, such as sales.orders")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_table_is_named_with_its_schema() {
        assert_eq!(table("sales.orders.2024"), Ok(TableName::new("sales", "orders.2024")));
        assert!(["orders", ".orders", "sales."].iter().all(|text| table(text).is_err()));
    }

    #[test]
    fn a_catalog_name_must_be_one_that_sql_can_write() {
        assert!(connector("Shop=cargo:x").is_err());
        assert!(connector("=cargo:x").is_err());
        assert!(connector("cargo:x").is_err());
        assert_eq!(connector("shop_2=cargo:x").unwrap().0, "shop_2");
    }
}
