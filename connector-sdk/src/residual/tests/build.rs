//! Builders of batches, sets and expressions for tests.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, StringArray},
    datatypes::{DataType, Int64Type},
    record_batch::RecordBatch,
};
use athena_protocol::predicate::{
    Bound, Constraints, EquatableValueSet, Expression, Marker, Range, SortedRangeSet, ValueSet,
};

use crate::{Result, residual::Residual};

/// Functions that compare two values.
pub(super) const COMPARISONS: [&str; 7] = [
    "$equal",
    "$not_equal",
    "$less_than",
    "$less_than_or_equal",
    "$greater_than",
    "$greater_than_or_equal",
    "$is_distinct_from",
];

/// Creates a batch of column `c` and row numbers.
pub(super) fn rows(c: ArrayRef) -> RecordBatch {
    let id: ArrayRef = Arc::new((0_i64..).take(c.len()).collect::<Int64Array>());
    RecordBatch::try_from_iter_with_nullable([("c", c, true), ("id", id, false)])
        .expect("two columns")
}

pub(super) fn ids(batch: &RecordBatch) -> Vec<i64> {
    batch.column_by_name("id").expect("numbered rows").as_primitive::<Int64Type>().values().to_vec()
}

pub(super) fn filter(constraints: &Constraints, batch: &RecordBatch) -> Result<Vec<i64>> {
    let residual = Residual::try_new(constraints, batch.schema_ref())?;
    assert!(residual.is_complete(), "{:?}", residual.unevaluated());
    residual.filter(batch).map(|batch| ids(&batch))
}

/// Returns the rows of `c` that pass the set.
#[track_caller]
pub(super) fn in_set(c: &ArrayRef, set: ValueSet) -> Vec<i64> {
    let summary = BTreeMap::from([("c".to_owned(), set)]);
    filter(&Constraints { summary, ..Constraints::default() }, &rows(Arc::clone(c)))
        .expect("no failure")
}

/// Returns the rows of `c` for which the expression is true.
#[track_caller]
pub(super) fn true_on(c: &ArrayRef, expression: Expression) -> Vec<i64> {
    filter(&conditions([expression]), &rows(Arc::clone(c))).expect("no failure")
}

pub(super) fn conditions(expressions: impl Into<Vec<Expression>>) -> Constraints {
    Constraints { expressions: expressions.into(), ..Constraints::default() }
}

pub(super) fn call(function: &str, arguments: impl Into<Vec<Expression>>) -> Expression {
    typed(function, arguments, DataType::Boolean)
}

pub(super) fn typed(
    function: &str,
    arguments: impl Into<Vec<Expression>>,
    data_type: DataType,
) -> Expression {
    Expression::Call { function: function.to_owned(), arguments: arguments.into(), data_type }
}

pub(super) fn column(name: &str) -> Expression {
    Expression::Variable { column: name.to_owned(), data_type: DataType::Null }
}

pub(super) fn constant(values: impl Array + 'static) -> Expression {
    shared(Arc::new(values))
}

pub(super) fn shared(values: ArrayRef) -> Expression {
    Expression::Constant { data_type: values.data_type().clone(), values: Some(values) }
}

pub(super) fn int(value: i32) -> Expression {
    constant(Int32Array::from(vec![value]))
}

pub(super) fn text(value: &str) -> Expression {
    constant(StringArray::from(vec![value]))
}

pub(super) fn ranges(ranges: Vec<Range>) -> ValueSet {
    ValueSet::SortedRange(SortedRangeSet { data_type: DataType::Null, ranges, null_allowed: false })
}

pub(super) fn range(low: (Bound, ArrayRef), high: (Bound, ArrayRef)) -> Range {
    Range { low: Marker::new(low.0, low.1), high: Marker::new(high.0, high.1) }
}

pub(super) fn above(bound: Bound, value: ArrayRef) -> Range {
    let data_type = value.data_type().clone();
    Range { low: Marker::new(bound, value), high: Marker::upper_unbounded(data_type) }
}

pub(super) fn below(bound: Bound, value: ArrayRef) -> Range {
    let data_type = value.data_type().clone();
    Range { low: Marker::lower_unbounded(data_type), high: Marker::new(bound, value) }
}

pub(super) fn list(values: ArrayRef, inclusive: bool, null_allowed: bool) -> ValueSet {
    ValueSet::Equatable(EquatableValueSet { values, inclusive, null_allowed })
}

pub(super) fn doubles(values: impl Into<Vec<f64>>) -> ArrayRef {
    Arc::new(Float64Array::from(values.into()))
}
