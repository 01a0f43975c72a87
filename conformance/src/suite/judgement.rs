//! Whether the rows of an answer are those that a predicate leaves.

use std::collections::{BTreeMap, HashMap};

use athena_protocol::predicate::{Constraints, Expression, ValueSet};

use super::Kind;
use crate::oracle::{Predicate, Row, Verdict, allows, key_of};
use athena_client::Capabilities;

/// Rows that are the same in the columns of an answer.
#[derive(Debug, Default)]
pub(super) struct Alike {
    /// How many of them pass.
    pub(super) keep: usize,
    /// How many pass or may pass.
    pub(super) may: usize,
    /// How many pass or may pass what the function announced that it applies itself.
    allowed: usize,
    /// How many there are.
    all: usize,
    /// How many came.
    pub(super) got: usize,
    /// The place of one of them that passes, or of any.
    pub(super) example: usize,
    /// The place of one that what was announced does not let pass.
    refused: usize,
}

/// A predicate, the rows it is for, and what was announced.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) names: &'a [String],
    pub(crate) constraints: &'a Constraints,
    pub(crate) announced: &'a Capabilities,
    /// All rows of the split, of all columns.
    pub(crate) rows: &'a [Row],
    /// Places of the columns of the answer.
    pub(crate) columns: &'a [usize],
}

/// The rows of a case, judged, beside those that came.
#[derive(Debug)]
pub(crate) struct Judgement<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) alike: HashMap<Vec<u8>, Alike>,
    /// Rows that came and that the split has not, or not so often.
    pub(super) invented: usize,
    pub(super) came: usize,
    /// Whether the predicate fails on a row, so that the function may.
    pub(crate) may_fail: bool,
}

impl<'a> Judgement<'a> {
    /// Judges the rows of `case`; [`Self::compare`] then says which came.
    pub(crate) fn new(case: &'a Case<'a>) -> Self {
        let announced = case.announced;
        let whole = Predicate::new(case.constraints, case.names);
        let promised = Predicate::new(case.constraints, case.names)
            .with_sets(|set| is_announced(set, announced));
        let mut judgement = Self {
            case,
            verdicts: Vec::with_capacity(case.rows.len()),
            alike: HashMap::new(),
            invented: 0,
            came: 0,
            may_fail: false,
        };
        for (place, row) in case.rows.iter().enumerate() {
            let (verdict, fails) = whole.judge(row);
            let allowed = promised.judge(row).0 != Verdict::Drop;
            judgement.verdicts.push(verdict);
            judgement.may_fail |= fails;
            let alike = judgement
                .alike
                .entry(key_of(case.columns.iter().map(|&column| &row[column])))
                .or_default();
            alike.all += 1;
            alike.allowed += usize::from(allowed);
            alike.may += usize::from(verdict != Verdict::Drop);
            if alike.all == 1 || verdict == Verdict::Keep {
                alike.example = place;
            }
            if !allowed {
                alike.refused = place;
            }
            alike.keep += usize::from(verdict == Verdict::Keep);
        }
        judgement
    }

    /// Counts the rows that came.
    pub(crate) fn compare(&mut self, answer: &[Row]) {
        self.came = answer.len();
        for row in answer {
            match self.alike.get_mut(&key_of(row)) {
                Some(alike) => {
                    alike.got += 1;
                    self.invented += usize::from(alike.got > alike.all);
                }
                None => self.invented += 1,
            }
        }
    }

    /// How many rows pass.
    pub(super) fn kept(&self) -> usize {
        self.alike.values().map(|alike| alike.keep).sum()
    }

    /// How many rows came that pass or may pass.
    pub(super) fn good(&self) -> usize {
        self.alike.values().map(|alike| alike.got.min(alike.may)).sum()
    }

    /// Rows that came and must not have, whatever else is asked: made up, or refused by a filter
    /// that was announced.
    pub(crate) fn surplus(&self) -> Vec<(Kind, String)> {
        if self.invented > 0 {
            let sentence = format!(
                "{} of {} rows are not those of a read without predicate",
                self.invented, self.came
            );
            // Of rows with other values nothing can be said but that.
            return vec![(Kind::RowsInvented, sentence)];
        }
        let mut faults = Vec::new();
        let mut kept: BTreeMap<Kind, usize> = BTreeMap::new();
        for alike in self.alike.values() {
            let extra = alike.got.min(alike.all).saturating_sub(alike.allowed);
            if extra > 0
                && let Some(kind) = self.kind_of_kept(alike.refused)
            {
                *kept.entry(kind).or_default() += extra;
            }
        }
        for (kind, count) in kept {
            let words = self.in_words();
            faults.push((
                kind,
                format!("{count} of {} rows do not pass {words}, which was announced", self.came),
            ));
        }
        faults
    }

    /// Rows that pass and did not come.
    pub(crate) fn lost(&self) -> Vec<(Kind, String)> {
        if self.invented > 0 {
            return Vec::new();
        }
        let mut lost: BTreeMap<Kind, usize> = BTreeMap::new();
        for alike in self.alike.values().filter(|alike| alike.got < alike.keep) {
            *lost.entry(self.kind_of_lost(alike.example)).or_default() += alike.keep - alike.got;
        }
        let kept = self.kept();
        let words = self.in_words();
        lost.into_iter()
            .map(|(kind, count)| {
                (kind, format!("{count} of {kept} rows that pass {words} are missing"))
            })
            .collect()
    }

    fn kind_of_lost(&self, place: usize) -> Kind {
        match self.oddity(place) {
            Some(Oddity::Null) => Kind::NullsLost,
            Some(Oddity::Nan) => Kind::NanLost,
            None => Kind::RowsLost,
        }
    }

    /// By which part of what was announced a row does not pass. `None` for a null where nulls were
    /// not announced.
    fn kind_of_kept(&self, place: usize) -> Option<Kind> {
        let Case { names, constraints, announced, rows, .. } = self.case;
        let cells = names.iter().zip(&rows[place]);
        let refusing =
            cells.filter_map(|(name, cell)| Some((constraints.summary.get(name)?, cell)));
        let mut refusing = refusing.filter(|(set, cell)| {
            is_announced(set, announced) && allows(set, cell) == Verdict::Drop
        });
        match refusing.next() {
            None => Some(Kind::ExpressionNotApplied),
            Some((_, cell)) if cell.is_null() => announced.nulls.then_some(Kind::NullsKept),
            Some((_, cell)) if cell.is_nan() => Some(Kind::NanKept),
            Some(_) => Some(Kind::FilterNotApplied),
        }
    }

    /// What is special about the constrained values of a row.
    fn oddity(&self, place: usize) -> Option<Oddity> {
        let row = &self.case.rows[place];
        let columns = constrained(self.case.constraints);
        let mut cells =
            self.case.names.iter().zip(row).filter(|(name, _)| columns.contains(&name.as_str()));
        let mut nan = false;
        let null = cells.any(|(_, cell)| {
            nan |= cell.is_nan();
            cell.is_null()
        });
        if null { Some(Oddity::Null) } else { nan.then_some(Oddity::Nan) }
    }

    /// What the case asks, in short.
    pub(super) fn in_words(&self) -> String {
        let mut parts = Vec::new();
        for (column, set) in &self.case.constraints.summary {
            let kind = match set {
                ValueSet::SortedRange(_) => "ranges",
                ValueSet::Equatable(_) => "a list",
                ValueSet::AllOrNone(_) => "all or none",
            };
            parts.push(format!("{kind} on {column:?}"));
        }
        let mut functions = Vec::new();
        for expression in &self.case.constraints.expressions {
            functions_of(expression, &mut functions);
        }
        if !functions.is_empty() {
            parts.push(format!("an expression of {}", functions.join(", ")));
        }
        if parts.is_empty() { "no predicate".to_owned() } else { parts.join(" and ") }
    }
}

#[derive(Debug, Clone, Copy)]
enum Oddity {
    Null,
    Nan,
}

fn is_announced(set: &ValueSet, announced: &Capabilities) -> bool {
    match set {
        ValueSet::SortedRange(_) => announced.sorted_ranges,
        ValueSet::Equatable(_) => announced.equatable,
        ValueSet::AllOrNone(_) => announced.all_or_none,
    }
}

/// Names of the columns that a predicate is about.
pub(crate) fn constrained(constraints: &Constraints) -> Vec<&str> {
    let mut names: Vec<&str> = constraints.summary.keys().map(String::as_str).collect();
    names.extend(constraints.expressions.iter().flat_map(Expression::columns));
    names.extend(constraints.order_by.iter().filter_map(|field| field.column_name.as_deref()));
    names.sort_unstable();
    names.dedup();
    names
}

fn functions_of<'a>(expression: &'a Expression, names: &mut Vec<&'a str>) {
    if let Expression::Call { function, arguments, .. } = expression {
        if !names.contains(&function.as_str()) {
            names.push(function);
        }
        for argument in arguments {
            functions_of(argument, names);
        }
    }
}
