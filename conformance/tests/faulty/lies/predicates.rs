//! Lies about what a predicate lets pass.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, StringArray, TimestampMillisecondArray},
    compute::{concat_batches, filter_record_batch},
    datatypes::{DataType, TimestampMillisecondType},
    record_batch::RecordBatch,
};
use athena_conformance::{
    oracle::{Cell, Predicate, Row, Verdict, allows, compare},
    suite::Kind,
};
use athena_protocol::{
    Constraints,
    message::ReadRecordsRequest,
    predicate::{AllOrNoneValueSet, Bound, Marker, ValueSet},
    timestamp_tz::{pack, unpack},
};

use super::super::liar::Liar;

/// The rows for which `keep` is true, given the constraints and the names and cells of a row.
fn only(rows: &RecordBatch, keep: impl Fn(&[String], &Row) -> bool) -> RecordBatch {
    let names: Vec<String> =
        rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    let kept: BooleanArray = Cell::rows(rows).map(|row| Some(keep(&names, &row))).collect();
    filter_record_batch(rows, &kept).unwrap()
}

/// A liar that loses the rows in which a column with a value set has a cell that `hates` names.
fn losing(kind: Kind, name: &'static str, hates: fn(&Cell) -> bool) -> Liar {
    Liar::new(kind, name).in_cases(1_200).giving(move |asked, rows| {
        only(&rows, |names, row| {
            let constrained = names
                .iter()
                .zip(row)
                .filter(|(name, _)| asked.constraints.summary.contains_key(*name));
            !constrained.into_iter().any(|(_, cell)| hates(cell))
        })
    })
}

/// A liar that hears other value sets.
fn mishearing(kind: Kind, name: &'static str, lie: fn(&mut ValueSet)) -> Liar {
    Liar::new(kind, name)
        .in_cases(1_200)
        .reading(move |request| request.constraints.summary.values_mut().for_each(lie))
}

fn everything(data_type: &DataType) -> ValueSet {
    ValueSet::AllOrNone(AllOrNoneValueSet {
        data_type: data_type.clone(),
        all: true,
        null_allowed: true,
    })
}

/// Every value of a set, changed.
fn each_value(set: &mut ValueSet, change: impl Fn(&ArrayRef) -> Option<ArrayRef>) {
    match set {
        ValueSet::AllOrNone(_) => {}
        ValueSet::Equatable(set) => {
            if let Some(values) = change(&set.values) {
                set.values = values;
            }
        }
        ValueSet::SortedRange(set) => {
            for marker in set.ranges.iter_mut().flat_map(|range| [&mut range.low, &mut range.high])
            {
                let Marker { value: Some(value), .. } = marker else { continue };
                if let Some(changed) = change(value) {
                    *value = changed;
                }
            }
        }
    }
}

/// Asks for all rows and filters by itself, in a way of its own.
fn filtering(
    kind: Kind,
    name: &'static str,
    keep: impl Fn(&ReadRecordsRequest, &[String], &Row) -> bool + Send + Sync + 'static,
) -> Liar {
    Liar::new(kind, name)
        .in_cases(1_200)
        .reading(|request| {
            if request.constraints.limit.is_none() {
                request.constraints = Constraints::default();
            }
        })
        .giving(move |asked, rows| match asked.constraints.limit {
            None => only(&rows, |names, row| keep(asked, names, row)),
            Some(_) => rows,
        })
}

fn passes(constraints: &Constraints, names: &[String], row: &Row) -> bool {
    Predicate::new(constraints, names).judge(row).0 == Verdict::Keep
}

/// Text as Java orders it.
fn in_utf16(left: &Cell, right: &Cell) -> Option<Ordering> {
    match (left, right) {
        (Cell::Text(left), Cell::Text(right)) => {
            Some(left.encode_utf16().cmp(right.encode_utf16()))
        }
        _ => compare(left, right),
    }
}

/// Whether ranges hold a text, compared by UTF-16.
fn in_ranges_of_utf16(set: &ValueSet, cell: &Cell) -> bool {
    let ValueSet::SortedRange(ranges) = set else { return allows(set, cell) == Verdict::Keep };
    if cell.is_null() {
        return ranges.null_allowed;
    }
    let end = |marker: &Marker| {
        marker.value.as_ref().filter(|v| !v.is_empty()).map(|value| Cell::read(value, 0))
    };
    ranges.ranges.iter().any(|range| {
        let low = end(&range.low).is_none_or(|low| match in_utf16(cell, &low) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => range.low.bound == Bound::Exactly,
            _ => false,
        });
        let high = end(&range.high).is_none_or(|high| match in_utf16(cell, &high) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => range.high.bound == Bound::Exactly,
            _ => false,
        });
        low && high
    })
}

pub(super) fn lies() -> Vec<Liar> {
    let mut lies = of_sets();
    lies.extend(of_constants());
    lies.extend(of_values());
    lies.extend(of_plans());
    lies
}

fn of_plans() -> Vec<Liar> {
    vec![
        Liar::new(Kind::RowsLost, "a query plan costs the last row").in_cases(400).giving(
            |asked, rows| {
                let lost =
                    usize::from(asked.constraints.query_plan.is_some() && rows.num_rows() > 0);
                rows.slice(0, rows.num_rows() - lost)
            },
        ),
        Liar::new(Kind::LimitShort, "the limit of a query plan is one row too small")
            .in_cases(400)
            .reading(|request| {
                if request.constraints.query_plan.take().is_some() {
                    request.constraints.limit =
                        request.constraints.limit.map(|limit| limit.saturating_sub(1));
                }
            }),
    ]
}

fn of_sets() -> Vec<Liar> {
    vec![
        mishearing(Kind::NullsLost, "nulls never pass", |set| match set {
            ValueSet::SortedRange(set) => set.null_allowed = false,
            ValueSet::Equatable(set) => set.null_allowed = false,
            ValueSet::AllOrNone(set) => set.null_allowed = false,
        }),
        mishearing(Kind::NullsKept, "null counts as zero", |set| {
            let zero = match set.data_type() {
                DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
                    Cell::Int(0)
                }
                DataType::Float64 => Cell::Double(0.0),
                _ => return,
            };
            let passes = allows(set, &zero) == Verdict::Keep;
            match set {
                ValueSet::SortedRange(set) => set.null_allowed |= passes,
                ValueSet::Equatable(set) => set.null_allowed |= passes,
                ValueSet::AllOrNone(_) => {}
            }
        }),
        mishearing(Kind::FilterNotApplied, "lists are ignored", |set| {
            if let ValueSet::Equatable(list) = set
                && list.inclusive
            {
                *set = everything(list.values.data_type());
            }
        }),
        mishearing(Kind::FilterNotApplied, "lists of exceptions are ignored", |set| {
            if let ValueSet::Equatable(list) = set
                && !list.inclusive
            {
                *set = everything(list.values.data_type());
            }
        }),
        mishearing(
            Kind::FilterNotApplied,
            "the ranges that were announced are not evaluated",
            |set| {
                if let ValueSet::SortedRange(ranges) = set {
                    *set = everything(&ranges.data_type);
                }
            },
        ),
        mishearing(Kind::RowsLost, "of several ranges only the first counts", |set| {
            if let ValueSet::SortedRange(set) = set {
                set.ranges.truncate(1);
            }
        }),
        mishearing(Kind::RowsLost, "bounds are never included", |set| {
            if let ValueSet::SortedRange(set) = set {
                for range in &mut set.ranges {
                    if range.low != range.high && range.high.bound == Bound::Exactly {
                        range.high.bound = Bound::Below;
                    }
                }
            }
        }),
    ]
}

fn of_constants() -> Vec<Liar> {
    vec![
        mishearing(Kind::RowsLost, "times are compared by the clock on the wall", |set| {
            each_value(set, |values| {
                let times = values.as_primitive_opt::<TimestampMillisecondType>()?;
                let shifted: TimestampMillisecondArray = times.unary(|packed| {
                    let (millis, zone) = unpack(packed);
                    pack(millis - 5 * 3_600_000, zone).unwrap_or(packed)
                });
                Some(Arc::new(shifted.with_data_type(values.data_type().clone())))
            });
        }),
        mishearing(Kind::RowsLost, "spaces at the end do not count", |set| {
            each_value(set, |values| {
                let texts = values.as_string_opt::<i32>()?;
                Some(Arc::new(
                    texts.iter().map(|text| Some(text?.trim_end())).collect::<StringArray>(),
                ))
            });
        }),
    ]
}

fn of_values() -> Vec<Liar> {
    vec![
        losing(
            Kind::RowsLost,
            "an empty text is null",
            |cell| matches!(cell, Cell::Text(text) if text.is_empty()),
        ),
        losing(
            Kind::RowsLost,
            "minus zero is less than zero",
            |cell| matches!(cell, Cell::Double(value) if *value == 0.0 && value.is_sign_negative()),
        ),
        losing(Kind::NanLost, "NaN never passes", Cell::is_nan),
        filtering(Kind::NanKept, "NaN is the greatest number", |asked, names, row| {
            let greatest = row.iter().map(|cell| match cell {
                Cell::Single(value) if value.is_nan() => Cell::Single(f32::INFINITY),
                Cell::Double(value) if value.is_nan() => Cell::Double(f64::INFINITY),
                cell => cell.clone(),
            });
            passes(&asked.constraints, names, &greatest.collect())
        }),
        filtering(Kind::RowsLost, "case does not matter", |asked, names, row| {
            let lower = |cell: &Cell| match cell {
                Cell::Text(text) => Cell::Text(text.to_lowercase().into()),
                cell => cell.clone(),
            };
            passes(&asked.constraints, names, &row.iter().map(lower).collect())
        }),
        filtering(Kind::RowsLost, "texts go by UTF-16", |asked, names, row| {
            let cell = |name: &str| {
                names.iter().position(|column| column == name).map(|place| &row[place])
            };
            let sets = asked.constraints.summary.iter();
            let conditions = Constraints { summary: BTreeMap::new(), ..asked.constraints.clone() };
            sets.into_iter()
                .all(|(name, set)| cell(name).is_none_or(|cell| in_ranges_of_utf16(set, cell)))
                && passes(&conditions, names, row)
        })
        .in_cases(4_000),
        filtering(Kind::RowsLost, "decimals are compared as whole numbers", |asked, names, row| {
            let whole = |cell: &Cell| match cell {
                Cell::Decimal(digits, scale) if *scale == 2 => Cell::Decimal(digits / 100 * 100, 2),
                cell => cell.clone(),
            };
            passes(&asked.constraints, names, &row.iter().map(whole).collect())
        }),
        Liar::new(Kind::ExpressionNotApplied, "expressions are announced and not evaluated")
            .in_cases(200)
            .reading(|request| {
                if request.constraints.limit.is_none() {
                    request.constraints.expressions.clear();
                }
            }),
        Liar::new(Kind::RowsInvented, "a predicate doubles a row").in_cases(200).giving(
            |asked, rows| {
                if asked.constraints.summary.is_empty() || rows.num_rows() == 0 {
                    return rows;
                }
                concat_batches(&rows.schema(), [&rows, &rows.slice(0, 1)]).unwrap()
            },
        ),
    ]
}
