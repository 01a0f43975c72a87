//! Generated cases: reads with a predicate, and possibly an order and a limit.

use athena_protocol::{Constraints, SerdeVersion};

use super::{
    Area, Kind,
    baseline::{SplitRows, TableUnderTest},
    judgement::{Case, Judgement, constrained_columns},
    limits,
    query::{plan_query, whole_query},
    report::{Coverage, Fault, Report},
};
use crate::generate::{Generator, PlannedConstraints, Pool, Probe, Question, Rng, Shape, Survey};

/// Percentage of cases whose rows are spilled.
const SPILLED: usize = 10;

/// Percentage of cases that run a whole query, from partitions to rows.
const WHOLE_QUERIES: usize = 3;

/// Percentage of random cases with a query plan, if the function speaks version 6.
const PLANNED: usize = 25;

/// Percentage of probes with a query plan, if it can express them.
const PLANNED_PROBES: usize = 50;

/// Percentage of cases that are probes, at most. The others are random.
const PROBES: u64 = 75;

/// Percentage of cases that plan a whole query without reading it, at most.
const PLANS: u64 = 10;

/// Runs `cases` cases on a table: probes first, then random ones. Counts them in `coverage`.
pub(crate) async fn check(
    table: &TableUnderTest<'_>,
    report: &mut Report,
    coverage: &mut Coverage,
    rng: &mut Rng,
) {
    let cases = coverage.cases;
    coverage.cases = 0;
    let filled: Vec<&SplitRows> =
        table.splits.iter().filter(|split| !split.rows.is_empty()).collect();
    let splits: Vec<&SplitRows> =
        if filled.is_empty() { table.splits.iter().collect() } else { filled };
    if splits.is_empty() {
        return;
    }
    let survey = Survey {
        pools: &table.pools,
        nulls: splits.iter().map(|split| columns_with_null(table, split)).collect(),
        announced: table.announced,
    };
    let basic_probes = survey.basic_probes();
    let more_probes = survey.more_probes();
    let queries = survey.queries(&table.definition().partition_columns);
    let pools = splits.iter().map(|_| Vec::new()).collect();
    let mut run = Run { table, report, coverage, rng, splits, pools };
    let mut used = 0;
    for (most, probes) in [(100, basic_probes), (PROBES - PLANS, more_probes)] {
        for probe in probes {
            if used * 100 >= cases * most || run.stops() {
                break;
            }
            used += u64::from(run.probe(probe).await);
        }
    }
    for question in queries {
        if used * 100 >= cases * PROBES || run.stops() {
            break;
        }
        used += u64::from(run.plan(question).await);
    }
    for number in 0..cases - used.min(cases) {
        if run.stops() {
            break;
        }
        run.random(number).await;
    }
}

fn columns_with_null(table: &TableUnderTest<'_>, split: &SplitRows) -> Vec<bool> {
    let has_null = |column: usize| split.rows.iter().any(|row| row[column].is_null());
    (0..table.names.len()).map(has_null).collect()
}

/// Cases of one table.
struct Run<'r, 't> {
    table: &'r TableUnderTest<'t>,
    report: &'r mut Report,
    coverage: &'r mut Coverage,
    rng: &'r mut Rng,
    splits: Vec<&'r SplitRows>,
    /// Pools of the splits, empty until they are needed.
    pools: Vec<Vec<Pool>>,
}

impl Run<'_, '_> {
    fn stops(&self) -> bool {
        self.table.client.stops(self.report)
    }

    /// Draws the pools of a split, whose values a read of it can return.
    fn fill_pools(&mut self, split: usize) {
        if self.pools[split].is_empty() {
            self.pools[split] = self.table.pools_of(&[self.splits[split]], self.rng);
        }
    }

    /// Runs a probe; false if the split has no value for it.
    async fn probe(&mut self, probe: Probe) -> bool {
        self.fill_pools(probe.split);
        let split = self.splits[probe.split];
        let announced = self.table.announced;
        let generator = Generator { pools: &self.pools[probe.split], announced };
        let Some(constraints) = generator.question(probe.question, &split.rows, self.rng) else {
            return false;
        };
        self.read(split, &constraints, PLANNED_PROBES).await;
        true
    }

    /// Runs a random case: a whole query, or a read of one split.
    async fn random(&mut self, number: u64) {
        let table = self.table;
        let whole = Generator { pools: &table.pools, announced: table.announced };
        if self.rng.chance(WHOLE_QUERIES) || number == 1 {
            let partition_columns = &table.definition().partition_columns;
            let constraints = match whole.value_set_on(partition_columns, self.rng) {
                Some(constraints) if self.rng.chance(70) => constraints,
                _ => whole.constraints(Shape::Sets, self.rng),
            };
            self.coverage.count(&constraints);
            let judged = whole_query(table, self.report, &constraints, self.rng).await;
            self.coverage.cases += u64::from(judged);
            return;
        }
        let shapes = Shape::for_capabilities(table.announced);
        // In turn, so that few cases have every shape too.
        let shape = shapes[usize::try_from(number).unwrap_or(0) % shapes.len()];
        let number = self.rng.below(self.splits.len());
        self.fill_pools(number);
        let generator = Generator { pools: &self.pools[number], announced: table.announced };
        let constraints = generator.constraints(shape, self.rng);
        self.read(self.splits[number], &constraints, PLANNED).await;
    }

    /// Reads a split with constraints, in `planned` of 100 cases with a query plan.
    async fn read(&mut self, split: &SplitRows, constraints: &Constraints, planned: usize) {
        let table = self.table;
        let generator = Generator { pools: &table.pools, announced: table.announced };
        let speaks_plans = table.client.version >= SerdeVersion::V6;
        let planned = if speaks_plans && self.rng.chance(planned) {
            generator.with_plan(constraints, self.rng)
        } else {
            None
        };
        self.coverage.count(constraints);
        let case = SplitCase { split, constraints, planned: planned.as_ref() };
        let judged = one_split(table, self.report, &case, self.rng).await;
        self.coverage.cases += u64::from(judged);
    }

    /// Plans a query, and checks that its splits hold all rows that pass; false if that cannot be
    /// judged.
    async fn plan(&mut self, question: Question) -> bool {
        let table = self.table;
        let generator = Generator { pools: &table.pools, announced: table.announced };
        let split = *self.rng.choose(&self.splits);
        let Some(constraints) = generator.question(question, &split.rows, self.rng) else {
            return false;
        };
        self.coverage.count(&constraints);
        let judged = plan_query(table, self.report, &constraints).await;
        self.coverage.cases += u64::from(judged);
        judged
    }
}

/// Chooses the columns of a read: those of the constraints, as an engine requests them, and some
/// others, in random order.
pub(crate) fn choose_columns(
    table: &TableUnderTest<'_>,
    constraints: &Constraints,
    rng: &mut Rng,
) -> Vec<usize> {
    if rng.chance(30) {
        return table.all_columns();
    }
    let needed = constrained_columns(constraints);
    let others = rng.below(4);
    let mut columns: Vec<usize> = table
        .all_columns()
        .into_iter()
        .filter(|&column| needed.contains(&table.names[column].as_str()))
        .collect();
    for _ in 0..others {
        let column = rng.below(table.names.len());
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    if columns.is_empty() {
        columns.push(rng.below(table.names.len()));
    }
    rng.shuffle(&mut columns);
    columns
}

/// Case on one split.
struct SplitCase<'a> {
    split: &'a SplitRows,
    constraints: &'a Constraints,
    /// The same constraints with a query plan, if the request carries one.
    planned: Option<&'a PlannedConstraints>,
}

/// Reads one split and judges its rows; false if the case is undecided or the read failed.
async fn one_split(
    table: &TableUnderTest<'_>,
    report: &mut Report,
    split_case: &SplitCase<'_>,
    rng: &mut Rng,
) -> bool {
    let SplitCase { split, constraints, planned } = *split_case;
    let columns = choose_columns(table, constraints, rng);
    let case = Case {
        names: &table.names,
        constraints,
        announced: table.announced,
        rows: &split.rows,
        columns: &columns,
    };
    let mut judgement = Judgement::new(&case);
    let mut read = table.read(&split.split, &columns);
    read.constraints = planned.map_or(constraints, |planned| &planned.constraints);
    if rng.chance(SPILLED) && table.client.store.is_some() && split.split.spill_location.is_some() {
        read.max_inline_size = 0;
    }
    report.count_check(if constraints.limit.is_some() { Area::Limits } else { Area::Predicates });
    let result = match table.client.read(&read).await {
        Err(fault) if fault.kind == Kind::ValidRequestRejected && judgement.may_fail => {
            report.undecided += 1;
            return false;
        }
        result => table.rows(report, result),
    };
    let Some(result) = result else { return false };
    judgement.compare(&result.response.rows);
    let faults = if let Some(limit) = constraints.limit {
        limits::judge(&judgement, usize::try_from(limit).unwrap_or(usize::MAX))
    } else {
        [judgement.extra_rows(), judgement.missing_rows()].concat()
    };
    let is_plan_only = planned.is_some_and(|planned| planned.is_plan_only);
    for (kind, message) in
        faults.into_iter().filter(|(kind, _)| !is_plan_only || *kind != Kind::ExpressionNotApplied)
    {
        report.add(Some(table.name()), Fault::new(kind, &result.request, message));
    }
    true
}
