//! Constraints of probes, from the values and the rows of a split.

use athena_protocol::predicate::{Constraints, OrderByField, ValueSet};

use super::{
    Generator, Pool, Rng,
    expression::Conditions,
    probe::{Form, Limit, Question},
    value_set::{self, Bounds},
};
use crate::oracle::{Cell, Row, order_by_cmp};

impl Generator<'_> {
    /// Generates the constraints of a probe of a split with these rows; `None` if the split has no
    /// value for it.
    pub(crate) fn question(
        &self,
        question: Question,
        rows: &[Row],
        rng: &mut Rng,
    ) -> Option<Constraints> {
        let mut constraints = Constraints::default();
        match question {
            Question::Set(column, form) => {
                let pool = &self.pools[column];
                constraints.summary.insert(pool.name.clone(), set_of(pool, form, None, rng)?);
            }
            Question::Pair(columns, forms) => {
                // Ranges from the middle, so that some rows pass only one of the two conditions.
                let row = match forms {
                    [Form::AtLeast, _] => None,
                    _ => row_with(&columns, rows, rng),
                };
                for (column, form) in columns.into_iter().zip(forms) {
                    let pool = &self.pools[column];
                    let set = match row {
                        Some(row) => set_of(pool, form, Some(&row[column]), rng)?,
                        None => set_of(pool, form, pool.low_value(), rng)?,
                    };
                    constraints.summary.insert(pool.name.clone(), set);
                }
            }
            Question::Every(form) => {
                let row = if rows.is_empty() { return None } else { rng.choose(rows) };
                for (pool, cell) in self.pools.iter().zip(row) {
                    if !pool.is_scalar() || cell.is_nan() {
                        continue;
                    }
                    let set = if form == Form::ListOfAll && pool.own().len() > 0 {
                        value_set::or_null(pool, set_of(pool, form, None, rng)?)
                    } else if cell.is_null() {
                        value_set::null_test(pool, true)
                    } else {
                        set_of(pool, form, Some(cell), rng)?
                    };
                    constraints.summary.insert(pool.name.clone(), set);
                }
            }
            Question::Function(column, number) => {
                let function = self.announced.functions.iter().nth(number)?;
                let condition = self.conditions().with_function(column, function, rng)?;
                constraints.expressions.push(condition);
            }
            Question::Comparison(left, right) => {
                constraints.expressions.push(self.conditions().of_columns(left, right, rng)?);
            }
            Question::Limit(limit) => self.add_limit(&mut constraints, limit, rows.len(), rng)?,
            Question::TopN(column, direction, condition) => {
                if let Some(condition) = condition {
                    let pool = &self.pools[condition];
                    let value = row_with(&[condition], rows, rng).map(|row| &row[condition]);
                    constraints
                        .summary
                        .insert(pool.name.clone(), set_of(pool, Form::Equal, value, rng)?);
                }
                let column_name = Some(self.pools[column].name.clone());
                constraints.order_by.push(OrderByField { column_name, direction });
                constraints.limit = Some(1 + rng.below(3) as u64);
            }
        }
        Some(constraints)
    }

    fn conditions(&self) -> Conditions<'_> {
        Conditions { pools: self.pools, functions: &self.announced.functions }
    }

    fn add_limit(
        &self,
        constraints: &mut Constraints,
        limit: Limit,
        rows: usize,
        rng: &mut Rng,
    ) -> Option<()> {
        constraints.limit = Some(match limit {
            Limit::None => 0,
            Limit::One => 1,
            Limit::Rows(more) => (rows as u64).saturating_add_signed(more),
            Limit::Passing(column, form) => {
                let pool = &self.pools[column];
                constraints.summary.insert(pool.name.clone(), set_of(pool, form, None, rng)?);
                1 + rng.below(2) as u64
            }
        });
        Some(())
    }
}

/// Chooses a row without null in `columns`, or any.
fn row_with<'a>(columns: &[usize], rows: &'a [Row], rng: &mut Rng) -> Option<&'a Row> {
    const ATTEMPTS: usize = 8;
    if rows.is_empty() {
        return None;
    }
    let usable = |row: &&Row| columns.iter().all(|column| !row[*column].is_null());
    (0..ATTEMPTS).map(|_| rng.choose(rows)).find(usable)
}

/// Builds a set of a form on the column of `pool`, around `value` or a value of the pool; `None`
/// if the pool has too few values.
fn set_of(pool: &Pool, form: Form, value: Option<&Cell>, rng: &mut Rng) -> Option<ValueSet> {
    match form {
        Form::Null => return Some(value_set::null_test(pool, true)),
        Form::NotNull => return Some(value_set::null_test(pool, false)),
        Form::AllOrNone => return Some(value_set::any(pool, rng)),
        _ => {}
    }
    let (least, greatest) = pool.extremes()?;
    let value = match value.filter(|value| !value.is_null() && !value.is_nan()) {
        Some(value) => value,
        None => pool.own_value(rng)?,
    };
    let other = pool.own_value(rng)?;
    let few: Vec<&Cell> = [value, other, pool.own_value(rng)?].into();
    // Of two values, one must stay.
    let excluded = if pool.own().len() > 2 { &few[..2] } else { &few[..1] };
    let bounds = |bounds: Bounds<'_>, null| value_set::bounded(pool, &[bounds], null);
    Some(match form {
        Form::Equal => value_set::one_of(pool, &[value], false),
        Form::EqualOrNull => value_set::one_of(pool, &[value], true),
        Form::Least => value_set::one_of(pool, &[least], false),
        Form::Greatest => value_set::one_of(pool, &[greatest], false),
        Form::Neighbor => value_set::one_of(pool, &[pool.value_near(value, rng)], false),
        Form::In => value_set::one_of(pool, &few, false),
        Form::InAll => value_set::one_of(pool, &pool.own().collect::<Vec<_>>(), false),
        Form::ListOfAll => {
            let mut all: Vec<&Cell> = pool.own().collect();
            rng.shuffle(&mut all);
            value_set::listed(pool, &all, true)
        }
        Form::Unlisted => value_set::listed(pool, excluded, false),
        Form::NotIn => value_set::none_of(pool, excluded),
        Form::Between => bounds(Bounds::closed(value, other), false),
        Form::BetweenNeighbors => {
            let near = pool.value_near(value, rng);
            bounds(Bounds::closed(near, pool.value_near(other, rng)), false)
        }
        Form::InsideExtremes => bounds(Bounds::open(Some(least), Some(greatest)), false),
        Form::AtLeastGreatest => bounds(Bounds::at_least(greatest), false),
        Form::AtMostLeast => bounds(Bounds::at_most(least), false),
        Form::AtLeast => bounds(Bounds::at_least(value), false),
        Form::AtMost => bounds(Bounds::at_most(value), false),
        Form::AtMostOrNull => bounds(Bounds::at_most(value), true),
        Form::Above => bounds(Bounds::open(Some(value), None), false),
        Form::Below => bounds(Bounds::open(None, Some(value)), false),
        Form::TwoRanges => {
            let mut ends: Vec<&Cell> = few;
            ends.push(pool.own_value(rng)?);
            ends.sort_by(|left, right| order_by_cmp(left, right));
            ends.dedup_by(|left, right| order_by_cmp(left, right).is_eq());
            let ranges: Vec<_> =
                ends.chunks(2).map(|ends| Bounds::closed(ends[0], ends[ends.len() - 1])).collect();
            value_set::bounded(pool, &ranges, false)
        }
        Form::Null | Form::NotNull | Form::AllOrNone => unreachable!("handled above"),
    })
}
