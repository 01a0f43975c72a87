//! Random predicates on random rows compared with the oracle: no row lost, no row added, and
//! failures exactly where they are due.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, Int64Array, StringArray},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use athena_protocol::predicate::{
    AllOrNoneValueSet, Bound, Constraints, EquatableValueSet, Expression, Marker, Range,
    SortedRangeSet, ValueSet,
};

use super::{
    build::COMPARISONS,
    sample::{Rng, batch, decimal, packed, pools, rows},
    tally::Tally,
};

/// Returns the columns whose values, and constants of whose types, compare with a column.
fn comparable(column: &str) -> &'static [&'static str] {
    match column {
        "i8" | "i16" => &["i8", "i16", "i32", "i64", "dec2", "dec0", "dec38", "f32", "f64"],
        "i32" => &["i8", "i16", "i32", "i64", "dec2", "dec0", "f64"],
        "i64" => &["i8", "i16", "i32", "i64", "dec2", "dec0", "dec38"],
        "f32" => &["f32", "f64", "i8", "i16"],
        "f64" => &["f32", "f64", "i8", "i16", "i32"],
        "dec2" | "dec0" | "dec38" => &["dec2", "dec0", "dec38", "i8", "i16", "i32", "i64"],
        "day" | "milli" => &["day", "milli"],
        "bool" => &["bool"],
        "text" => &["text"],
        "bytes" => &["bytes"],
        "instant" => &["instant"],
        other => panic!("no column {other}"),
    }
}

const PATTERNS: [&str; 14] = [
    "%",
    "a%",
    "%c",
    "%a%",
    "_",
    "__",
    "a_c",
    "%_%",
    "",
    "a\\%c",
    "a#%c",
    "%\u{1d11e}%",
    "_%b_",
    "a",
];

struct Generator {
    rng: Rng,
    pools: BTreeMap<&'static str, ArrayRef>,
    columns: Vec<&'static str>,
}

impl Generator {
    fn new(seed: u64) -> Self {
        let pools: BTreeMap<_, _> = pools().into_iter().collect();
        Self { rng: Rng::new(seed), columns: pools.keys().copied().collect(), pools }
    }

    /// Returns one row of a pool in wire form.
    fn value(&mut self, pool: &str) -> ArrayRef {
        let pool = Arc::clone(&self.pools[pool]);
        let row = self.rng.below(pool.len());
        self.wire_form(&pool.slice(row, 1))
    }

    fn wire_form(&mut self, values: &ArrayRef) -> ArrayRef {
        match values.data_type() {
            DataType::Timestamp(_, _) => packed(values, *self.rng.pick(&[0, 541, 1_847])),
            _ => Arc::clone(values),
        }
    }

    fn marker(&mut self, column: &str, bounds: [Bound; 2], unbounded: Marker) -> Marker {
        match self.rng.below(20) {
            0..5 => unbounded,
            5 => Marker {
                data_type: DataType::Null,
                bound: Bound::Exactly,
                value: None,
                null_value: true,
            },
            _ => {
                let pool = self.rng.pick(comparable(column));
                let bound = *self.rng.pick(&bounds);
                Marker::new(bound, self.value(pool))
            }
        }
    }

    fn set(&mut self, column: &str) -> ValueSet {
        let data_type = self.pools[column].data_type().clone();
        let null_allowed = self.rng.chance(50);
        match self.rng.below(5) {
            0 => ValueSet::AllOrNone(AllOrNoneValueSet {
                data_type,
                all: self.rng.chance(60),
                null_allowed,
            }),
            1 | 2 => {
                let pool = Arc::clone(&self.pools[*self.rng.pick(comparable(column))]);
                let count = *self.rng.pick(&[0, 1, 3, 40]);
                let values = rows(&pool, count, &mut self.rng);
                let values = self.wire_form(&values);
                ValueSet::Equatable(EquatableValueSet {
                    values,
                    inclusive: self.rng.chance(60),
                    null_allowed,
                })
            }
            _ => {
                let mut ranges = Vec::new();
                for _ in 0..*self.rng.pick(&[0, 1, 1, 2, 3, 6]) {
                    ranges.push(self.range(column));
                }
                if self.rng.chance(10) {
                    ranges.extend((0..40).map(|_| {
                        let value = self.value(column);
                        Range::equal(value)
                    }));
                }
                ValueSet::SortedRange(SortedRangeSet { data_type, ranges, null_allowed })
            }
        }
    }

    fn range(&mut self, column: &str) -> Range {
        let data_type = self.pools[column].data_type().clone();
        Range {
            low: self.marker(
                column,
                [Bound::Exactly, Bound::Above],
                Marker::lower_unbounded(data_type.clone()),
            ),
            high: self.marker(
                column,
                [Bound::Exactly, Bound::Below],
                Marker::upper_unbounded(data_type),
            ),
        }
    }

    fn condition(&mut self, depth: usize) -> Expression {
        if depth > 0 && self.rng.chance(60) {
            let function = *self.rng.pick(&["$and", "$or", "$not"]);
            let arms = if function == "$not" { 1 } else { 1 + self.rng.below(3) };
            let arms = (0..arms).map(|_| self.condition(depth - 1)).collect();
            return call(function, arms, DataType::Boolean);
        }
        match self.rng.below(12) {
            0 => call("$is_null", vec![self.any_column()], DataType::Boolean),
            1 => self.variable("bool"),
            2 => constant(self.nullable("bool")),
            3 | 4 => self.membership(),
            5 => self.like(),
            6 => {
                let (column, other) = self.comparable_pair();
                let nullif = call(
                    "$nullif",
                    vec![self.variable(column), other],
                    self.pools[column].data_type().clone(),
                );
                call("$is_null", vec![nullif], DataType::Boolean)
            }
            7 | 8 => self.arithmetic_condition(),
            _ => {
                let (column, other) = self.comparable_pair();
                let mut arguments = vec![self.variable(column), other];
                if self.rng.chance(30) {
                    arguments.swap(0, 1);
                }
                call(self.rng.pick::<&str>(&COMPARISONS), arguments, DataType::Boolean)
            }
        }
    }

    fn any_column(&mut self) -> Expression {
        let column = *self.rng.pick(&self.columns);
        self.variable(column)
    }

    fn variable(&self, column: &str) -> Expression {
        Expression::Variable {
            column: column.to_owned(),
            data_type: self.pools[column].data_type().clone(),
        }
    }

    fn nullable(&mut self, pool: &str) -> ArrayRef {
        let pool = Arc::clone(&self.pools[pool]);
        let value = rows(&pool, 1, &mut self.rng);
        self.wire_form(&value)
    }

    /// Picks a column, and a column or constant that compares with it.
    fn comparable_pair(&mut self) -> (&'static str, Expression) {
        let column = *self.rng.pick(&self.columns);
        let other = *self.rng.pick(comparable(column));
        let other =
            if self.rng.chance(30) { self.variable(other) } else { constant(self.nullable(other)) };
        (column, other)
    }

    fn membership(&mut self) -> Expression {
        let column = *self.rng.pick(&self.columns);
        let mut items = Vec::new();
        for _ in 0..=self.rng.below(3) {
            let pool = *self.rng.pick(comparable(column));
            items.push(match self.rng.below(4) {
                0 => self.variable(pool),
                1 => {
                    let pool = Arc::clone(&self.pools[pool]);
                    let several = rows(&pool, 20, &mut self.rng);
                    constant(self.wire_form(&several))
                }
                _ => constant(self.nullable(pool)),
            });
        }
        let list = call("$array", items, DataType::Null);
        call("$in", vec![self.variable(column), list], DataType::Boolean)
    }

    fn like(&mut self) -> Expression {
        let pattern = *self.rng.pick(&PATTERNS);
        let mut arguments = vec![self.variable("text"), text(pattern)];
        // A backslash before "%" is a legal escape in each pattern that contains one, and so is
        // "#".
        if self.rng.chance(40) {
            arguments.push(text(self.rng.pick::<&str>(&["\\", "#"])));
        }
        call("$like_pattern", arguments, DataType::Boolean)
    }

    fn arithmetic_condition(&mut self) -> Expression {
        let operation = *self.rng.pick(&["$add", "$subtract", "$multiply", "$divide", "$modulus"]);
        let (left, right, data_type, compared) = match self.rng.below(4) {
            0 => {
                let types = ["i8", "i16", "i32", "i64"];
                let left = self.rng.below(4);
                let right = self.rng.below(4);
                let data_type = self.pools[types[left.max(right)]].data_type().clone();
                (types[left], self.operand(types[right]), data_type, "i64")
            }
            1 => {
                let right = *self.rng.pick(&["f64", "i32", "f32"]);
                ("f64", self.operand(right), DataType::Float64, "f64")
            }
            2 => ("f32", self.operand("f32"), DataType::Float32, "f32"),
            _ => {
                let (right, right_scale) = if self.rng.chance(50) {
                    let digits = *self.rng.pick(&[
                        Some(0),
                        Some(1),
                        Some(-5),
                        Some(33_333),
                        Some(12_500),
                        None,
                    ]);
                    (constant(decimal(vec![digits], 6, 4)), 4)
                } else {
                    (self.operand("i8"), 0)
                };
                let scale =
                    if operation == "$multiply" { 2 + right_scale } else { 2.max(right_scale) };
                ("dec2", right, DataType::Decimal128(38, scale), "dec2")
            }
        };
        let mut result = call(operation, vec![self.variable(left), right], data_type.clone());
        if self.rng.chance(30) {
            result = call("$negate", vec![result], data_type);
        }
        let other = constant(self.nullable(compared));
        call(self.rng.pick::<&str>(&COMPARISONS), vec![result, other], DataType::Boolean)
    }

    fn operand(&mut self, column: &'static str) -> Expression {
        if self.rng.chance(50) { self.variable(column) } else { constant(self.nullable(column)) }
    }

    /// Creates rows that are numbered in column `id`.
    fn numbered(&mut self, len: usize) -> RecordBatch {
        let batch = batch(len, &mut self.rng);
        let mut fields: Vec<_> = batch.schema_ref().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new("id", DataType::Int64, false)));
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new((0_i64..).take(len).collect::<Int64Array>()));
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("columns of one length")
    }
}

fn call(function: &str, arguments: Vec<Expression>, data_type: DataType) -> Expression {
    Expression::Call { function: function.to_owned(), arguments, data_type }
}

fn constant(values: ArrayRef) -> Expression {
    Expression::Constant { data_type: values.data_type().clone(), values: Some(values) }
}

fn text(value: &str) -> Expression {
    constant(Arc::new(StringArray::from(vec![value])))
}

#[test]
fn value_sets_keep_exactly_the_rows_of_the_oracle() {
    let mut tally = Tally::default();
    for seed in 0..150 {
        let mut random = Generator::new(seed);
        let batch = random.numbered(60);
        for column in random.columns.clone() {
            let summary = BTreeMap::from([(column.to_owned(), random.set(column))]);
            tally.check(&Constraints { summary, ..Constraints::default() }, &batch);
        }
    }
    assert!(tally.kept > 25_000 && tally.dropped > 25_000, "{} and {}", tally.kept, tally.dropped);
}

#[test]
fn expressions_keep_exactly_the_rows_of_the_oracle() {
    let mut tally = Tally::default();
    for seed in 1_000..1_200 {
        let mut random = Generator::new(seed);
        let batch = random.numbered(40).slice(3, 35);
        for _ in 0..12 {
            let expressions = vec![random.condition(3)];
            tally.check(&Constraints { expressions, ..Constraints::default() }, &batch);
        }
    }
    assert!(tally.kept > 10_000 && tally.dropped > 10_000, "{} and {}", tally.kept, tally.dropped);
    assert!(tally.failed > 500, "{}", tally.failed);
}

#[test]
fn sets_and_expressions_together_keep_exactly_the_rows_of_the_oracle() {
    let mut tally = Tally::default();
    for seed in 5_000..5_400 {
        let mut random = Generator::new(seed);
        let batch = random.numbered(40);
        for _ in 0..3 {
            let column = *random.rng.pick(&random.columns);
            let summary = BTreeMap::from([(column.to_owned(), random.set(column))]);
            let expressions = (0..random.rng.below(3)).map(|_| random.condition(2)).collect();
            tally.check(&Constraints { summary, expressions, ..Constraints::default() }, &batch);
        }
    }
    assert!(tally.kept > 1_000 && tally.failed > 50, "{} and {}", tally.kept, tally.failed);
}
