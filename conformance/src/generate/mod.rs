//! Generated predicates, orders and limits over the values of a table, reproducible by seed.

mod expression;
mod plan;
mod pool;
mod probe;
mod question;
mod rng;
mod value_set;

pub(crate) use expression::untestable_functions;
pub(crate) use pool::Pool;
pub(crate) use probe::{Probe, Question, Survey};
pub(crate) use rng::Rng;

use athena_client::Capabilities;
use athena_protocol::predicate::{Constraints, Direction, OrderByField};

/// Kinds of constraints in a case.
///
/// Value sets are sent to every connector, all others only if the function announces them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Only value sets.
    Sets,
    /// Expressions, and possibly value sets.
    Expressions,
    /// A predicate and a limit.
    Limit,
    /// A predicate, an order and a limit.
    TopN,
}

impl Shape {
    /// Returns the shapes that may be sent to a function, [`Self::Sets`] first.
    pub(crate) fn for_capabilities(announced: &Capabilities) -> Vec<Self> {
        let mut shapes = vec![Self::Sets];
        shapes.extend((!announced.functions.is_empty()).then_some(Self::Expressions));
        shapes.extend(announced.limit.then_some(Self::Limit));
        shapes.extend(announced.top_n.then_some(Self::TopN));
        shapes
    }
}

/// Constraints with a query plan.
#[derive(Debug)]
pub(crate) struct PlannedConstraints {
    pub(crate) constraints: Constraints,
    /// Whether only the plan has the expressions, so that a connector that ignores plans cannot
    /// apply them.
    pub(crate) is_plan_only: bool,
}

/// Generator of constraints on one table.
#[derive(Debug)]
pub(crate) struct Generator<'a> {
    pub(crate) pools: &'a [Pool],
    pub(crate) announced: &'a Capabilities,
}

impl Generator<'_> {
    /// Generates the constraints of one case.
    pub(crate) fn constraints(&self, shape: Shape, rng: &mut Rng) -> Constraints {
        let mut constraints = Constraints::default();
        match shape {
            Shape::Sets => self.add_sets(&mut constraints, rng, 1),
            Shape::Expressions => {
                self.add_sets(&mut constraints, rng, 0);
                self.add_expressions(&mut constraints, rng);
            }
            Shape::Limit | Shape::TopN => {
                self.add_sets(&mut constraints, rng, 0);
                if !self.announced.functions.is_empty() && rng.chance(30) {
                    self.add_expressions(&mut constraints, rng);
                }
                constraints.limit = Some(*rng.choose(&[0, 1, 2, 3, 5, 10, 40, 1_000]));
            }
        }
        if shape == Shape::TopN {
            self.add_order(&mut constraints, rng);
        }
        constraints
    }

    /// Adds an equivalent query plan, as an engine of version 6 does; `None` if no plan can
    /// express the constraints.
    pub(crate) fn with_plan(
        &self,
        constraints: &Constraints,
        rng: &mut Rng,
    ) -> Option<PlannedConstraints> {
        let query_plan = Some(plan::plan_of(constraints, self.pools)?);
        // A limit counts the rows that pass, so it must come with the predicate.
        let is_plan_only =
            constraints.limit.is_none() && !constraints.expressions.is_empty() && rng.chance(30);
        let mut constraints = Constraints { query_plan, ..constraints.clone() };
        if is_plan_only {
            constraints.expressions.clear();
        }
        Some(PlannedConstraints { constraints, is_plan_only })
    }

    /// Generates a value set on one of the columns in `names`, for partition pruning; `None` if
    /// there is no such column.
    pub(crate) fn value_set_on(&self, names: &[String], rng: &mut Rng) -> Option<Constraints> {
        let pools: Vec<&Pool> =
            self.pools.iter().filter(|pool| names.contains(&pool.name)).collect();
        let pool = pools.get(rng.below(pools.len().max(1)))?;
        let summary = [(pool.name.clone(), value_set::value_set(pool, self.announced, rng))].into();
        Some(Constraints { summary, ..Constraints::default() })
    }

    fn add_sets(&self, constraints: &mut Constraints, rng: &mut Rng, least: usize) {
        for _ in 0..least + rng.below(3) {
            if let Some(pool) = self.pools.get(rng.below(self.pools.len().max(1))) {
                constraints
                    .summary
                    .insert(pool.name.clone(), value_set::value_set(pool, self.announced, rng));
            }
        }
    }

    fn add_expressions(&self, constraints: &mut Constraints, rng: &mut Rng) {
        let conditions =
            expression::Conditions { pools: self.pools, functions: &self.announced.functions };
        for _ in 0..=rng.below(2) {
            constraints.expressions.extend(conditions.condition(2, rng));
        }
    }

    fn add_order(&self, constraints: &mut Constraints, rng: &mut Rng) {
        let pools: Vec<&Pool> = self.pools.iter().filter(|pool| pool.is_scalar()).collect();
        for _ in 0..=rng.below(2) {
            let Some(pool) = pools.get(rng.below(pools.len().max(1))) else { return };
            let known = constraints
                .order_by
                .iter()
                .any(|field| field.column_name.as_ref() == Some(&pool.name));
            if !known {
                let direction = Direction::new(rng.chance(50), rng.chance(50));
                constraints
                    .order_by
                    .push(OrderByField { column_name: Some(pool.name.clone()), direction });
            }
        }
    }
}
