//! Conditions as SQL with parameters, for sources that speak it.

use std::fmt::Write;

use arrow::{
    array::{Array, ArrayRef},
    datatypes::DataType,
};
use athena_protocol::predicate::{Bound, Expression, Marker, Range, ValueSet, functions};

use super::{
    BindValue, Conjunct, Pushed,
    as_set::as_set,
    keys::{KeyRange, key_ranges},
};

/// What differs from one SQL to another.
///
/// The defaults are those of the standard, and for text the careful ones.
pub trait SqlDialect {
    /// The name of a column, quoted. By default in double quotes, which are doubled inside.
    fn identifier(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    /// Where the parameter of this number goes; the first is 1. By default `?`.
    fn placeholder(&self, number: usize) -> String {
        let _ = number;
        "?".to_owned()
    }

    /// Whether text compares as in Athena: by code point, without regard to locale, and with case
    /// and spaces at the end.
    ///
    /// By default not: then text is compared for equality alone, which leaves more rows at most.
    /// `true` is a promise that holds for a `COLLATE "C"`, a binary collation, or a source without
    /// collations.
    fn has_binary_collation(&self) -> bool {
        false
    }

    /// Most parameters of a query; a condition that would take more is left to the SDK. By default
    /// 1,000.
    fn max_parameters(&self) -> usize {
        1_000
    }
}

/// The SQL of the standard, with `?` for parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StandardSql;

impl SqlDialect for StandardSql {}

/// Collects the conditions of a query as one `WHERE` with parameters; constants are never part of
/// the text.
///
/// ```
/// # use std::{collections::BTreeMap, sync::Arc};
/// # use arrow::{array::{ArrayRef, Int64Array}, datatypes::Schema};
/// # use athena_connector_sdk::{ReadRecords, Split, TableName, arrow, predicate::*};
/// # let values: ArrayRef = Arc::new(Int64Array::from(vec![7, 9]));
/// # let set = ValueSet::Equatable(EquatableValueSet { values, inclusive: true, null_allowed: false });
/// # let constraints = Constraints { summary: BTreeMap::from([("id".to_owned(), set)]), limit: Some(10), ..Constraints::default() };
/// # let request = ReadRecords::new(TableName::new("s", "t"), Arc::new(Schema::empty()), Split::new()).with_constraints(constraints);
/// use athena_connector_sdk::{BindValue, SqlFilter, StandardSql};
///
/// // SELECT * FROM t WHERE id IN (7, 9) LIMIT 10
/// let mut conditions = SqlFilter::new(StandardSql);
/// let plan = request.push_down(|conjunct| conditions.push(&conjunct));
/// let mut sql = format!("SELECT * FROM t{}", conditions.where_clause());
/// if let Some(limit) = plan.limit {
///     sql += &format!(" LIMIT {limit}");
/// }
/// assert_eq!(sql, r#"SELECT * FROM t WHERE "id" IN (?, ?) LIMIT 10"#);
/// assert_eq!(conditions.parameters(), [BindValue::Integer(7), BindValue::Integer(9)]);
/// ```
#[derive(Debug)]
pub struct SqlFilter<D> {
    dialect: D,
    conditions: Vec<String>,
    parameters: Vec<BindValue>,
}

/// A condition as text, and whether it holds for exactly the same rows.
struct Text {
    sql: String,
    exact: bool,
}

impl<D: SqlDialect> SqlFilter<D> {
    /// No conditions yet.
    pub fn new(dialect: D) -> Self {
        Self { dialect, conditions: Vec::new(), parameters: Vec::new() }
    }

    /// Adds a condition, as far as SQL has it in the same meaning, and says how far that is.
    ///
    /// Exact are conditions on integers, decimals, dates and timestamps, on text where the dialect
    /// promises it, and on nulls; a source whose timestamps are finer than Athena's milliseconds is
    /// asked for whole milliseconds, and one whose dates have a time of day for whole days. Of
    /// numbers that is not done: a column whose numbers are finer in the source than in the table,
    /// such as `NUMERIC(12, 4)` declared as `DECIMAL(12, 2)`, is rounded on its way, so declare
    /// what the source has.
    pub fn push(&mut self, conjunct: &Conjunct<'_>) -> Pushed<()> {
        let before = self.parameters.len();
        let text = match *conjunct {
            Conjunct::Values { column, set } => self.values(column, set),
            Conjunct::Expression(expression) => self.expression(expression),
        };
        match text {
            Some(text) if self.parameters.len() <= self.dialect.max_parameters() => {
                self.conditions.push(text.sql);
                if text.exact { Pushed::Exact(()) } else { Pushed::Superset(()) }
            }
            _ => {
                self.parameters.truncate(before);
                Pushed::Unsupported
            }
        }
    }

    /// ` WHERE ` and all conditions, or nothing if there are none.
    pub fn where_clause(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        }
    }

    /// The parameters, in the order of their placeholders.
    pub fn parameters(&self) -> &[BindValue] {
        &self.parameters
    }

    /// The values that a column may have, null among them or not.
    fn values(&mut self, column: &str, set: &ValueSet) -> Option<Text> {
        let name = self.dialect.identifier(column);
        let only_null = || Text { sql: format!("{name} IS NULL"), exact: true };
        let not_null = || Text { sql: format!("{name} IS NOT NULL"), exact: true };
        match set {
            // Nothing at all is also how an engine may have written "not null".
            ValueSet::AllOrNone(set) if !set.all => set.null_allowed.then(only_null),
            ValueSet::AllOrNone(set) => (!set.null_allowed).then(not_null),
            ValueSet::SortedRange(set) if set.ranges.is_empty() => set.null_allowed.then(only_null),
            ValueSet::SortedRange(set)
                if !set.null_allowed && set.ranges.iter().any(Range::is_all) =>
            {
                Some(not_null())
            }
            ValueSet::SortedRange(_) | ValueSet::Equatable(_) => {
                let Text { sql, exact } = self.set(column, set)?;
                let sql =
                    if set.null_allowed() { format!("({sql} OR {name} IS NULL)") } else { sql };
                Some(Text { sql, exact })
            }
        }
    }

    /// The values that are not null: null, as SQL has it, for null.
    fn set(&mut self, column: &str, set: &ValueSet) -> Option<Text> {
        if let Some(ranges) = key_ranges(set) {
            let data_type = set.data_type().clone();
            return self.keys(column, &data_type, ranges);
        }
        let fidelity = self.fidelity(set)?;
        let sql = match set {
            ValueSet::Equatable(list) => self.list(column, &list.values, list.inclusive)?,
            ValueSet::SortedRange(set) => {
                let parts = set.ranges.iter().map(|range| self.range(column, range));
                either(parts.collect::<Option<Vec<_>>>()?)
            }
            ValueSet::AllOrNone(_) => return None,
        };
        Some(Text { sql, exact: fidelity })
    }

    /// Whether comparing in SQL is exact; `None` where it could leave out rows.
    fn fidelity(&self, set: &ValueSet) -> Option<bool> {
        let equality = match set {
            ValueSet::Equatable(list) => list.inclusive,
            ValueSet::SortedRange(set) => set.ranges.iter().all(|range| point(range).is_some()),
            ValueSet::AllOrNone(_) => false,
        };
        match set.data_type() {
            DataType::Boolean | DataType::Decimal128(_, _) => Some(true),
            DataType::Utf8 if self.dialect.has_binary_collation() => Some(true),
            // Any collation finds what is equal, and maybe more.
            DataType::Utf8 => equality.then_some(false),
            // Where NaN is, sources do not agree.
            DataType::Float32 | DataType::Float64 => {
                let refuses = matches!(set, ValueSet::Equatable(list) if !list.inclusive);
                (!refuses).then_some(false)
            }
            _ => None,
        }
    }

    /// Ranges of keys: single ones as a list, the others one by one.
    fn keys(&mut self, column: &str, data_type: &DataType, ranges: Vec<KeyRange>) -> Option<Text> {
        // Of a timestamp, a single key is a whole millisecond, and of a date, which may have a time
        // of day in the source, a day.
        let is_span =
            matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _));
        let (single, wide): (Vec<_>, Vec<_>) =
            ranges.into_iter().partition(|range| range.is_point() && !is_span);
        let mut parts = Vec::new();
        if !single.is_empty() {
            let keys = single
                .iter()
                .filter_map(|range| range.start)
                .map(|key| BindValue::of_key(key, data_type))
                .collect::<Option<Vec<_>>>()?;
            parts.push(self.one_of(column, keys, true));
        }
        for range in wide {
            let low = range.start.map(|start| BindValue::of_key(start, data_type));
            let high = range.end.map(|end| BindValue::of_key(end, data_type));
            let low = low.map(|low| Some((">=", low?)));
            let high = high.map(|high| Some(("<", high?)));
            let ends = [low, high].into_iter().flatten().collect::<Option<Vec<_>>>()?;
            parts.push(self.between(column, ends)?);
        }
        (!parts.is_empty()).then(|| Text { sql: either(parts), exact: true })
    }

    fn list(&mut self, column: &str, values: &ArrayRef, inclusive: bool) -> Option<String> {
        let rows = (0..values.len()).filter(|&row| values.is_valid(row));
        let values = rows.map(|row| BindValue::of(values, row)).collect::<Option<Vec<_>>>()?;
        (!values.is_empty()).then(|| self.one_of(column, values, inclusive))
    }

    fn range(&mut self, column: &str, range: &Range) -> Option<String> {
        if let Some(value) = point(range) {
            let value = BindValue::of(value, 0)?;
            return Some(self.one_of(column, vec![value], true));
        }
        let mut ends = Vec::new();
        if !range.low.is_unbounded() {
            let operator = if range.low.bound == Bound::Above { ">" } else { ">=" };
            ends.push((operator, BindValue::of(value_of(&range.low)?, 0)?));
        }
        if !range.high.is_unbounded() {
            let operator = if range.high.bound == Bound::Below { "<" } else { "<=" };
            ends.push((operator, BindValue::of(value_of(&range.high)?, 0)?));
        }
        self.between(column, ends)
    }

    /// `column = ?` or `column IN (?, ?)`, or the opposite.
    fn one_of(&mut self, column: &str, values: Vec<BindValue>, inclusive: bool) -> String {
        let name = self.dialect.identifier(column);
        let alone = values.len() == 1;
        let places: Vec<String> = values.into_iter().map(|value| self.parameter(value)).collect();
        let places = places.join(", ");
        match (alone, inclusive) {
            (true, true) => format!("{name} = {places}"),
            (true, false) => format!("{name} <> {places}"),
            (false, true) => format!("{name} IN ({places})"),
            (false, false) => format!("{name} NOT IN ({places})"),
        }
    }

    /// All of the comparisons; `None` if there are none.
    fn between(&mut self, column: &str, ends: Vec<(&str, BindValue)>) -> Option<String> {
        let name = self.dialect.identifier(column);
        let mut parts = Vec::new();
        for (operator, value) in ends {
            parts.push(format!("{name} {operator} {}", self.parameter(value)));
        }
        match parts.len() {
            0 => None,
            1 => parts.pop(),
            _ => Some(format!("({})", parts.join(" AND "))),
        }
    }

    fn parameter(&mut self, value: BindValue) -> String {
        self.parameters.push(value);
        self.dialect.placeholder(self.parameters.len())
    }

    fn expression(&mut self, expression: &Expression) -> Option<Text> {
        if let Some((column, set)) = as_set(expression) {
            return self.set(column, &set);
        }
        let Expression::Call { function, arguments, .. } = expression else { return None };
        match (function.as_str(), &arguments[..]) {
            (functions::IS_NULL, [Expression::Variable { column, .. }]) => Some(Text {
                sql: format!("{} IS NULL", self.dialect.identifier(column)),
                exact: true,
            }),
            (functions::NOT, [inner]) => {
                let inner = self.expression(inner)?;
                // The opposite of more rows is fewer.
                inner.exact.then(|| Text { sql: format!("NOT ({})", inner.sql), exact: true })
            }
            (functions::AND, [_, ..]) => self.all_of(arguments),
            (functions::OR, [_, ..]) => {
                let (mut parts, mut exact) = (Vec::new(), true);
                for argument in arguments {
                    let part = self.expression(argument)?;
                    exact &= part.exact;
                    parts.push(part.sql);
                }
                Some(Text { sql: either(parts), exact })
            }
            _ => None,
        }
    }

    /// The conditions that SQL has; without the others there are more rows.
    fn all_of(&mut self, arguments: &[Expression]) -> Option<Text> {
        let (mut sql, mut exact) = (String::new(), true);
        for argument in arguments {
            let before = self.parameters.len();
            if let Some(part) = self.expression(argument) {
                exact &= part.exact;
                let and = if sql.is_empty() { "" } else { " AND " };
                write!(sql, "{and}{}", part.sql).ok()?;
            } else {
                self.parameters.truncate(before);
                exact = false;
            }
        }
        (!sql.is_empty()).then(|| Text { sql: format!("({sql})"), exact })
    }
}

fn either(mut parts: Vec<String>) -> String {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => format!("({} OR {last})", parts.join(" OR ")),
        None => String::new(),
    }
}

fn value_of(marker: &Marker) -> Option<&ArrayRef> {
    marker.value.as_ref().filter(|value| !marker.null_value && !value.is_empty())
}

/// The only value of a range, if it has one.
fn point(range: &Range) -> Option<&ArrayRef> {
    let (low, high) = (value_of(&range.low)?, value_of(&range.high)?);
    let exact = range.low.bound == Bound::Exactly && range.high.bound == Bound::Exactly;
    (exact && low.as_ref() == high.as_ref()).then_some(low)
}
