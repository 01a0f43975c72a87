//! Conditions as parameterized SQL, for sources that speak it.

use std::fmt::Write;

use arrow::{
    array::{Array, ArrayRef},
    datatypes::DataType,
};
use athena_protocol::predicate::{Bound, Expression, Marker, Range, ValueSet, functions};

use super::{
    Conjunct, Literal, Pushed, SqlDialect,
    comparison::parse_comparison,
    keys::{KeyRange, key_ranges},
};

/// Builder of a `WHERE` clause with parameters from the conditions of a query.
///
/// Constants are never part of the text, so neither quoting nor injection is a concern.
///
/// ```
/// # use std::{collections::BTreeMap, sync::Arc};
/// # use arrow::{array::{ArrayRef, Int64Array}, datatypes::Schema};
/// # use athena_connector_sdk::{ReadRecords, Split, TableName, arrow, predicate::*};
/// # let values: ArrayRef = Arc::new(Int64Array::from(vec![7, 9]));
/// # let set = ValueSet::Equatable(EquatableValueSet { values, inclusive: true, null_allowed: false });
/// # let constraints = Constraints { summary: BTreeMap::from([("id".to_owned(), set)]), limit: Some(10), ..Constraints::default() };
/// # let request = ReadRecords::new(TableName::new("s", "t"), Arc::new(Schema::empty()), Split::new()).with_constraints(constraints);
/// use athena_connector_sdk::{Literal, SqlFilter, StandardSql};
///
/// // SELECT * FROM t WHERE id IN (7, 9) LIMIT 10
/// let mut filter = SqlFilter::new(StandardSql);
/// let plan = request.push_down(|conjunct| filter.push(&conjunct));
/// let mut sql = format!("SELECT * FROM t{}", filter.where_clause());
/// if let Some(limit) = plan.limit {
///     sql += &format!(" LIMIT {limit}");
/// }
/// assert_eq!(sql, r#"SELECT * FROM t WHERE "id" IN (?, ?) LIMIT 10"#);
/// assert_eq!(filter.parameters(), [Literal::Integer(7), Literal::Integer(9)]);
/// ```
#[derive(Debug)]
pub struct SqlFilter<D> {
    dialect: D,
    conditions: Vec<String>,
    parameters: Vec<Literal>,
}

/// Condition as text, and whether it is true for exactly the same rows as the original.
struct Fragment {
    sql: String,
    exact: bool,
}

impl<D: SqlDialect> SqlFilter<D> {
    /// Creates a filter without conditions.
    pub fn new(dialect: D) -> Self {
        Self { dialect, conditions: Vec::new(), parameters: Vec::new() }
    }

    /// Adds a condition if SQL can express it without losing rows, and returns how precisely it
    /// does.
    ///
    /// | Condition on | Result |
    /// |---|---|
    /// | integers, decimals, dates, timestamps, booleans, `IS [NOT] NULL` | [`Exact`](Pushed::Exact) |
    /// | text, with [`has_binary_collation`](SqlDialect::has_binary_collation) | [`Exact`](Pushed::Exact) |
    /// | text otherwise, only `=` and `IN` | [`Superset`](Pushed::Superset) |
    /// | floating-point numbers, except `<>` and `NOT IN` | [`Superset`](Pushed::Superset) |
    /// | everything else, and conditions beyond [`max_parameters`](SqlDialect::max_parameters) | [`Unsupported`](Pushed::Unsupported) |
    ///
    /// `AND`, `OR` and `NOT` are as precise as their arguments allow. Timestamps are compared by
    /// whole milliseconds and dates by whole days, so that finer values in the source match as
    /// Athena sees them. Numbers are not: a column that is finer in the source than in the table,
    /// such as `NUMERIC(12, 4)` declared as `DECIMAL(12, 2)`, is rounded after the comparison, so
    /// declare the type of the source.
    pub fn push(&mut self, conjunct: &Conjunct<'_>) -> Pushed<()> {
        let before = self.parameters.len();
        let fragment = match *conjunct {
            Conjunct::Values { column, set } => self.values(column, set),
            Conjunct::Expression(expression) => self.expression(expression),
        };
        match fragment {
            Some(fragment) if self.parameters.len() <= self.dialect.max_parameters() => {
                self.conditions.push(fragment.sql);
                if fragment.exact { Pushed::Exact(()) } else { Pushed::Superset(()) }
            }
            _ => {
                self.parameters.truncate(before);
                Pushed::Unsupported
            }
        }
    }

    /// Returns ` WHERE ` and all conditions joined by ` AND `, or an empty string without
    /// conditions.
    pub fn where_clause(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        }
    }

    /// Returns the parameters, in the order of their placeholders.
    pub fn parameters(&self) -> &[Literal] {
        &self.parameters
    }

    /// Converts the values that a column may have, possibly including null.
    fn values(&mut self, column: &str, set: &ValueSet) -> Option<Fragment> {
        let name = self.dialect.identifier(column);
        let only_null = || Fragment { sql: format!("{name} IS NULL"), exact: true };
        let not_null = || Fragment { sql: format!("{name} IS NOT NULL"), exact: true };
        match set {
            // An engine may also send the empty set for "not null".
            ValueSet::AllOrNone(set) if !set.all => set.null_allowed.then(only_null),
            ValueSet::AllOrNone(set) => (!set.null_allowed).then(not_null),
            ValueSet::SortedRange(set) if set.ranges.is_empty() => set.null_allowed.then(only_null),
            ValueSet::SortedRange(set)
                if !set.null_allowed && set.ranges.iter().any(Range::is_all) =>
            {
                Some(not_null())
            }
            ValueSet::SortedRange(_) | ValueSet::Equatable(_) => {
                let Fragment { sql, exact } = self.set(column, set)?;
                let sql =
                    if set.null_allowed() { format!("({sql} OR {name} IS NULL)") } else { sql };
                Some(Fragment { sql, exact })
            }
        }
    }

    /// Converts the non-null values of a set. The condition is null for null, as comparisons are in
    /// SQL.
    fn set(&mut self, column: &str, set: &ValueSet) -> Option<Fragment> {
        if let Some(ranges) = key_ranges(set) {
            let data_type = set.data_type().clone();
            return self.keys(column, &data_type, ranges);
        }
        let exact = self.exactness(set)?;
        let sql = match set {
            ValueSet::Equatable(list) => self.list(column, &list.values, list.inclusive)?,
            ValueSet::SortedRange(set) => {
                let parts = set.ranges.iter().map(|range| self.range(column, range));
                disjunction(parts.collect::<Option<Vec<_>>>()?)
            }
            ValueSet::AllOrNone(_) => return None,
        };
        Some(Fragment { sql, exact })
    }

    /// Returns whether comparing in SQL is exact, or `None` if it could lose rows.
    fn exactness(&self, set: &ValueSet) -> Option<bool> {
        let equality = match set {
            ValueSet::Equatable(list) => list.inclusive,
            ValueSet::SortedRange(set) => set.ranges.iter().all(|range| point(range).is_some()),
            ValueSet::AllOrNone(_) => false,
        };
        match set.data_type() {
            DataType::Boolean | DataType::Decimal128(_, _) => Some(true),
            DataType::Utf8 if self.dialect.has_binary_collation() => Some(true),
            // Equal texts are equal in any collation, which may add others.
            DataType::Utf8 => equality.then_some(false),
            // Sources disagree on the order of NaN.
            DataType::Float32 | DataType::Float64 => {
                let excludes = matches!(set, ValueSet::Equatable(list) if !list.inclusive);
                (!excludes).then_some(false)
            }
            _ => None,
        }
    }

    /// Converts key ranges: points as one list, the others one by one.
    fn keys(
        &mut self,
        column: &str,
        data_type: &DataType,
        ranges: Vec<KeyRange>,
    ) -> Option<Fragment> {
        // Timestamps and dates may be finer in the source: one key is a whole millisecond, or a
        // whole day.
        let is_span =
            matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _));
        let (single, wide): (Vec<_>, Vec<_>) =
            ranges.into_iter().partition(|range| range.is_point() && !is_span);
        let mut parts = Vec::new();
        if !single.is_empty() {
            let keys = single
                .iter()
                .filter_map(|range| range.start)
                .map(|key| Literal::of_key(key, data_type))
                .collect::<Option<Vec<_>>>()?;
            parts.push(self.one_of(column, keys, true));
        }
        for range in wide {
            let low = range.start.map(|start| Literal::of_key(start, data_type));
            let high = range.end.map(|end| Literal::of_key(end, data_type));
            let low = low.map(|low| Some((">=", low?)));
            let high = high.map(|high| Some(("<", high?)));
            let ends = [low, high].into_iter().flatten().collect::<Option<Vec<_>>>()?;
            parts.push(self.between(column, ends)?);
        }
        (!parts.is_empty()).then(|| Fragment { sql: disjunction(parts), exact: true })
    }

    fn list(&mut self, column: &str, values: &ArrayRef, inclusive: bool) -> Option<String> {
        let rows = (0..values.len()).filter(|&row| values.is_valid(row));
        let values = rows.map(|row| Literal::of(values, row)).collect::<Option<Vec<_>>>()?;
        (!values.is_empty()).then(|| self.one_of(column, values, inclusive))
    }

    fn range(&mut self, column: &str, range: &Range) -> Option<String> {
        if let Some(value) = point(range) {
            let value = Literal::of(value, 0)?;
            return Some(self.one_of(column, vec![value], true));
        }
        let mut ends = Vec::new();
        if !range.low.is_unbounded() {
            let operator = if range.low.bound == Bound::Above { ">" } else { ">=" };
            ends.push((operator, Literal::of(value_of(&range.low)?, 0)?));
        }
        if !range.high.is_unbounded() {
            let operator = if range.high.bound == Bound::Below { "<" } else { "<=" };
            ends.push((operator, Literal::of(value_of(&range.high)?, 0)?));
        }
        self.between(column, ends)
    }

    /// Formats `column = ?` or `column IN (?, ?)`, or the negation.
    fn one_of(&mut self, column: &str, values: Vec<Literal>, inclusive: bool) -> String {
        let name = self.dialect.identifier(column);
        let is_single = values.len() == 1;
        let placeholders: Vec<String> =
            values.into_iter().map(|value| self.parameter(value)).collect();
        let placeholders = placeholders.join(", ");
        match (is_single, inclusive) {
            (true, true) => format!("{name} = {placeholders}"),
            (true, false) => format!("{name} <> {placeholders}"),
            (false, true) => format!("{name} IN ({placeholders})"),
            (false, false) => format!("{name} NOT IN ({placeholders})"),
        }
    }

    /// Formats the conjunction of the comparisons; `None` without any.
    fn between(&mut self, column: &str, ends: Vec<(&str, Literal)>) -> Option<String> {
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

    fn parameter(&mut self, value: Literal) -> String {
        self.parameters.push(value);
        self.dialect.placeholder(self.parameters.len())
    }

    fn expression(&mut self, expression: &Expression) -> Option<Fragment> {
        if let Some((column, set)) = parse_comparison(expression) {
            return self.set(column, &set);
        }
        let Expression::Call { function, arguments, .. } = expression else { return None };
        match (function.as_str(), &arguments[..]) {
            (functions::IS_NULL, [Expression::Variable { column, .. }]) => Some(Fragment {
                sql: format!("{} IS NULL", self.dialect.identifier(column)),
                exact: true,
            }),
            (functions::NOT, [inner]) => {
                let inner = self.expression(inner)?;
                // The negation of a superset would be a subset.
                inner.exact.then(|| Fragment { sql: format!("NOT ({})", inner.sql), exact: true })
            }
            (functions::AND, [_, ..]) => self.conjunction(arguments),
            (functions::OR, [_, ..]) => {
                let mut parts = Vec::new();
                let mut exact = true;
                for argument in arguments {
                    let part = self.expression(argument)?;
                    exact &= part.exact;
                    parts.push(part.sql);
                }
                Some(Fragment { sql: disjunction(parts), exact })
            }
            _ => None,
        }
    }

    /// Converts the arguments that SQL can express; leaving out the others yields a superset.
    fn conjunction(&mut self, arguments: &[Expression]) -> Option<Fragment> {
        let mut sql = String::new();
        let mut exact = true;
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
        (!sql.is_empty()).then(|| Fragment { sql: format!("({sql})"), exact })
    }
}

fn disjunction(mut parts: Vec<String>) -> String {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => format!("({} OR {last})", parts.join(" OR ")),
        None => String::new(),
    }
}

fn value_of(marker: &Marker) -> Option<&ArrayRef> {
    marker.value.as_ref().filter(|value| !marker.null_value && !value.is_empty())
}

/// Returns the only value of a range, if it has exactly one.
pub(super) fn point(range: &Range) -> Option<&ArrayRef> {
    let low = value_of(&range.low)?;
    let high = value_of(&range.high)?;
    let exact = range.low.bound == Bound::Exactly && range.high.bound == Bound::Exactly;
    (exact && low.as_ref() == high.as_ref()).then_some(low)
}
