//! Predicates, orders and limits made from a table's own values: the same for the same seed.

mod dice;
mod expression;
mod plan;
mod pool;
mod value_set;

pub(crate) use dice::Dice;
pub(crate) use expression::unasked;
pub(crate) use pool::Pool;

use athena_protocol::predicate::{Constraints, Direction, OrderByField};

use athena_client::Capabilities;

/// What a case asks for: nothing that the function did not announce, but for value sets, which
/// every connector is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Value sets alone.
    Sets,
    /// Expressions, and value sets at times.
    Expressions,
    /// A limit on a predicate.
    Limit,
    /// A limit by an order on a predicate.
    TopN,
}

impl Shape {
    /// The shapes that may be sent to a function.
    pub(crate) fn of(announced: &Capabilities) -> Vec<Self> {
        let mut shapes = vec![Self::Sets];
        shapes.extend((!announced.functions.is_empty()).then_some(Self::Expressions));
        shapes.extend(announced.limit.then_some(Self::Limit));
        shapes.extend(announced.top_n.then_some(Self::TopN));
        shapes
    }
}

/// Constraints with a query plan.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) constraints: Constraints,
    /// Whether the plan alone has the expressions, so that a connector which does not read it
    /// cannot apply them.
    pub(crate) is_alone: bool,
}

/// Makes the constraints of one table.
#[derive(Debug)]
pub(crate) struct Generator<'a> {
    pub(crate) pools: &'a [Pool],
    pub(crate) announced: &'a Capabilities,
}

impl Generator<'_> {
    /// The constraints of one case.
    pub(crate) fn constraints(&self, shape: Shape, dice: &mut Dice) -> Constraints {
        let mut constraints = Constraints::default();
        match shape {
            Shape::Sets => self.add_sets(&mut constraints, dice, 1),
            Shape::Expressions => {
                self.add_sets(&mut constraints, dice, 0);
                self.add_expressions(&mut constraints, dice);
            }
            Shape::Limit | Shape::TopN => {
                self.add_sets(&mut constraints, dice, 0);
                if !self.announced.functions.is_empty() && dice.chance(30) {
                    self.add_expressions(&mut constraints, dice);
                }
                constraints.limit = Some(*dice.pick(&[0, 1, 2, 3, 5, 10, 40, 1_000]));
            }
        }
        if shape == Shape::TopN {
            self.add_order(&mut constraints, dice);
        }
        constraints
    }

    /// The same as an engine of version 6 asks for it: with a query plan that says it too. `None`
    /// where no plan can.
    pub(crate) fn planned(&self, constraints: &Constraints, dice: &mut Dice) -> Option<Planned> {
        let query_plan = Some(plan::plan_of(constraints, self.pools)?);
        // A limit is of the rows that pass, so that what they pass must be said beside it.
        let is_alone =
            constraints.limit.is_none() && !constraints.expressions.is_empty() && dice.chance(30);
        let mut constraints = Constraints { query_plan, ..constraints.clone() };
        if is_alone {
            constraints.expressions.clear();
        }
        Some(Planned { constraints, is_alone })
    }

    /// The same over the columns of `names`, if one of them can be constrained: what partitions are
    /// pruned by.
    pub(crate) fn sets_of(&self, names: &[String], dice: &mut Dice) -> Option<Constraints> {
        let pools: Vec<&Pool> =
            self.pools.iter().filter(|pool| names.contains(&pool.name)).collect();
        let pool = pools.get(dice.below(pools.len().max(1)))?;
        let summary =
            [(pool.name.clone(), value_set::value_set(pool, self.announced, dice))].into();
        Some(Constraints { summary, ..Constraints::default() })
    }

    fn add_sets(&self, constraints: &mut Constraints, dice: &mut Dice, least: usize) {
        for _ in 0..least + dice.below(3) {
            if let Some(pool) = self.pools.get(dice.below(self.pools.len().max(1))) {
                constraints
                    .summary
                    .insert(pool.name.clone(), value_set::value_set(pool, self.announced, dice));
            }
        }
    }

    fn add_expressions(&self, constraints: &mut Constraints, dice: &mut Dice) {
        let conditions =
            expression::Conditions { pools: self.pools, functions: &self.announced.functions };
        for _ in 0..=dice.below(2) {
            constraints.expressions.extend(conditions.condition(2, dice));
        }
    }

    fn add_order(&self, constraints: &mut Constraints, dice: &mut Dice) {
        let pools: Vec<&Pool> = self.pools.iter().filter(|pool| pool.is_scalar()).collect();
        for _ in 0..=dice.below(2) {
            let Some(pool) = pools.get(dice.below(pools.len().max(1))) else { return };
            let known = constraints
                .order_by
                .iter()
                .any(|field| field.column_name.as_ref() == Some(&pool.name));
            if !known {
                let direction = Direction::new(dice.chance(50), dice.chance(50));
                constraints
                    .order_by
                    .push(OrderByField { column_name: Some(pool.name.clone()), direction });
            }
        }
    }
}
