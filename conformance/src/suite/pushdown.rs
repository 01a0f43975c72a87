//! Cases: a predicate, maybe an order and a limit, and whether the rows that come are the right
//! ones.

use athena_protocol::{Constraints, SerdeVersion};

use super::{
    Area, Kind,
    baseline::{SplitRows, Subject},
    judgement::{Case, Judgement, constrained},
    limits, planning,
    report::{Fault, Report},
    rows::Read,
};
use crate::{
    generate::{Dice, Generator, Planned, Shape},
    oracle::Row,
};

/// How many cases of a hundred are spilled.
const SPILLED: usize = 10;
/// How many cases of a hundred go the whole way from partitions to rows.
const WHOLE_QUERIES: usize = 3;

/// How many cases of a hundred come with a query plan, where version 6 is spoken.
const PLANNED: usize = 25;

/// Runs `cases` cases on a table; how many of them were judged.
pub(crate) async fn check(
    subject: &Subject<'_>,
    report: &mut Report,
    cases: u64,
    dice: &mut Dice,
) -> u64 {
    let filled: Vec<&SplitRows> =
        subject.splits.iter().filter(|split| !split.rows.is_empty()).collect();
    let splits: Vec<&SplitRows> =
        if filled.is_empty() { subject.splits.iter().collect() } else { filled };
    if splits.is_empty() {
        return 0;
    }
    let generator = Generator { pools: &subject.pools, announced: subject.announced };
    let shapes = Shape::of(subject.announced);
    let mut judged = 0;
    for case in 0..cases {
        // The first of each shape comes early, however few cases there are.
        let shape = shapes[usize::try_from(case).unwrap_or(0) % shapes.len()];
        if dice.chance(WHOLE_QUERIES) || case == 1 {
            let constraints = match generator.sets_of(&subject.table.partition_columns, dice) {
                Some(constraints) if dice.chance(70) => constraints,
                _ => generator.constraints(Shape::Sets, dice),
            };
            judged += u64::from(whole_query(subject, report, &constraints, dice).await);
            continue;
        }
        let constraints = generator.constraints(shape, dice);
        let split = *dice.pick(&splits);
        let speaks_plans = subject.caller.version >= SerdeVersion::V6;
        let planned = if speaks_plans && dice.chance(PLANNED) {
            generator.planned(&constraints, dice)
        } else {
            None
        };
        judged += u64::from(
            one_split(subject, report, (split, &constraints, planned.as_ref()), dice).await,
        );
    }
    judged
}

/// Columns for a case: some, in some order, and with them those that the constraints are about, as
/// an engine asks.
fn columns(subject: &Subject<'_>, constraints: &Constraints, dice: &mut Dice) -> Vec<usize> {
    if dice.chance(30) {
        return subject.all_columns();
    }
    let needed = constrained(constraints);
    let others = dice.below(4);
    let mut columns: Vec<usize> = subject
        .all_columns()
        .into_iter()
        .filter(|&column| needed.contains(&subject.names[column].as_str()))
        .collect();
    for _ in 0..others {
        let column = dice.below(subject.names.len());
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    if columns.is_empty() {
        columns.push(dice.below(subject.names.len()));
    }
    dice.shuffle(&mut columns);
    columns
}

/// One read of one split, by a predicate that a query plan may say too.
async fn one_split(
    subject: &Subject<'_>,
    report: &mut Report,
    (split, constraints, planned): (&SplitRows, &Constraints, Option<&Planned>),
    dice: &mut Dice,
) -> bool {
    let columns = columns(subject, constraints, dice);
    let case = Case {
        names: &subject.names,
        constraints,
        announced: subject.announced,
        rows: &split.rows,
        columns: &columns,
    };
    let mut judgement = Judgement::new(&case);
    let asked = planned.map_or(constraints, |planned| &planned.constraints);
    let mut read = Read { constraints: asked, ..subject.read(&split.split, &columns) };
    if dice.chance(SPILLED)
        && subject.caller.store.is_some()
        && split.split.spill_location.is_some()
    {
        read.max_inline_size = 0;
    }
    report.checked(if constraints.limit.is_some() { Area::Limits } else { Area::Predicates });
    let rows = match subject.caller.read(&read).await {
        Err(fault) if fault.kind == Kind::LegalRequestRefused && judgement.may_fail => {
            report.undecided += 1;
            return false;
        }
        result => subject.rows(report, result),
    };
    let Some(rows) = rows else { return false };
    judgement.compare(&rows.answer.rows);
    let faults = if let Some(limit) = constraints.limit {
        limits::judge(&judgement, usize::try_from(limit).unwrap_or(usize::MAX))
    } else {
        [judgement.surplus(), judgement.lost()].concat()
    };
    let may_pass = planned.is_some_and(|planned| planned.is_alone);
    for (kind, sentence) in
        faults.into_iter().filter(|(kind, _)| !may_pass || *kind != Kind::ExpressionNotApplied)
    {
        report.add(Some(&subject.table.name), Fault::new(kind, &rows.request, sentence));
    }
    true
}

/// From partitions to rows, as a query goes.
async fn whole_query(
    subject: &Subject<'_>,
    report: &mut Report,
    constraints: &Constraints,
    dice: &mut Dice,
) -> bool {
    let name = Some(&subject.table.name);
    let partitions =
        planning::prune(subject.caller, report, (&subject.table, &subject.plan), constraints).await;
    let Some(partitions) = partitions else { return false };
    if !subject.is_complete {
        return false;
    }
    let pages = match partitions.num_rows() {
        0 => Vec::new(),
        _ => match report
            .take(name, subject.caller.splits(&subject.table, &partitions, constraints).await)
        {
            Some(pages) => pages.answer,
            None => return false,
        },
    };
    let columns = columns(subject, constraints, dice);
    let (mut rows, mut request): (Vec<Row>, _) = (Vec::new(), None);
    for split in pages.iter().flat_map(|page| &page.splits) {
        report.checked(Area::Predicates);
        let read = Read { constraints, ..subject.read(split, &columns) };
        let Some(read) = subject.rows(report, subject.caller.read(&read).await) else {
            return false;
        };
        rows.extend(read.answer.rows);
        request = Some(read.request);
    }
    let all: Vec<Row> =
        subject.splits.iter().flat_map(|split| split.rows.iter().cloned()).collect();
    let case = Case {
        names: &subject.names,
        constraints,
        announced: subject.announced,
        rows: &all,
        columns: &columns,
    };
    let mut judgement = Judgement::new(&case);
    judgement.compare(&rows);
    let request = request.unwrap_or_else(|| subject.plan.request.clone());
    for (_, sentence) in judgement.lost() {
        report.add(name, Fault::new(Kind::QueryLosesRows, &request, sentence));
    }
    for (kind, sentence) in judgement.surplus() {
        report.add(name, Fault::new(kind, &request, sentence));
    }
    true
}
