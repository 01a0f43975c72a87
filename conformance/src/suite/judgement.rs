//! Comparison of the rows of a response with the rows that a predicate selects.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use athena_client::Capabilities;
use athena_protocol::predicate::{Constraints, Expression, ValueSet};

use super::Kind;
use crate::oracle::{Predicate, Row, Verdict, allows, key_of};

/// Rows of the baseline that are equal in the columns of a response.
#[derive(Debug, Default)]
pub(super) struct RowGroup {
    /// Number of rows in the baseline.
    baseline: usize,
    /// Number of them that pass the predicate.
    pub(super) passing: usize,
    /// Number of them that pass or may pass.
    may_pass: usize,
    /// Number of them that pass or may pass the part of the predicate that the function announced
    /// to apply itself.
    may_pass_announced: usize,
    /// Number of rows in the response.
    pub(super) returned: usize,
    /// Index of a row that passes, or of any if none does.
    example: usize,
    /// Index of a row that does not pass the announced part.
    rejected: usize,
}

/// Predicate, the baseline rows of its split, and the announced capabilities.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) names: &'a [String],
    pub(crate) constraints: &'a Constraints,
    pub(crate) announced: &'a Capabilities,
    /// All rows of the split, in all columns.
    pub(crate) rows: &'a [Row],
    /// Indices of the columns of the response.
    pub(crate) columns: &'a [usize],
}

/// Verdicts of the oracle on the rows of a case, compared with the rows of a response.
#[derive(Debug)]
pub(crate) struct Judgement<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) groups: HashMap<Vec<u8>, RowGroup>,
    /// Number of returned rows that the baseline lacks, or has less often.
    pub(super) invented: usize,
    /// Number of rows in the response.
    pub(super) returned: usize,
    /// Whether the predicate fails on a row, so that the function may fail.
    pub(crate) may_fail: bool,
}

impl<'a> Judgement<'a> {
    /// Judges the baseline rows of `case`. [`Self::compare`] then adds the response.
    pub(crate) fn new(case: &'a Case<'a>) -> Self {
        let announced = case.announced;
        let predicate = Predicate::new(case.constraints, case.names);
        let mut sets = case.constraints.summary.values();
        // The promised part, if it is not the whole predicate.
        let promised = (!sets.all(|set| is_announced(set, announced))).then(|| {
            Predicate::new(case.constraints, case.names)
                .with_sets(|set| is_announced(set, announced))
        });
        let mut judgement = Self {
            case,
            verdicts: Vec::with_capacity(case.rows.len()),
            groups: HashMap::new(),
            invented: 0,
            returned: 0,
            may_fail: false,
        };
        for (index, row) in case.rows.iter().enumerate() {
            let (verdict, fails) = predicate.evaluate(row);
            let is_allowed = match &promised {
                Some(promised) => promised.judge(row) != Verdict::Drop,
                None => verdict != Verdict::Drop,
            };
            judgement.verdicts.push(verdict);
            judgement.may_fail |= fails;
            let group = judgement.groups.entry(case.response_key(row)).or_default();
            group.baseline += 1;
            group.may_pass_announced += usize::from(is_allowed);
            group.may_pass += usize::from(verdict != Verdict::Drop);
            if group.baseline == 1 || verdict == Verdict::Keep {
                group.example = index;
            }
            if !is_allowed {
                group.rejected = index;
            }
            group.passing += usize::from(verdict == Verdict::Keep);
        }
        judgement
    }

    /// Counts the rows of the response.
    pub(crate) fn compare(&mut self, response: &[Row]) {
        self.returned = response.len();
        for row in response {
            match self.groups.get_mut(&key_of(row)) {
                Some(group) => {
                    group.returned += 1;
                    self.invented += usize::from(group.returned > group.baseline);
                }
                None => self.invented += 1,
            }
        }
    }

    /// Counts the baseline rows that pass.
    pub(super) fn passing(&self) -> usize {
        self.groups.values().map(|group| group.passing).sum()
    }

    /// Counts the returned rows that pass or may pass.
    pub(super) fn returned_passing(&self) -> usize {
        self.groups.values().map(|group| group.returned.min(group.may_pass)).sum()
    }

    /// Describes the rows that must not be in any response to the case: invented ones, and those
    /// that an announced filter drops.
    pub(crate) fn extra_rows(&self) -> Vec<(Kind, String)> {
        if self.invented > 0 {
            let message = format!(
                "{} of {} rows are not in a read without a predicate",
                self.invented, self.returned
            );
            // The verdicts do not apply to rows with other values.
            return vec![(Kind::UnexpectedRows, message)];
        }
        let mut extra: BTreeMap<Kind, usize> = BTreeMap::new();
        for group in self.groups.values() {
            let count = group.returned.min(group.baseline).saturating_sub(group.may_pass_announced);
            if count > 0
                && let Some(kind) = self.kind_of_extra(group.rejected)
            {
                *extra.entry(kind).or_default() += count;
            }
        }
        extra
            .into_iter()
            .map(|(kind, count)| {
                let message = format!(
                    "{count} of {} rows do not pass {}, which the function announced to apply",
                    self.returned, self.case
                );
                (kind, message)
            })
            .collect()
    }

    /// Describes the passing rows that are not in the response.
    pub(crate) fn missing_rows(&self) -> Vec<(Kind, String)> {
        if self.invented > 0 {
            return Vec::new();
        }
        let mut missing: BTreeMap<Kind, usize> = BTreeMap::new();
        for group in self.groups.values().filter(|group| group.returned < group.passing) {
            *missing.entry(self.kind_of_missing(group.example)).or_default() +=
                group.passing - group.returned;
        }
        let passing = self.passing();
        missing
            .into_iter()
            .map(|(kind, count)| {
                (kind, format!("{count} of {passing} rows that pass {} are missing", self.case))
            })
            .collect()
    }

    fn kind_of_missing(&self, index: usize) -> Kind {
        match self.special_value(index) {
            Some(SpecialValue::Null) => Kind::NullsLost,
            Some(SpecialValue::Nan) => Kind::NanLost,
            None => Kind::RowsLost,
        }
    }

    /// Returns the kind of an extra row by the announced part that drops it. `None` for a null if
    /// filters on nulls were not announced.
    fn kind_of_extra(&self, index: usize) -> Option<Kind> {
        let Case { names, constraints, announced, rows, .. } = self.case;
        let cells = names.iter().zip(&rows[index]);
        let dropping =
            cells.filter_map(|(name, cell)| Some((constraints.summary.get(name)?, cell)));
        let mut dropping = dropping.filter(|(set, cell)| {
            is_announced(set, announced) && allows(set, cell) == Verdict::Drop
        });
        match dropping.next() {
            None => Some(Kind::ExpressionNotApplied),
            Some((_, cell)) if cell.is_null() => announced.nulls.then_some(Kind::NullsKept),
            Some((_, cell)) if cell.is_nan() => Some(Kind::NanKept),
            Some(_) => Some(Kind::FilterNotApplied),
        }
    }

    /// Returns the null or NaN among the constrained values of a row; null comes first.
    fn special_value(&self, index: usize) -> Option<SpecialValue> {
        let row = &self.case.rows[index];
        let columns = constrained_columns(self.case.constraints);
        let mut cells =
            self.case.names.iter().zip(row).filter(|(name, _)| columns.contains(&name.as_str()));
        let mut nan = false;
        let null = cells.any(|(_, cell)| {
            nan |= cell.is_nan();
            cell.is_null()
        });
        if null { Some(SpecialValue::Null) } else { nan.then_some(SpecialValue::Nan) }
    }
}

impl Case<'_> {
    /// Returns the key of a baseline row in the columns of the response.
    pub(super) fn response_key(&self, row: &Row) -> Vec<u8> {
        key_of(self.columns.iter().map(|&column| &row[column]))
    }
}

/// Names the value sets and functions of the predicate, without its constants.
impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (column, set) in &self.constraints.summary {
            let kind = match set {
                ValueSet::SortedRange(_) => "ranges",
                ValueSet::Equatable(_) => "a list",
                ValueSet::AllOrNone(_) => "all or none",
            };
            parts.push(format!("{kind} on {column:?}"));
        }
        let mut functions = Vec::new();
        for expression in &self.constraints.expressions {
            functions_of(expression, &mut functions);
        }
        if !functions.is_empty() {
            parts.push(format!("an expression of {}", functions.join(", ")));
        }
        if parts.is_empty() {
            return f.write_str("no predicate");
        }
        f.write_str(&parts.join(" and "))
    }
}

#[derive(Debug, Clone, Copy)]
enum SpecialValue {
    Null,
    Nan,
}

fn is_announced(set: &ValueSet, announced: &Capabilities) -> bool {
    match set {
        ValueSet::SortedRange(_) => announced.sorted_ranges,
        ValueSet::Equatable(_) => announced.equatable,
        // Rows of nested columns may stay: Java writes IS NOT NULL on them as a set of nothing.
        ValueSet::AllOrNone(set) => {
            announced.all_or_none && (set.all || !set.data_type.is_nested())
        }
    }
}

/// Returns the sorted names of the columns in value sets, expressions and orders.
pub(crate) fn constrained_columns(constraints: &Constraints) -> Vec<&str> {
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
