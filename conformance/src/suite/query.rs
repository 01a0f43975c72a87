//! Whole queries, from partitions to splits or rows.

use std::collections::HashMap;

use athena_protocol::{Constraints, Split};
use bytes::Bytes;

use super::{
    Area, Kind,
    baseline::{SplitRows, TableUnderTest},
    client::SplitsQuery,
    judgement::{Case, Judgement},
    planning,
    pushdown::choose_columns,
    report::{Fault, Report},
};
use crate::{
    generate::Rng,
    oracle::{Predicate, Row, Verdict},
};

/// Requests the splits of a query.
async fn splits_of(
    table: &TableUnderTest<'_>,
    report: &mut Report,
    constraints: &Constraints,
) -> Option<(Vec<Split>, Bytes)> {
    let partitions = planning::prune(table.client, report, &table.plan, constraints).await?;
    if partitions.num_rows() == 0 {
        return Some((Vec::new(), table.plan.request.clone()));
    }
    let query = SplitsQuery { table: table.definition(), partitions: &partitions, constraints };
    let pages = report.ok_or_record(Some(table.name()), table.client.splits(&query).await)?;
    let splits = pages.response.into_iter().flat_map(|page| page.splits).collect();
    Some((splits, pages.request))
}

/// Plans a query and judges its splits by the rows that they hold, without reading them; false if
/// a split is not one of the plan of the whole table.
pub(crate) async fn plan_query(
    table: &TableUnderTest<'_>,
    report: &mut Report,
    constraints: &Constraints,
) -> bool {
    let Some((splits, request)) = splits_of(table, report, constraints).await else { return false };
    let mut planned: HashMap<_, usize> = HashMap::new();
    for split in &splits {
        *planned.entry(&split.properties).or_default() += 1;
    }
    let known: HashMap<_, &SplitRows> =
        table.splits.iter().map(|split| (&split.split.properties, split)).collect();
    let is_known = planned.keys().all(|properties| known.contains_key(properties));
    if known.len() < table.splits.len() || (table.is_complete && !is_known) {
        return false;
    }
    let predicate = Predicate::new(constraints, &table.names);
    let passing = |split: &SplitRows| {
        split.rows.iter().filter(|row| predicate.judge(row) == Verdict::Keep).count()
    };
    let mut missing = 0;
    let mut repeated = 0;
    for (properties, split) in known {
        match planned.get(properties) {
            None => missing += passing(split),
            Some(1) => {}
            Some(_) => repeated += split.rows.len(),
        }
    }
    let name = Some(table.name());
    if missing > 0 {
        let message = format!("{missing} rows that pass the predicate are in no split of its plan");
        report.add(name, Fault::new(Kind::QueryLosesRows, &request, message));
    }
    if repeated > 0 {
        let message = format!("{repeated} rows are in two splits of a plan with a predicate");
        report.add(name, Fault::new(Kind::SplitsOverlap, &request, message));
    }
    true
}

/// Runs a query from partitions to rows and judges the rows of all splits.
pub(crate) async fn whole_query(
    table: &TableUnderTest<'_>,
    report: &mut Report,
    constraints: &Constraints,
    rng: &mut Rng,
) -> bool {
    let name = Some(table.name());
    let Some((splits, _)) = splits_of(table, report, constraints).await else { return false };
    if !table.is_complete {
        return false;
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
