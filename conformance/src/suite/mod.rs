//! Every check of a function, and the report of what they found.
//!
//! A run asks what there is (schemas, tables, definitions, partitions, splits), reads the rows
//! without any predicate, and then asks for them in every other way that must give the same rows or
//! a part of them that [`oracle`](crate::oracle) can tell. What the function did not announce is
//! not asked for, but for value sets, which every connector is sent.
//!
//! What is a finding: a row that a query would miss, always; a row too many only if the function
//! announced that it removes such rows, since Athena filters again. Of a limit, that rows which do
//! not pass count.
//!
//! ```
//! # use std::sync::Arc;
//! use athena_client::Invoke;
//! use athena_conformance::suite::{Options, Suite};
//!
//! # async fn run(function: Arc<dyn Invoke>) {
//! let report = Suite::new(function, Options::default()).run().await;
//! for finding in &report.findings {
//!     println!("{}: {}", finding.kind, finding.sentence);
//! }
//! # }
//! ```

mod bad_requests;
mod baseline;
mod caller;
mod definition;
mod judgement;
mod kind;
mod limits;
mod listing;
mod planning;
mod print;
mod pushdown;
mod reading;
mod report;
mod rows;

pub use kind::{Area, Kind};
pub use report::{Coverage, Finding, Report};

use std::sync::{Arc, atomic::Ordering};

use athena_protocol::TableName;
use athena_spill::ObjectStore;

use self::{
    baseline::{Sample, Subject},
    caller::Caller,
    report::Fault,
    rows::Room,
};
use crate::generate::{Dice, unasked};
use athena_client::{Capabilities, Invoke};

/// How much is looked at.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the cases follow from: the same seed asks the same of the same function.
    pub seed: u64,
    /// Cases of predicates, orders and limits, over all tables: the more rows a table has, the
    /// fewer of them.
    pub cases: u64,
    /// Rows that are kept in memory to compare with, over all tables; a table takes a quarter of
    /// them at most, or its share of fewer tables. Of a larger table some splits are read, and of
    /// what has no room left none.
    pub max_rows: usize,
    /// The tables to look at; none for all that are listed.
    pub tables: Vec<TableName>,
}

impl Options {
    /// So many tables may have as many rows as one table may.
    const TABLES_THAT_FIT: usize = 4;
    /// Bytes that the rows kept may take, about, however few they are.
    const BYTES: usize = 512 * 1024 * 1024;
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, cases: 1_000, max_rows: 262_144, tables: Vec::new() }
    }
}

/// A function to look at.
#[derive(Debug)]
pub struct Suite {
    caller: Caller,
    options: Options,
}

impl Suite {
    /// A run against `function`. Without a store, what it spills is not looked at.
    pub fn new(function: Arc<dyn Invoke>, options: Options) -> Self {
        Self { caller: Caller::new(function, None, options.seed), options }
    }

    /// The same, reading what the function spills from `store`.
    #[must_use]
    pub fn with_store(mut self, store: Arc<dyn ObjectStore>) -> Self {
        self.caller.store = Some(store);
        self
    }

    /// Looks at everything. What goes wrong is in the report, so that this cannot fail.
    pub async fn run(self) -> Report {
        self.run_with(|_| ()).await
    }

    /// The same, saying from time to time what is being looked at.
    pub async fn run_with(mut self, progress: impl Fn(&str)) -> Report {
        let mut report = Report { seed: self.options.seed, ..Report::default() };
        if self.caller.store.is_none() {
            report.left_out.push("what is spilled: there is no store to read it from".to_owned());
        }
        progress("ping");
        report.checked(Area::Conversation);
        let pong = self.caller.ping().await;
        if let Some(pong) = report.take(None, pong) {
            if let Some(again) = report.take(None, self.caller.ping().await)
                && again.answer != pong.answer
            {
                report.add(
                    None,
                    Fault::new(
                        Kind::AnswerChanges,
                        &again.request,
                        "two pings are answered in two ways",
                    ),
                );
            }
            report.source = pong.answer.source_type.unwrap_or_default();
            self.look(&mut report, &progress).await;
        }
        report.requests = self.caller.requests.load(Ordering::Relaxed);
        report
    }

    async fn look(&self, report: &mut Report, progress: &impl Fn(&str)) {
        report.checked(Area::Conversation);
        let announced = report.take(None, self.caller.capabilities().await);
        let announced = announced.map(|exchange| exchange.answer).unwrap_or_default();
        report.announced = announced.to_string();
        let unasked = unasked(&announced.functions);
        if !unasked.is_empty() {
            report.left_out.push(format!(
                "functions that were announced: there is no way to ask for {}",
                unasked.join(", ")
            ));
        }
        if let Some(again) = report.take(None, self.caller.capabilities().await)
            && again.answer != announced
        {
            report.add(
                None,
                Fault::new(
                    Kind::AnswerChanges,
                    &again.request,
                    "it announces other capabilities than before",
                ),
            );
        }
        progress("schemas and tables");
        let listed = listing::check(&self.caller, report).await;
        let wanted = self.wanted(report, listed);
        let subjects = self.survey(report, (wanted, &announced), progress).await;
        self.examine(report, subjects, progress).await;
    }

    /// Describes and plans every table, and reads as much of it as there is room for.
    async fn survey<'a>(
        &'a self,
        report: &mut Report,
        (tables, announced): (Vec<TableName>, &'a Capabilities),
        progress: &impl Fn(&str),
    ) -> Vec<(Subject<'a>, Coverage)> {
        let shares = tables.len().clamp(1, Options::TABLES_THAT_FIT);
        let largest = Room { rows: self.options.max_rows / shares, bytes: Options::BYTES / shares };
        let mut left = Room { rows: self.options.max_rows, bytes: Options::BYTES };
        let mut subjects: Vec<(Subject<'_>, Coverage)> = Vec::new();
        for name in tables {
            progress(&format!("{name}: definition, partitions, splits"));
            let Some(table) = definition::check(&self.caller, report, &name).await else {
                continue;
            };
            let Some(plan) = planning::check(&self.caller, report, &table).await else { continue };
            let room =
                Room { rows: largest.rows.min(left.rows), bytes: largest.bytes.min(left.bytes) };
            let sample = Sample { seed: self.options.seed, room };
            let (subject, coverage) =
                baseline::read(&self.caller, report, (table, plan), (announced, &sample)).await;
            left = left.without(coverage.rows, subject.bytes);
            subjects.push((subject, coverage));
        }
        subjects
    }

    /// Reads the rows of every table in every way, and runs the cases.
    async fn examine(
        &self,
        report: &mut Report,
        subjects: Vec<(Subject<'_>, Coverage)>,
        progress: &impl Fn(&str),
    ) {
        let all: f64 = subjects.iter().map(|(subject, _)| weight(subject)).sum();
        let mut refused_with_rows = false;
        for (number, (subject, mut coverage)) in subjects.into_iter().enumerate() {
            let name = subject.table.name.clone();
            let mut dice = Dice::of(self.options.seed, number as u64 + 2);
            progress(&format!("{name}: {} rows, read in every way", coverage.rows));
            subject.check_splits(report).await;
            reading::check(&subject, report, &mut dice).await;
            let cases = share(self.options.cases, weight(&subject), all);
            progress(&format!("{name}: {cases} cases"));
            coverage.cases = pushdown::check(&subject, report, cases, &mut dice).await;
            report.cases += coverage.cases;
            // The process is the same for all tables; what needs rows is tried where there are
            // some.
            let has_rows = coverage.rows > 0;
            if number == 0 || (has_rows && !refused_with_rows) {
                bad_requests::check(&subject, report).await;
                refused_with_rows |= has_rows;
            }
            report.tables.push(coverage);
        }
    }

    /// The tables to look at, those that were asked for or all.
    fn wanted(&self, report: &mut Report, listed: Vec<TableName>) -> Vec<TableName> {
        if self.options.tables.is_empty() {
            return listed;
        }
        for table in self.options.tables.iter().filter(|table| !listed.contains(table)) {
            report.left_out.push(format!("{table}: it is not listed"));
        }
        self.options.tables.clone()
    }
}

/// The fewer rows a read of a table brings, the more cases it gets.
#[expect(clippy::cast_precision_loss, reason = "a share of cases need not be exact")]
fn weight(subject: &Subject<'_>) -> f64 {
    /// What a case costs beside its rows, in rows.
    const FIXED: f64 = 2_000.0;
    /// A table without rows has next to nothing to say.
    const EMPTY: f64 = 1e-5;
    let rows: usize = subject.splits.iter().map(|split| split.rows.len()).sum();
    match (subject.splits.len(), rows) {
        (0, _) => 0.0,
        (_, 0) => EMPTY,
        (splits, rows) => 1.0 / (FIXED + rows as f64 / splits as f64),
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of cases need not be exact, and is not negative"
)]
fn share(cases: u64, weight: f64, all: f64) -> u64 {
    if all > 0.0 { (cases as f64 * weight / all).ceil() as u64 } else { 0 }
}
