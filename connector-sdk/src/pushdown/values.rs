//! Conditions as values and as bounds, for sources that speak no SQL.

use std::{cmp::Ordering, ops::Bound};

use arrow::array::{Array as _, ArrayRef};
use athena_protocol::predicate::{Bound as MarkerBound, Marker, ValueSet};

use super::{Conjunct, Literal, comparison::parse_comparison, sql::point};

impl Conjunct<'_> {
    /// Returns the column that the condition is about, if it is a single one that is compared with
    /// constants.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use athena_connector_sdk::{Conjunct, arrow::array::StringArray, predicate::*};
    /// # let values = Arc::new(StringArray::from(vec!["open", "paid"]));
    /// # let set = ValueSet::Equatable(EquatableValueSet { values, inclusive: true, null_allowed: false });
    /// // WHERE status IN ('open', 'paid')
    /// let conjunct = Conjunct::Values { column: "status", set: &set };
    /// assert_eq!(conjunct.column(), Some("status"));
    /// ```
    pub fn column(&self) -> Option<&str> {
        match *self {
            Self::Values { column, .. } => Some(column),
            Self::Expression(expression) => Some(parse_comparison(expression)?.0),
        }
    }

    /// Returns the values of which `column` has one if the condition is true: exactly these, for
    /// `=` and `IN`.
    ///
    /// `None` if the condition involves another column, admits null, or is true for more values
    /// than can be listed.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use athena_connector_sdk::{Conjunct, arrow::array::StringArray, predicate::*};
    /// # let values = Arc::new(StringArray::from(vec!["open", "paid"]));
    /// # let set = ValueSet::Equatable(EquatableValueSet { values, inclusive: true, null_allowed: false });
    /// // WHERE status IN ('open', 'paid')
    /// let conjunct = Conjunct::Values { column: "status", set: &set };
    /// let values = conjunct.values("status").unwrap_or_default();
    /// let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
    /// assert_eq!(texts.join(","), "open,paid");
    /// ```
    pub fn values(&self, column: &str) -> Option<Vec<Literal>> {
        let set = self.values_of(column)?;
        if set.null_allowed() {
            return None;
        }
        match set.as_ref() {
            ValueSet::Equatable(list) if list.inclusive => {
                (0..list.values.len()).map(|row| Literal::of(&list.values, row)).collect()
            }
            ValueSet::SortedRange(set) => {
                set.ranges.iter().map(|range| Literal::of(point(range)?, 0)).collect()
            }
            ValueSet::Equatable(_) | ValueSet::AllOrNone(_) => None,
        }
    }

    /// Returns the lowest and the highest value that `column` can have if the condition is true.
    ///
    /// Values between them may be excluded, so report
    /// [`Pushed::Superset`](super::Pushed::Superset), unless the source applies both bounds and
    /// the condition is a single comparison or `BETWEEN`. Texts are ordered by code points, as in
    /// Athena: a source with another collation must not use their bounds.
    ///
    /// `None` if the condition involves another column, admits null, or has no bound.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use athena_connector_sdk::{Conjunct, arrow, predicate::*};
    /// # use arrow::{array::{ArrayRef, Int64Array}, datatypes::DataType};
    /// # let value: ArrayRef = Arc::new(Int64Array::from(vec![100]));
    /// # let low = Marker::new(Bound::Above, value);
    /// # let ranges = vec![Range { low, high: Marker::upper_unbounded(DataType::Int64) }];
    /// # let set = ValueSet::SortedRange(SortedRangeSet { data_type: DataType::Int64, ranges, null_allowed: false });
    /// use std::ops::Bound::{Excluded, Unbounded};
    /// # use athena_connector_sdk::Literal;
    ///
    /// // WHERE amount > 100
    /// let conjunct = Conjunct::Values { column: "amount", set: &set };
    /// let bounds = conjunct.bounds("amount");
    /// assert_eq!(bounds, Some((Excluded(Literal::Integer(100)), Unbounded)));
    /// ```
    pub fn bounds(&self, column: &str) -> Option<(Bound<Literal>, Bound<Literal>)> {
        let set = self.values_of(column)?;
        if set.null_allowed() {
            return None;
        }
        let bounds = match set.as_ref() {
            ValueSet::SortedRange(set) => {
                (bound(&set.ranges.first()?.low)?, bound(&set.ranges.last()?.high)?)
            }
            ValueSet::Equatable(list) if list.inclusive => {
                let values: Vec<Literal> = (0..list.values.len())
                    .map(|row| Literal::of(&list.values, row))
                    .collect::<Option<_>>()?;
                let extreme = |wanted: Ordering| {
                    values.iter().try_fold(values.first()?, |extreme, value| {
                        let order = value.compare(extreme)?;
                        Some(if order == wanted { value } else { extreme })
                    })
                };
                let (low, high) = (extreme(Ordering::Less)?, extreme(Ordering::Greater)?);
                (Bound::Included(low.clone()), Bound::Included(high.clone()))
            }
            ValueSet::Equatable(_) | ValueSet::AllOrNone(_) => return None,
        };
        (bounds != (Bound::Unbounded, Bound::Unbounded)).then_some(bounds)
    }
}

/// Converts one end of a range; `None` for a value without a literal.
fn bound(marker: &Marker) -> Option<Bound<Literal>> {
    if marker.is_unbounded() {
        return Some(Bound::Unbounded);
    }
    let value: &ArrayRef = marker.value.as_ref().filter(|value| !value.is_empty())?;
    let value = Literal::of(value, 0)?;
    Some(match marker.bound {
        MarkerBound::Exactly => Bound::Included(value),
        MarkerBound::Above | MarkerBound::Below => Bound::Excluded(value),
    })
}

#[cfg(test)]
mod tests {
    use std::{ops::Bound::*, sync::Arc};

    use arrow::array::{Date32Array, Decimal128Array, Float64Array, StringArray};
    use athena_protocol::predicate::{EquatableValueSet, Expression, functions};

    use super::*;

    fn list(values: ArrayRef, inclusive: bool, null_allowed: bool) -> ValueSet {
        ValueSet::Equatable(EquatableValueSet { values, inclusive, null_allowed })
    }

    #[test]
    fn values_and_bounds_of_a_list_are_those_of_its_type() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["b", "a", "c"]));
        let set = list(texts, true, false);
        let conjunct = Conjunct::Values { column: "s", set: &set };
        assert_eq!(conjunct.values("s").unwrap().len(), 3);
        let text = |text: &str| Literal::Text(text.to_owned());
        assert_eq!(conjunct.bounds("s"), Some((Included(text("a")), Included(text("c")))));
        assert_eq!((conjunct.values("t"), conjunct.bounds("t")), (None, None));
        let amounts = Decimal128Array::from(vec![250, -100]).with_precision_and_scale(10, 2);
        let set = list(Arc::new(amounts.unwrap()), true, false);
        let conjunct = Conjunct::Values { column: "d", set: &set };
        let decimal = |digits| Literal::Decimal { digits, scale: 2 };
        assert_eq!(conjunct.bounds("d"), Some((Included(decimal(-100)), Included(decimal(250)))));
    }

    #[test]
    fn conditions_that_values_cannot_describe_have_none() {
        let nan: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN]));
        let dates: ArrayRef = Arc::new(Date32Array::from(vec![1, 2]));
        for set in [
            list(nan, true, false),
            list(Arc::clone(&dates), false, false),
            list(dates, true, true),
        ] {
            let conjunct = Conjunct::Values { column: "c", set: &set };
            assert_eq!((conjunct.values("c"), conjunct.bounds("c")), (None, None), "{set:?}");
        }
    }

    #[test]
    fn a_comparison_in_an_expression_is_the_same_as_a_set() {
        let value: ArrayRef = Arc::new(Date32Array::from(vec![19_782]));
        let data_type = value.data_type().clone();
        let compare = |function: &str| Expression::Call {
            function: function.into(),
            arguments: vec![
                Expression::Variable { column: "day".into(), data_type: data_type.clone() },
                Expression::Constant {
                    values: Some(Arc::clone(&value)),
                    data_type: data_type.clone(),
                },
            ],
            data_type: arrow::datatypes::DataType::Boolean,
        };
        let day = || Literal::Date(19_782);
        let equal = compare(functions::EQUAL);
        let conjunct = Conjunct::Expression(&equal);
        assert_eq!((conjunct.column(), conjunct.values("day")), (Some("day"), Some(vec![day()])));
        for (function, expected) in [
            (functions::LESS_THAN, (Unbounded, Excluded(day()))),
            (functions::GREATER_THAN_OR_EQUAL, (Included(day()), Unbounded)),
        ] {
            let expression = compare(function);
            let conjunct = Conjunct::Expression(&expression);
            assert_eq!(conjunct.bounds("day"), Some(expected));
            assert_eq!(conjunct.values("day"), None);
        }
        let different = compare(functions::NOT_EQUAL);
        assert_eq!(Conjunct::Expression(&different).bounds("day"), None);
    }
}
