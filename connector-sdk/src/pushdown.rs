//! Handing parts of a predicate to the source.

use std::sync::atomic::{AtomicBool, Ordering};

use athena_protocol::predicate::{Constraints, Expression, ValueSet};

use crate::residual::conjuncts;

/// One condition; all of them must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Conjunct<'a> {
    /// The column's value is in the set.
    Values {
        /// Column name.
        column: &'a str,
        /// Allowed values.
        set: &'a ValueSet,
    },
    /// The expression is true.
    Expression(&'a Expression),
}

/// What an author makes of a [`Conjunct`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed<T> {
    /// The source keeps exactly the rows for which the conjunct holds. A false claim makes the read fail.
    Exact(T),
    /// The source keeps at least those rows.
    Superset(T),
    /// The source does nothing about it.
    No,
}

/// What [`ReadRecords::push_down`](crate::ReadRecords::push_down) came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PushedDown<T> {
    /// The author's form of every conjunct that was pushed down, exactly or as a superset.
    pub conjuncts: Vec<T>,
    /// How many rows the source need yield at most; `None` unless everything was exact and no order is asked.
    pub limit: Option<u64>,
}

/// What the author claimed of one read, for the SDK to check.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Whether a limit was handed out, so that a row removed by the residual would leave the answer short.
    limit_given: AtomicBool,
}

impl Claims {
    pub(crate) fn limit_given(&self) -> bool {
        self.limit_given.load(Ordering::Acquire)
    }
}

/// Offers every conjunct of `constraints` to `push`, and works out the limit.
///
/// A query plan (serde version 6) is not taken apart. It describes what the conjuncts say and maybe more, so it never
/// removes a row here, and no limit is handed out beside it.
pub(crate) fn push_down<'a, T>(
    constraints: &'a Constraints,
    mut push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
) -> PushedDown<T> {
    let mut all_exact = constraints.query_plan.is_none();
    let mut pushed = Vec::new();
    let sets = constraints.summary.iter().filter(|(_, set)| !allows_all(set));
    let sets = sets.map(|(column, set)| Conjunct::Values { column, set });
    let expressions = conjuncts(&constraints.expressions).into_iter().map(Conjunct::Expression);
    for conjunct in sets.chain(expressions) {
        match push(conjunct) {
            Pushed::Exact(form) => pushed.push(form),
            Pushed::Superset(form) => {
                all_exact = false;
                pushed.push(form);
            }
            Pushed::No => all_exact = false,
        }
    }
    let limit = constraints.limit.filter(|_| all_exact && constraints.order_by.is_empty());
    PushedDown { conjuncts: pushed, limit }
}

/// The same, recording in `claims` that the source was told a limit.
pub(crate) fn push_down_claiming<'a, T>(
    constraints: &'a Constraints,
    claims: &Claims,
    push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
) -> PushedDown<T> {
    let pushed = push_down(constraints, push);
    if pushed.limit.is_some() {
        claims.limit_given.store(true, Ordering::Release);
    }
    pushed
}

/// Whether the set keeps every row, so that nobody needs to push it anywhere.
fn allows_all(set: &ValueSet) -> bool {
    set.null_allowed()
        && match set {
            ValueSet::SortedRange(set) => {
                set.ranges.iter().any(|range| range.low.is_unbounded() && range.high.is_unbounded())
            }
            ValueSet::Equatable(set) => !set.white_list && set.values.is_empty(),
            ValueSet::AllOrNone(set) => set.all,
        }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use arrow::{array::Int64Array, datatypes::DataType};
    use athena_protocol::predicate::{
        AllOrNoneValueSet, Direction, EquatableValueSet, OrderByField, QueryPlan, functions,
    };

    use super::*;

    fn five() -> ValueSet {
        ValueSet::Equatable(EquatableValueSet {
            values: Arc::new(Int64Array::from(vec![5])),
            white_list: true,
            null_allowed: false,
        })
    }

    fn limited(summary: impl IntoIterator<Item = (&'static str, ValueSet)>) -> Constraints {
        let summary: BTreeMap<_, _> = summary.into_iter().map(|(name, set)| (name.to_owned(), set)).collect();
        Constraints { summary, limit: Some(3), ..Constraints::default() }
    }

    #[test]
    fn a_limit_is_handed_out_when_everything_is_exact() {
        let constraints = limited([("n", five())]);
        assert_eq!(push_down(&constraints, |_| Pushed::Exact(())).limit, Some(3));
        assert_eq!(push_down(&constraints, |_| Pushed::Superset(())).limit, None);
        assert_eq!(push_down(&constraints, |_| Pushed::<()>::No).limit, None);
    }

    #[test]
    fn an_order_or_a_plan_keeps_the_limit_back() {
        let order = OrderByField { column_name: Some("n".into()), direction: Direction::AscNullsLast };
        let ordered = Constraints { order_by: vec![order], ..limited([]) };
        assert_eq!(push_down(&ordered, |_| Pushed::<()>::No).limit, None);
        let plan = QueryPlan { substrait_version: None, substrait_plan: "MgIQQQ==".into() };
        let planned = Constraints { query_plan: Some(plan), ..limited([]) };
        assert_eq!(push_down(&planned, |_| Pushed::<()>::No).limit, None);
    }

    #[test]
    fn a_set_that_allows_everything_is_not_offered() {
        let all = AllOrNoneValueSet { data_type: DataType::Int64, all: true, null_allowed: true };
        let pushed = push_down(&limited([("n", ValueSet::AllOrNone(all.clone()))]), |_| Pushed::<()>::No);
        assert_eq!(pushed.limit, Some(3));
        let not_null = AllOrNoneValueSet { null_allowed: false, ..all };
        assert_eq!(push_down(&limited([("n", ValueSet::AllOrNone(not_null))]), |_| Pushed::<()>::No).limit, None);
    }

    #[test]
    fn an_and_is_offered_in_its_parts() {
        let variable = |name: &str| Expression::Variable { column: name.into(), data_type: DataType::Boolean };
        let both = Expression::Call {
            function: functions::AND.into(),
            arguments: vec![variable("a"), variable("b")],
            data_type: DataType::Boolean,
        };
        let constraints = Constraints { expressions: vec![both], ..limited([]) };
        let offered = push_down(&constraints, |conjunct| match conjunct {
            Conjunct::Expression(Expression::Variable { column, .. }) => Pushed::Exact(column.as_str()),
            Conjunct::Expression(_) | Conjunct::Values { .. } => Pushed::No,
        });
        assert_eq!((offered.conjuncts, offered.limit), (vec!["a", "b"], Some(3)));
    }
}
