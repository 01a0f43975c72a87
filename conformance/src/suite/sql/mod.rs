//! The questions of the suite in SQL, asked through an engine with each kind of pushdown.
//!
//! Finds faults above the protocol: a connector whose answers are right one by one, and whose
//! tables are wrong in SQL. The oracle is that of the other checks, over the rows of a read
//! without a predicate.

mod condition;
mod expected;
mod literal;
mod result_rows;
mod statement;

use std::{
    collections::BTreeMap,
    fmt::{self, Debug},
    sync::Arc,
};

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use athena_client::Capabilities;
use athena_protocol::{
    Constraints,
    predicate::{Direction, OrderByField},
};
use bytes::Bytes;

use self::{
    condition::FUNCTIONS,
    expected::Expected,
    statement::{Output, Statement},
};
use super::{
    Area, Kind,
    baseline::{SplitRows, TableUnderTest},
    report::{Coverage, Fault, Report},
};
use crate::generate::{Generator, Pool, Probe, Rng, Shape, Survey};

/// Constraints that an engine pushes down to the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pushdown {
    /// None: the engine filters, orders and limits all rows itself.
    Off,
    /// Value sets.
    Sets,
    /// All that the function announces, applied again by the engine.
    Full,
    /// All that the function announces. The engine does not apply it again.
    Trusted,
}

impl Pushdown {
    /// All kinds, the simplest first.
    pub const ALL: [Self; 4] = [Self::Off, Self::Sets, Self::Full, Self::Trusted];
}

/// Displays the options of `athena-local query`.
impl fmt::Display for Pushdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "--pushdown off",
            Self::Sets => "--pushdown sets",
            Self::Full => "--pushdown full",
            Self::Trusted => "--pushdown full --trust",
        })
    }
}

/// SQL engine whose default catalog is the function under test.
///
/// # Examples
///
/// ```
/// use arrow::record_batch::RecordBatch;
/// use async_trait::async_trait;
/// use athena_conformance::suite::{Pushdown, SqlEngine};
///
/// #[derive(Debug)]
/// struct Broken;
///
/// #[async_trait]
/// impl SqlEngine for Broken {
///     async fn query(&self, sql: &str, _: Pushdown) -> Result<Vec<RecordBatch>, String> {
///         Err(format!("cannot run a statement of {} characters", sql.chars().count()))
///     }
/// }
/// ```
#[async_trait]
pub trait SqlEngine: Debug + Send + Sync {
    /// Runs a statement and returns its rows in order.
    ///
    /// The columns have the types of the table's definition, but a timestamp has any unit, and with
    /// a time zone it is an instant.
    ///
    /// # Errors
    ///
    /// A description without row data, if the statement fails.
    async fn query(&self, sql: &str, pushdown: Pushdown) -> Result<Vec<RecordBatch>, String>;
}

/// Asks a table `statements` statements, and counts them in `coverage`.
pub(super) async fn check(
    table: &TableUnderTest<'_>,
    engine: &Arc<dyn SqlEngine>,
    statements: u64,
    report: &mut Report,
    coverage: &mut Coverage,
    rng: &mut Rng,
) {
    let all = all_capabilities();
    let splits: Vec<&SplitRows> =
        table.splits.iter().filter(|split| !split.rows.is_empty()).collect();
    let mut run = Run { table, engine, statements, report, coverage, rng };
    run.ask(Statement { output: Output::All, constraints: Constraints::default() }).await;
    run.ask(Statement { output: Output::Count, constraints: Constraints::default() }).await;
    if splits.is_empty() {
        return;
    }
    let nulls = splits.iter().map(|split| {
        (0..table.names.len()).map(|at| split.rows.iter().any(|row| row[at].is_null())).collect()
    });
    let survey = Survey { pools: &table.pools, nulls: nulls.collect(), announced: &all };
    let mut pools = splits.iter().map(|_| None).collect();
    let mut source = Source { splits: &splits, announced: &all, pools: &mut pools };
    for probe in survey.basic_probes() {
        run.probe(&mut source, probe).await;
    }
    run.every_column().await;
    // Some of the statements are random, however many probes there are.
    let random = statements / 4;
    for probe in survey.more_probes() {
        if run.left() <= random {
            break;
        }
        run.probe(&mut source, probe).await;
    }
    // A constant without a literal costs no statement, so attempts are bounded too.
    for _ in 0..2 * random {
        run.random(&mut source).await;
    }
}

/// Returns the capabilities of an engine, which applies what the function does not.
fn all_capabilities() -> Capabilities {
    Capabilities {
        sorted_ranges: true,
        equatable: true,
        all_or_none: true,
        nulls: true,
        functions: FUNCTIONS.map(str::to_owned).into(),
        limit: true,
        top_n: true,
        table_functions: Vec::new(),
    }
}

/// Splits from which constants are drawn.
struct Source<'a, 'p> {
    splits: &'a [&'a SplitRows],
    announced: &'a Capabilities,
    /// Pools of the splits, empty until they are needed.
    pools: &'p mut Vec<Option<Vec<Pool>>>,
}

/// Statements on one table.
struct Run<'r, 't> {
    table: &'r TableUnderTest<'t>,
    engine: &'r Arc<dyn SqlEngine>,
    /// Number of statements, at most.
    statements: u64,
    report: &'r mut Report,
    coverage: &'r mut Coverage,
    rng: &'r mut Rng,
}

impl Run<'_, '_> {
    fn left(&self) -> u64 {
        if self.table.client.stops(self.report) {
            return 0;
        }
        self.statements.saturating_sub(self.coverage.statements)
    }

    /// Asks for aggregates and for the first rows by every column.
    async fn every_column(&mut self) {
        for column in self.table.all_columns() {
            let output = if column % 2 == 0 {
                Output::Aggregates(column)
            } else {
                Output::group(self.table, column)
            };
            self.ask(Statement { output, constraints: Constraints::default() }).await;
            if self.table.pools[column].is_scalar() {
                let direction = Direction::new(self.rng.chance(50), self.rng.chance(50));
                let column_name = Some(self.table.names[column].clone());
                let constraints = Constraints {
                    order_by: vec![OrderByField { column_name, direction }],
                    limit: self.rng.chance(70).then(|| 1 + self.rng.below(5) as u64),
                    ..Constraints::default()
                };
                let statement = Statement::draw(self.table, constraints, self.rng);
                self.ask(statement).await;
            }
        }
    }

    async fn probe(&mut self, source: &mut Source<'_, '_>, probe: Probe) {
        let rows = &source.splits[probe.split].rows;
        let generator = self.generator(source, probe.split);
        if let Some(constraints) = generator.question(probe.question, rows, self.rng) {
            let statement = Statement::draw(self.table, constraints, self.rng);
            self.ask(statement).await;
        }
    }

    async fn random(&mut self, source: &mut Source<'_, '_>) {
        let split = self.rng.below(source.splits.len());
        let shapes = Shape::for_capabilities(source.announced);
        let shape = *self.rng.choose(&shapes);
        let constraints = self.generator(source, split).constraints(shape, self.rng);
        let statement = Statement::draw(self.table, constraints, self.rng);
        self.ask(statement).await;
    }

    fn generator<'g>(&mut self, source: &'g mut Source<'_, '_>, split: usize) -> Generator<'g> {
        let pools = source.pools[split]
            .get_or_insert_with(|| self.table.pools_of(&[source.splits[split]], self.rng));
        Generator { pools, announced: source.announced }
    }

    /// Returns whether the function promises to apply the filters that it announces to nulls too.
    fn is_trustworthy(&self) -> bool {
        let announced = self.table.announced;
        let filters = announced.sorted_ranges || announced.equatable || announced.all_or_none;
        announced.nulls || !filters
    }

    /// Runs a statement with every kind of pushdown and records the faults of its results.
    async fn ask(&mut self, statement: Statement) {
        if self.left() == 0 {
            return;
        }
        let Some(sql) = statement.to_sql(self.table) else { return };
        let expected = Expected::new(&statement, self.table);
        let Some(types) = expected.types() else { return };
        self.coverage.count_statement(&statement.constraints, statement.output.aggregated());
        self.report.statements += 1;
        let mut faults: BTreeMap<(Kind, String), Vec<Pushdown>> = BTreeMap::new();
        for pushdown in Pushdown::ALL {
            if pushdown == Pushdown::Trusted && !self.is_trustworthy() {
                continue;
            }
            self.report.count_check(Area::Sql);
            let found = match self.engine.query(&sql, pushdown).await {
                Err(error) => vec![(Kind::SqlRefused, error)],
                Ok(batches) => match result_rows::rows(&batches, types) {
                    Err(message) => vec![(Kind::SqlColumnsWrong, message)],
                    Ok(rows) => expected.compare(&rows),
                },
            };
            for fault in found {
                faults.entry(fault).or_default().push(pushdown);
            }
        }
        for ((kind, message), wrong) in faults {
            let message = format!("{message}, {}", with(&wrong));
            let request = Bytes::from(sql.clone());
            self.report.add(Some(self.table.name()), Fault::new(kind, &request, message));
        }
    }
}

/// Names kinds of pushdown.
fn with(wrong: &[Pushdown]) -> String {
    if wrong.len() == Pushdown::ALL.len() {
        return "with every kind of pushdown".to_owned();
    }
    let names: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    format!("only with {}", names.join(", "))
}
