//! Conditions of a query as parameters of a request, as the declaration says.

use std::ops::Bound;

use athena_connector_sdk::{Conjunct, Literal, Pushed, ReadRecords};

use crate::config::{Filter, List, Operator, Table};

/// Part of a query that the API applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushedQuery {
    /// Parameters, in the order of the conditions.
    pub parameters: Vec<(String, String)>,
    /// Number of rows that are enough.
    pub limit: Option<u64>,
}

/// Converts the conditions and the limit of a read.
pub fn push_down(request: &ReadRecords, table: &Table) -> PushedQuery {
    let filters = &table.declaration.filters;
    let pushed = request.push_down(|conjunct| push(&conjunct, filters));
    let mut parameters: Vec<_> = pushed.conjuncts.into_iter().flatten().collect();
    // A limit may be below the size of a page, which is a parameter of its own.
    if let (Some(limit), Some(name)) = (pushed.limit, &table.declaration.limit) {
        parameters.push((name.clone(), limit.to_string()));
    }
    PushedQuery { parameters, limit: pushed.limit }
}

/// Converts one condition, with the filters of its column.
///
/// The result is exact if all of the condition is said by filters that are.
fn push(conjunct: &Conjunct<'_>, filters: &[Filter]) -> Pushed<Vec<(String, String)>> {
    let Some(column) = conjunct.column() else { return Pushed::Unsupported };
    let of_column = || filters.iter().filter(|filter| filter.column == column);
    if let Some(values) = conjunct.values(column) {
        for filter in of_column() {
            if let Some(parameters) = equality(filter, &values) {
                return answer(parameters, filter.exact);
            }
        }
    }
    let Some((low, high)) = conjunct.bounds(column) else { return Pushed::Unsupported };
    let mut parameters = Vec::new();
    let mut exact = is_one_range(conjunct, column);
    for (bound, operators) in [
        (&low, [Operator::Greater, Operator::GreaterOrEqual]),
        (&high, [Operator::Less, Operator::LessOrEqual]),
    ] {
        match comparison(of_column(), bound, operators) {
            Some((parameter, is_exact)) => {
                exact &= is_exact;
                parameters.push(parameter);
            }
            None => exact &= matches!(bound, Bound::Unbounded),
        }
    }
    if parameters.is_empty() { Pushed::Unsupported } else { answer(parameters, exact) }
}

fn answer(parameters: Vec<(String, String)>, exact: bool) -> Pushed<Vec<(String, String)>> {
    if exact { Pushed::Exact(parameters) } else { Pushed::Superset(parameters) }
}

/// Returns the parameters for one of `values`; `None` if the filter cannot say it.
fn equality(filter: &Filter, values: &[Literal]) -> Option<Vec<(String, String)>> {
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    let named = |text: String| (filter.parameter.clone(), text);
    match (filter.operator, filter.list, &texts[..]) {
        (Operator::Equal | Operator::In, _, [only]) => Some(vec![named(only.clone())]),
        (Operator::In, List::Repeat, [_, ..]) => Some(texts.into_iter().map(named).collect()),
        (Operator::In, List::Comma, [_, ..]) if !texts.iter().any(|text| text.contains(',')) => {
            Some(vec![named(texts.join(","))])
        }
        _ => None,
    }
}

/// Returns the parameter for one bound, and whether it is exact: an API that has only `>=` gets the
/// bound of `>`, too. The first operator excludes the bound, the second includes it.
fn comparison<'a>(
    filters: impl Iterator<Item = &'a Filter>,
    bound: &Bound<Literal>,
    operators: [Operator; 2],
) -> Option<((String, String), bool)> {
    let (value, wanted) = match bound {
        Bound::Unbounded => return None,
        Bound::Excluded(value) => (value, operators[0]),
        Bound::Included(value) => (value, operators[1]),
    };
    let mut found: Option<(&Filter, bool)> = None;
    for filter in filters {
        if filter.operator == wanted {
            found = Some((filter, filter.exact));
            break;
        }
        // A bound that is included is never sent to a filter that excludes it.
        if filter.operator == operators[1] {
            found = Some((filter, false));
        }
    }
    found.map(|(filter, exact)| ((filter.parameter.clone(), value.to_string()), exact))
}

/// Returns whether the bounds say all of the condition.
fn is_one_range(conjunct: &Conjunct<'_>, column: &str) -> bool {
    use athena_connector_sdk::predicate::ValueSet;
    match conjunct {
        Conjunct::Values { column: of, set: ValueSet::SortedRange(set) } => {
            *of == column && set.ranges.len() == 1
        }
        // A comparison with one constant, or a list, which is more than its bounds.
        Conjunct::Expression(_) => conjunct.values(column).is_none(),
        _ => false,
    }
}
