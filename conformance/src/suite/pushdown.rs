//! Generated cases: reads with a predicate, and possibly an order and a limit.

use athena_protocol::{Constraints, SerdeVersion};

use super::{
    Area, Kind,
    baseline::{SplitRows, TableUnderTest},
    client::SplitsQuery,
    judgement::{Case, Judgement, constrained_columns},
    limits, planning,
    report::{Fault, Report},
};
use crate::{
    generate::{Generator, PlannedConstraints, Rng, Shape},
    oracle::Row,
};

/// Percentage of cases whose rows are spilled.
const SPILLED: usize = 10;

/// Percentage of cases that run a whole query, from partitions to rows.
const WHOLE_QUERIES: usize = 3;

/// Percentage of cases with a query plan, if the function speaks version 6.
const PLANNED: usize = 25;

/// Runs `cases` cases on a table, and returns the number of those that were judged.
pub(crate) async fn check(
    table: &TableUnderTest<'_>,
    report: &mut Report,
    cases: u64,
    rng: &mut Rng,
) -> u64 {
    let filled: Vec<&SplitRows> =
        table.splits.iter().filter(|split| !split.rows.is_empty()).collect();
    let splits: Vec<&SplitRows> =
        if filled.is_empty() { table.splits.iter().collect() } else { filled };
    if splits.is_empty() {
        return 0;
    }
    let generator = Generator { pools: &table.pools, announced: table.announced };
    let shapes = Shape::for_capabilities(table.announced);
    let speaks_plans = table.client.version >= SerdeVersion::V6;
    let mut judged = 0;
    for case in 0..cases {
        // In turn, so that few cases have every shape too.
        let shape = shapes[usize::try_from(case).unwrap_or(0) % shapes.len()];
        if rng.chance(WHOLE_QUERIES) || case == 1 {
            let partition_columns = &table.definition().partition_columns;
            let constraints = match generator.value_set_on(partition_columns, rng) {
                Some(constraints) if rng.chance(70) => constraints,
                _ => generator.constraints(Shape::Sets, rng),
            };
            judged += u64::from(whole_query(table, report, &constraints, rng).await);
            continue;
        }
        let constraints = generator.constraints(shape, rng);
        let split = *rng.choose(&splits);
        let planned = if speaks_plans && rng.chance(PLANNED) {
            generator.with_plan(&constraints, rng)
        } else {
            None
        };
        let case = SplitCase { split, constraints: &constraints, planned: planned.as_ref() };
        judged += u64::from(one_split(table, report, &case, rng).await);
    }
    judged
}

/// Chooses the columns of a read: those of the constraints, as an engine requests them, and some
/// others, in random order.
fn choose_columns(
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

/// Runs a query from partitions to rows and judges the rows of all splits.
async fn whole_query(
    table: &TableUnderTest<'_>,
    report: &mut Report,
    constraints: &Constraints,
    rng: &mut Rng,
) -> bool {
    let name = Some(table.name());
    let partitions = planning::prune(table.client, report, &table.plan, constraints).await;
    let Some(partitions) = partitions else { return false };
    if !table.is_complete {
        return false;
    }
    let mut splits = Vec::new();
    if partitions.num_rows() > 0 {
        let query = SplitsQuery { table: table.definition(), partitions: &partitions, constraints };
        let pages = report.ok_or_record(name, table.client.splits(&query).await);
        let Some(pages) = pages else { return false };
        splits.extend(pages.response.into_iter().flat_map(|page| page.splits));
    }
    let columns = choose_columns(table, constraints, rng);
    let mut rows: Vec<Row> = Vec::new();
    let mut request = None;
    for split in &splits {
        report.count_check(Area::Predicates);
        let mut read = table.read(split, &columns);
        read.constraints = constraints;
        let Some(read) = table.rows(report, table.client.read(&read).await) else {
            return false;
        };
        rows.extend(read.response.rows);
        request = Some(read.request);
    }
    let baseline: Vec<Row> =
        table.splits.iter().flat_map(|split| split.rows.iter().cloned()).collect();
    let case = Case {
        names: &table.names,
        constraints,
        announced: table.announced,
        rows: &baseline,
        columns: &columns,
    };
    let mut judgement = Judgement::new(&case);
    judgement.compare(&rows);
    let request = request.unwrap_or_else(|| table.plan.request.clone());
    for (_, message) in judgement.missing_rows() {
        report.add(name, Fault::new(Kind::QueryLosesRows, &request, message));
    }
    for (kind, message) in judgement.extra_rows() {
        report.add(name, Fault::new(kind, &request, message));
    }
    true
}
