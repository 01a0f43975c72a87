//! Conditions as key ranges and as prefixes, for sources that find rows by key.

use std::borrow::Cow;

use arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{DataType, TimeUnit},
};
use athena_protocol::predicate::{Bound, Expression, Marker, Range, ValueSet, functions};

use super::{Conjunct, comparison::parse_comparison};
use crate::residual::{ValueTest, like_prefix};

/// Half-open range of keys: `start` is included, `end` is not.
///
/// Keys are integers, days since 1970-01-01 or milliseconds since 1970-01-01T00:00:00, by the type
/// of the column. See [`Conjunct::key_ranges`] for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRange {
    /// First key of the range, or `None` without a lower bound.
    pub start: Option<i64>,
    /// First key after the range, or `None` without an upper bound.
    pub end: Option<i64>,
}

impl KeyRange {
    /// Returns whether the range contains exactly one key, its `start`.
    pub fn is_point(&self) -> bool {
        let next = self.start.and_then(|start| start.checked_add(1));
        next.is_some() && self.end == next
    }
}

impl<'a> Conjunct<'a> {
    /// Returns the values of `column` that satisfy the condition, as ascending ranges that neither
    /// overlap nor touch.
    ///
    /// The ranges are exact for integers, dates (days since 1970-01-01) and timestamps
    /// (milliseconds since 1970-01-01T00:00:00; floor finer timestamps of the source before
    /// comparing). An empty list means that no row qualifies.
    ///
    /// Returns `None` if the condition involves another column, admits null, or `column` is of
    /// another type.
    ///
    /// ```
    /// # use std::{collections::BTreeMap, sync::Arc};
    /// # use arrow::{array::{ArrayRef, Int64Array}, datatypes::Schema};
    /// # use athena_connector_sdk::{Pushed, ReadRecords, Split, TableName, arrow, predicate::*};
    /// # let values: ArrayRef = Arc::new(Int64Array::from(vec![7, 5, 6, 20]));
    /// # let set = ValueSet::Equatable(EquatableValueSet { values, inclusive: true, null_allowed: false });
    /// # let constraints = Constraints { summary: BTreeMap::from([("id".to_owned(), set)]), ..Constraints::default() };
    /// # let request = ReadRecords::new(TableName::new("s", "t"), Arc::new(Schema::empty()), Split::new()).with_constraints(constraints);
    /// // WHERE id IN (7, 5, 6, 20)
    /// let plan = request.push_down(|conjunct| conjunct.key_ranges("id").map_or(Pushed::Unsupported, Pushed::Exact));
    /// let ranges: Vec<_> = plan.conjuncts[0].iter().map(|range| (range.start, range.end)).collect();
    /// assert_eq!(ranges, [(Some(5), Some(8)), (Some(20), Some(21))]);
    /// ```
    pub fn key_ranges(&self, column: &str) -> Option<Vec<KeyRange>> {
        let set = self.values_of(column)?;
        let set = set.as_ref();
        if set.null_allowed() {
            return None;
        }
        key_ranges(set)
    }

    /// Returns prefixes such that every value of `column` that satisfies the condition begins with
    /// one of them.
    ///
    /// The prefixes are sorted, distinct and non-empty, and none is a prefix of another. They
    /// describe a superset: report [`Pushed::Superset`](super::Pushed::Superset).
    ///
    /// Returns `None` if the condition involves another column, admits null, or is satisfied by
    /// values without a common prefix.
    ///
    /// ```
    /// # use std::{collections::BTreeMap, sync::Arc};
    /// # use arrow::array::{ArrayRef, StringArray};
    /// # use athena_connector_sdk::{Conjunct, arrow, predicate::*};
    /// # let values: ArrayRef = Arc::new(StringArray::from(vec!["2024-02-29", "2024-03", "2024-03-01"]));
    /// # let set = ValueSet::Equatable(EquatableValueSet { values, inclusive: true, null_allowed: false });
    /// // WHERE day IN ('2024-02-29', '2024-03', '2024-03-01')
    /// let conjunct = Conjunct::Values { column: "day", set: &set };
    /// let prefixes = conjunct.prefixes("day").unwrap_or_default();
    /// assert_eq!(prefixes, ["2024-02-29", "2024-03"]);
    /// ```
    pub fn prefixes(&self, column: &str) -> Option<Vec<String>> {
        if let Self::Expression(expression) = self
            && let Some(prefix) = pattern_prefix(expression, column)
        {
            return Some(vec![prefix]);
        }
        let set = self.values_of(column)?;
        let set = set.as_ref();
        if set.null_allowed() {
            return None;
        }
        let mut prefixes = match set {
            ValueSet::Equatable(list) if list.inclusive => texts(&list.values)?,
            ValueSet::SortedRange(set) => {
                set.ranges.iter().map(common_prefix).collect::<Option<Vec<_>>>()?
            }
            ValueSet::Equatable(_) | ValueSet::AllOrNone(_) => return None,
        };
        prefixes.sort_unstable();
        // A shorter prefix sorts right before the longer ones that it covers.
        prefixes.dedup_by(|longer, shorter| longer.starts_with(shorter.as_str()));
        Some(prefixes)
    }

    /// Returns the values of `column` that satisfy the condition, if it involves no other column.
    pub(super) fn values_of(&self, column: &str) -> Option<Cow<'a, ValueSet>> {
        match *self {
            Self::Values { column: of, set } => (of == column).then_some(Cow::Borrowed(set)),
            Self::Expression(expression) => {
                let (of, set) = parse_comparison(expression)?;
                (of == column).then_some(Cow::Owned(set))
            }
        }
    }
}

/// Returns the ranges of a set, ignoring null, or `None` for types without keys.
pub(super) fn key_ranges(set: &ValueSet) -> Option<Vec<KeyRange>> {
    let data_type = set.data_type();
    let has_keys = data_type.is_integer()
        || matches!(
            data_type,
            DataType::Date32
                | DataType::Date64
                | DataType::Timestamp(TimeUnit::Millisecond, Some(_))
        );
    if !has_keys || matches!(set, ValueSet::AllOrNone(_)) {
        return None;
    }
    let test = ValueTest::try_new(data_type, set).ok()??;
    let ranges = test.key_ranges()?.into_iter().map(|(start, end)| KeyRange {
        // No key is less than `i64::MIN`.
        start: (start > i64::MIN).then_some(start),
        end,
    });
    Some(ranges.collect())
}

fn texts(values: &ArrayRef) -> Option<Vec<String>> {
    let values = values.as_string_opt::<i32>()?;
    let texts: Vec<String> = values.iter().flatten().map(str::to_owned).collect();
    texts.iter().all(|text| !text.is_empty()).then_some(texts)
}

/// Returns the longest prefix of every value in the range, or `None` if it is empty.
fn common_prefix(range: &Range) -> Option<String> {
    let text = |marker: &Marker| {
        let value = marker
            .value
            .as_ref()
            .filter(|value| !marker.null_value && !value.is_empty() && !value.is_null(0))?;
        Some(value.as_string_opt::<i32>()?.value(0).to_owned())
    };
    let low = text(&range.low)?;
    let high = text(&range.high)?;
    let same = low.chars().zip(high.chars()).take_while(|(low, high)| low == high);
    let mut prefix: String = same.map(|(low, _)| low).collect();
    // The range from `ab` to before `ac` contains exactly the texts that begin with `ab`.
    let low_rest = &low[prefix.len()..];
    let high_rest = &high[prefix.len()..];
    if let (Some(low), [Some(high), None]) = (low_rest.chars().next(), {
        let mut rest = high_rest.chars();
        [rest.next(), rest.next()]
    }) && range.high.bound == Bound::Below
        && u32::from(low) + 1 == u32::from(high)
    {
        prefix.push(low);
    }
    (!prefix.is_empty()).then_some(prefix)
}

/// Returns the constant prefix of the pattern in `column LIKE 'abc%'`.
fn pattern_prefix(expression: &Expression, column: &str) -> Option<String> {
    let Expression::Call { function, arguments, .. } = expression else { return None };
    if function != functions::LIKE_PATTERN {
        return None;
    }
    let text = |expression: &Expression| match expression {
        Expression::Constant { values: Some(values), .. }
            if values.len() == 1 && values.is_valid(0) =>
        {
            Some(values.as_string_opt::<i32>()?.value(0).to_owned())
        }
        _ => None,
    };
    let (value, pattern, escape) = match &arguments[..] {
        [value, pattern] => (value, pattern, None),
        [value, pattern, escape] => (value, pattern, Some(text(escape)?)),
        _ => return None,
    };
    if !matches!(value, Expression::Variable { column: of, .. } if of == column) {
        return None;
    }
    like_prefix(&text(pattern)?, escape.as_deref()).filter(|prefix| !prefix.is_empty())
}
