//! The checks of a connector, and the report of their findings.
//!
//! A run discovers the metadata (schemas, tables, definitions, partitions, splits), reads the rows
//! without a predicate, and then repeats the reads in every way that must return the same rows, or
//! a subset that [`oracle`](crate::oracle) can compute. Value sets are sent to every connector;
//! functions, limits and orders only to those that announce them.
//!
//! # Examples
//!
//! ```
//! # use std::sync::Arc;
//! use athena_client::Invoke;
//! use athena_conformance::suite::{Options, Suite};
//!
//! # async fn run(function: Arc<dyn Invoke>) {
//! let report = Suite::new(function, Options::default()).run().await;
//! for finding in &report.findings {
//!     println!("{}: {}", finding.kind, finding.message);
//! }
//! # }
//! ```
//!
//! The guide below also documents `athena-local check`, the command line of this module.
#![doc = include_str!("../docs/conformance.md")]

mod bad_requests;
mod baseline;
mod client;
mod definition;
mod difference;
mod judgement;
mod kind;
mod limits;
mod listing;
mod planning;
mod print;
mod pushdown;
mod query;
mod reading;
mod report;
mod rows;
mod sql;

pub use kind::{Area, Kind};
pub use report::{ColumnCoverage, Coverage, Finding, Report};
pub use sql::{Pushdown, SqlEngine};

use std::sync::{Arc, atomic::Ordering};

use athena_client::{Capabilities, Invoke};
use athena_protocol::TableName;
use athena_spill::ObjectStore;

use self::{
    baseline::{Sample, TableUnderTest},
    client::Client,
    report::Fault,
    rows::Budget,
};
use crate::generate::{Rng, untestable_functions};

/// Scope of a run.
///
/// # Examples
///
/// ```
/// use athena_conformance::suite::Options;
/// use athena_protocol::TableName;
///
/// let options = Options {
///     seed: 7,
///     cases: 10_000,
///     tables: vec![TableName::new("sales", "orders")],
///     ..Options::default()
/// };
/// assert_eq!(options.max_rows, 262_144);
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    /// Seed of all generated cases. The same seed sends the same requests to the same function.
    /// The default is 1.
    pub seed: u64,
    /// Number of predicates, orders and limits over all tables, 1,000 by default. The more rows a
    /// table has and the fewer columns, the fewer cases it gets. At most three quarters are asked
    /// column by column and split by split, the others are random.
    pub cases: u64,
    /// Number of SQL statements over all tables, 100 by default. They are run only if there is an
    /// engine: see [`Suite::with_sql_engine`]. Tables get shares as of [`Self::cases`].
    pub statements: u64,
    /// Number of rows kept in memory over all tables, 262,144 by default. One table takes at most
    /// a quarter, or its equal share if there are fewer than four tables. Only some splits of a
    /// larger table are read.
    pub max_rows: usize,
    /// Tables to check. Empty, the default, means every listed table.
    pub tables: Vec<TableName>,
    /// Size in bytes from which on rows have to be spilled instead of returned inline: 3,465,000 by
    /// default, as in Athena's requests.
    ///
    /// A larger value shows whether a connector respects the payload limit of Lambda, 6,291,556
    /// bytes: 5,242,880 bytes in base64 exceed it.
    pub max_inline_block_size: u64,
    /// Whether the run ends soon after its first finding. The default is false.
    pub fail_fast: bool,
}

impl Options {
    /// Number of tables that may each use an equal share of the row budget.
    const BUDGET_SHARES: usize = 4;
    /// Approximate memory limit of the kept rows in bytes, in addition to [`Self::max_rows`].
    const MAX_BYTES: usize = 512 * 1024 * 1024;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            cases: 1_000,
            statements: 100,
            max_rows: 262_144,
            tables: Vec::new(),
            max_inline_block_size: 3_465_000,
            fail_fast: false,
        }
    }
}

/// Conformance run against one function.
///
/// # Examples
///
/// Checks a function together with the objects that it spills:
///
/// ```
/// # use std::sync::Arc;
/// use athena_client::Invoke;
/// use athena_conformance::suite::{Options, Suite};
/// use athena_spill::ObjectStore;
///
/// # async fn run(function: Arc<dyn Invoke>, store: Arc<dyn ObjectStore>) {
/// let suite = Suite::new(function, Options::default()).with_store(store);
/// let report = suite.run_with(|step| eprintln!("checking {step}")).await;
/// assert!(report.is_clean(), "{}", report.to_text());
/// # }
/// ```
#[derive(Debug)]
pub struct Suite {
    client: Client,
    options: Options,
    engine: Option<Arc<dyn SqlEngine>>,
}

impl Suite {
    /// Creates a run against `function`. Without a store, spilled rows are not checked.
    pub fn new(function: Arc<dyn Invoke>, options: Options) -> Self {
        Self { client: Client::new(function, &options), options, engine: None }
    }

    /// Sets the store from which spilled objects are read.
    #[must_use]
    pub fn with_store(mut self, store: Arc<dyn ObjectStore>) -> Self {
        self.client.store = Some(store);
        self
    }

    /// Sets an engine whose default catalog is the function, to check the tables in SQL too.
    ///
    /// Only tables whose rows are all in the row budget are checked in SQL.
    #[must_use]
    pub fn with_sql_engine(mut self, engine: Arc<dyn SqlEngine>) -> Self {
        self.engine = Some(engine);
        self
    }

    /// Runs all checks. Failures of the function are findings in the report.
    pub async fn run(self) -> Report {
        self.run_with(|_| ()).await
    }

    /// Runs all checks and calls `progress` with a short description before each step.
    pub async fn run_with(mut self, progress: impl Fn(&str)) -> Report {
        let mut report = Report { seed: self.options.seed, ..Report::default() };
        if self.client.store.is_none() {
            report.skipped.push("spilled rows: no store to read them from".to_owned());
        }
        progress("ping");
        report.count_check(Area::Protocol);
        let ping = self.client.ping().await;
        if let Some(ping) = report.ok_or_record(None, ping) {
            if let Some(again) = report.ok_or_record(None, self.client.ping().await)
                && again.response != ping.response
            {
                let message = "two pings are answered differently";
                report.add(None, Fault::new(Kind::ResponseChanges, &again.request, message));
            }
            report.source = ping.response.source_type.unwrap_or_default();
            self.check(&mut report, &progress).await;
        }
        report.requests = self.client.requests.load(Ordering::Relaxed);
        report
    }

    async fn check(&self, report: &mut Report, progress: &impl Fn(&str)) {
        report.count_check(Area::Protocol);
        let announced = report.ok_or_record(None, self.client.capabilities().await);
        let announced = announced.map(|exchange| exchange.response).unwrap_or_default();
        report.announced = announced.to_string();
        let untestable = untestable_functions(&announced.functions);
        if !untestable.is_empty() {
            report
                .skipped
                .push(format!("announced functions without a test: {}", untestable.join(", ")));
        }
        if let Some(again) = report.ok_or_record(None, self.client.capabilities().await)
            && again.response != announced
        {
            let message = "the second response announces other capabilities than the first";
            report.add(None, Fault::new(Kind::ResponseChanges, &again.request, message));
        }
        let tables = self.survey(report, &announced, progress).await;
        self.examine(report, tables, progress).await;
    }

    /// Describes and plans every selected table, and reads as many of its rows as the budget
    /// allows.
    async fn survey<'a>(
        &'a self,
        report: &mut Report,
        announced: &'a Capabilities,
        progress: &impl Fn(&str),
    ) -> Vec<(TableUnderTest<'a>, Coverage)> {
        progress("schemas and tables");
        let listed = listing::check(&self.client, report).await;
        let selected = self.select(report, listed);
        let shares = selected.len().clamp(1, Options::BUDGET_SHARES);
        let share =
            Budget { rows: self.options.max_rows / shares, bytes: Options::MAX_BYTES / shares };
        let mut left = Budget { rows: self.options.max_rows, bytes: Options::MAX_BYTES };
        let mut tables = Vec::new();
        for name in selected {
            if self.client.stops(report) {
                break;
            }
            progress(&format!("{name}: definition, partitions, splits"));
            let Some(definition) = definition::check(&self.client, report, &name).await else {
                continue;
            };
            let Some(plan) = planning::check(&self.client, report, definition).await else {
                continue;
            };
            let sample = Sample {
                client: &self.client,
                announced,
                seed: self.options.seed,
                budget: share.min(left),
            };
            let (table, coverage) = baseline::read(report, plan, &sample).await;
            left = left.minus(coverage.rows, table.bytes);
            tables.push((table, coverage));
        }
        tables
    }

    /// Repeats the reads of every table in all variants, and runs the cases.
    async fn examine(
        &self,
        report: &mut Report,
        tables: Vec<(TableUnderTest<'_>, Coverage)>,
        progress: &impl Fn(&str),
    ) {
        let total: f64 = tables.iter().map(|(table, _)| weight(table)).sum();
        let complete = tables.iter().filter(|(table, _)| table.is_complete);
        let sql_total: f64 = complete.map(|(table, _)| weight(table)).sum();
        let mut refused_with_rows = false;
        for (number, (table, mut coverage)) in tables.into_iter().enumerate() {
            if self.client.stops(report) {
                break;
            }
            let name = table.name();
            let mut rng = Rng::new(self.options.seed, number as u64 + 2);
            progress(&format!("{name}: read variants of {} rows", coverage.rows));
            table.check_splits(report).await;
            reading::check(&table, report, &mut rng).await;
            coverage.cases = share(self.options.cases, weight(&table), total);
            progress(&format!("{name}: {} cases", coverage.cases));
            if !self.client.stops(report) {
                pushdown::check(&table, report, &mut coverage, &mut rng).await;
            }
            report.cases += coverage.cases;
            if let Some(engine) = &self.engine {
                let statements = share(self.options.statements, weight(&table), sql_total);
                progress(&format!("{name}: {statements} SQL statements"));
                // A stream of its own, so that statements do not change the cases.
                let mut rng = Rng::new(self.options.seed, u64::MAX - number as u64);
                if table.is_complete {
                    sql::check(&table, engine, statements, report, &mut coverage, &mut rng).await;
                } else {
                    report.skipped.push(format!("SQL of {name}: not all rows were read"));
                }
            }
            // Bad requests test the process rather than the table, so one table is enough: the
            // first, and the first with rows, because some requests need a row.
            let has_rows = coverage.rows > 0;
            if number == 0 || (has_rows && !refused_with_rows) {
                bad_requests::check(&table, report).await;
                refused_with_rows |= has_rows;
            }
            report.tables.push(coverage);
        }
    }

    /// Returns the tables named in the options, or all listed ones.
    fn select(&self, report: &mut Report, listed: Vec<TableName>) -> Vec<TableName> {
        if self.options.tables.is_empty() {
            return listed;
        }
        for table in self.options.tables.iter().filter(|table| !listed.contains(table)) {
            report.skipped.push(format!("{table}: not listed"));
        }
        self.options.tables.clone()
    }
}

/// Weighs a table for [`share`]: the fewer rows a split has, and the more columns there are, the
/// more cases the table gets.
#[expect(clippy::cast_precision_loss, reason = "a share of cases need not be exact")]
fn weight(table: &TableUnderTest<'_>) -> f64 {
    /// Fixed cost of a case, in rows.
    const FIXED: f64 = 2_000.0;
    /// Weight of a table without rows, which can show next to nothing.
    const EMPTY: f64 = 1e-5;
    let rows: usize = table.splits.iter().map(|split| split.rows.len()).sum();
    match (table.splits.len(), rows) {
        (0, _) => 0.0,
        (_, 0) => EMPTY,
        (splits, rows) => table.names.len() as f64 / (FIXED + rows as f64 / splits as f64),
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of cases need not be exact, and is not negative"
)]
fn share(cases: u64, weight: f64, total: f64) -> u64 {
    if total > 0.0 { (cases as f64 * weight / total).ceil() as u64 } else { 0 }
}
