//! Faults in predicates.

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

use super::super::faulty_connector::FaultyConnector;

/// Returns the rows for which `keep` is true, given the column names and the cells of a row.
fn only(rows: &RecordBatch, keep: impl Fn(&[String], &Row) -> bool) -> RecordBatch {
    let names: Vec<String> =
        rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    let kept: BooleanArray = Cell::rows(rows).map(|row| Some(keep(&names, &row))).collect();
    filter_record_batch(rows, &kept).unwrap()
}

/// Creates a connector that drops the rows in which `is_lost` is true for a cell with a value set.
fn losing(kind: Kind, name: &'static str, is_lost: fn(&Cell) -> bool) -> FaultyConnector {
    FaultyConnector::new(kind, name).with_cases(1_200).map_rows(move |request, rows| {
        only(&rows, |names, row| {
            let constrained = names
                .iter()
                .zip(row)
                .filter(|(name, _)| request.constraints.summary.contains_key(*name));
            !constrained.into_iter().any(|(_, cell)| is_lost(cell))
        })
    })
}

/// Creates a connector that receives other value sets.
fn changing_sets(kind: Kind, name: &'static str, fault: fn(&mut ValueSet)) -> FaultyConnector {
    FaultyConnector::new(kind, name)
        .with_cases(1_200)
        .map_read_request(move |request| request.constraints.summary.values_mut().for_each(fault))
}

fn everything(data_type: &DataType) -> ValueSet {
    ValueSet::AllOrNone(AllOrNoneValueSet {
        data_type: data_type.clone(),
        all: true,
        null_allowed: true,
    })
}

/// Changes every value of a set.
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

/// Creates a connector that reads all rows and filters them with `keep`.
fn filtering(
    kind: Kind,
    name: &'static str,
    keep: impl Fn(&ReadRecordsRequest, &[String], &Row) -> bool + Send + Sync + 'static,
) -> FaultyConnector {
    FaultyConnector::new(kind, name)
        .with_cases(1_200)
        .map_read_request(|request| {
            if request.constraints.limit.is_none() {
                request.constraints = Constraints::default();
            }
        })
        .map_rows(move |request, rows| match request.constraints.limit {
            None => only(&rows, |names, row| keep(request, names, row)),
            Some(_) => rows,
        })
}

fn passes(constraints: &Constraints, names: &[String], row: &Row) -> bool {
    Predicate::new(constraints, names).judge(row) == Verdict::Keep
}

/// Compares text by UTF-16 code units, as Java does.
fn cmp_utf16(left: &Cell, right: &Cell) -> Option<Ordering> {
    match (left, right) {
        (Cell::Text(left), Cell::Text(right)) => {
            Some(left.encode_utf16().cmp(right.encode_utf16()))
        }
        _ => compare(left, right),
    }
}

/// Returns true if a value set contains a text, compared by UTF-16 code units.
fn contains_utf16(set: &ValueSet, cell: &Cell) -> bool {
    let ValueSet::SortedRange(ranges) = set else { return allows(set, cell) == Verdict::Keep };
    if cell.is_null() {
        return ranges.null_allowed;
    }
    let end = |marker: &Marker| {
        marker.value.as_ref().filter(|v| !v.is_empty()).map(|value| Cell::read(value, 0))
    };
    ranges.ranges.iter().any(|range| {
        let low = end(&range.low).is_none_or(|low| match cmp_utf16(cell, &low) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => range.low.bound == Bound::Exactly,
            _ => false,
        });
        let high = end(&range.high).is_none_or(|high| match cmp_utf16(cell, &high) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => range.high.bound == Bound::Exactly,
            _ => false,
        });
        low && high
    })
}

pub(super) fn connectors() -> Vec<FaultyConnector> {
    let mut connectors = of_sets();
    connectors.extend(of_constants());
    connectors.extend(of_values());
    connectors.extend(of_plans());
    connectors
}

fn of_plans() -> Vec<FaultyConnector> {
    vec![
        FaultyConnector::new(Kind::RowsLost, "a query plan drops the last row")
            .with_cases(1_000)
            .map_rows(|request, rows| {
                let lost =
                    usize::from(request.constraints.query_plan.is_some() && rows.num_rows() > 0);
                rows.slice(0, rows.num_rows() - lost)
            }),
        FaultyConnector::new(Kind::LimitShort, "the limit of a query plan is one row too small")
            .with_cases(400)
            .map_read_request(|request| {
                if request.constraints.query_plan.take().is_some() {
                    request.constraints.limit =
                        request.constraints.limit.map(|limit| limit.saturating_sub(1));
                }
            }),
    ]
}

fn of_sets() -> Vec<FaultyConnector> {
    vec![
        changing_sets(Kind::NullsLost, "nulls are always dropped", |set| match set {
            ValueSet::SortedRange(set) => set.null_allowed = false,
            ValueSet::Equatable(set) => set.null_allowed = false,
            ValueSet::AllOrNone(set) => set.null_allowed = false,
        }),
        changing_sets(Kind::NullsKept, "null is treated as zero", |set| {
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
        changing_sets(Kind::FilterNotApplied, "inclusive lists are ignored", |set| {
            if let ValueSet::Equatable(list) = set
                && list.inclusive
            {
                *set = everything(list.values.data_type());
            }
        }),
        changing_sets(Kind::FilterNotApplied, "exclusive lists are ignored", |set| {
            if let ValueSet::Equatable(list) = set
                && !list.inclusive
            {
                *set = everything(list.values.data_type());
            }
        }),
        changing_sets(Kind::FilterNotApplied, "announced ranges are ignored", |set| {
            if let ValueSet::SortedRange(ranges) = set {
                *set = everything(&ranges.data_type);
            }
        }),
        changing_sets(Kind::RowsLost, "all ranges but the first are ignored", |set| {
            if let ValueSet::SortedRange(set) = set {
                set.ranges.truncate(1);
            }
        }),
        changing_sets(Kind::RowsLost, "upper bounds are always exclusive", |set| {
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

fn of_constants() -> Vec<FaultyConnector> {
    vec![
        changing_sets(Kind::RowsLost, "timestamps are compared by local time", |set| {
            each_value(set, |values| {
                let times = values.as_primitive_opt::<TimestampMillisecondType>()?;
                let shifted: TimestampMillisecondArray = times.unary(|packed| {
                    let (millis, zone) = unpack(packed);
                    pack(millis - 5 * 3_600_000, zone).unwrap_or(packed)
                });
                Some(Arc::new(shifted.with_data_type(values.data_type().clone())))
            });
        }),
        changing_sets(Kind::RowsLost, "trailing spaces are ignored", |set| {
            each_value(set, |values| {
                let texts = values.as_string_opt::<i32>()?;
                Some(Arc::new(
                    texts.iter().map(|text| Some(text?.trim_end())).collect::<StringArray>(),
                ))
            });
        }),
    ]
}

fn of_values() -> Vec<FaultyConnector> {
    vec![
        losing(
            Kind::RowsLost,
            "an empty string is null",
            |cell| matches!(cell, Cell::Text(text) if text.is_empty()),
        ),
        losing(
            Kind::RowsLost,
            "minus zero is less than zero",
            |cell| matches!(cell, Cell::Double(value) if *value == 0.0 && value.is_sign_negative()),
        ),
        losing(Kind::NanLost, "NaN is always dropped", Cell::is_nan),
        filtering(Kind::NanKept, "NaN is the greatest number", |request, names, row| {
            let greatest = row.iter().map(|cell| match cell {
                Cell::Single(value) if value.is_nan() => Cell::Single(f32::INFINITY),
                Cell::Double(value) if value.is_nan() => Cell::Double(f64::INFINITY),
                cell => cell.clone(),
            });
            passes(&request.constraints, names, &greatest.collect())
        }),
        filtering(Kind::RowsLost, "text is compared without case", |request, names, row| {
            let lower = |cell: &Cell| match cell {
                Cell::Text(text) => Cell::Text(text.to_lowercase().into()),
                cell => cell.clone(),
            };
            passes(&request.constraints, names, &row.iter().map(lower).collect())
        }),
        filtering(
            Kind::RowsLost,
            "text is compared by UTF-16 code units",
            |request, names, row| {
                let cell = |name: &str| {
                    names.iter().position(|column| column == name).map(|index| &row[index])
                };
                let sets = request.constraints.summary.iter();
                let conditions =
                    Constraints { summary: BTreeMap::new(), ..request.constraints.clone() };
                sets.into_iter()
                    .all(|(name, set)| cell(name).is_none_or(|cell| contains_utf16(set, cell)))
                    && passes(&conditions, names, row)
            },
        )
        .with_cases(4_000),
        filtering(
            Kind::RowsLost,
            "decimals are compared without their fraction",
            |request, names, row| {
                let whole = |cell: &Cell| match cell {
                    Cell::Decimal(digits, scale) if *scale == 2 => {
                        Cell::Decimal(digits / 100 * 100, 2)
                    }
                    cell => cell.clone(),
                };
                passes(&request.constraints, names, &row.iter().map(whole).collect())
            },
        ),
        FaultyConnector::new(Kind::ExpressionNotApplied, "announced expressions are ignored")
            .with_cases(200)
            .map_read_request(|request| {
                if request.constraints.limit.is_none() {
                    request.constraints.expressions.clear();
                }
            }),
        FaultyConnector::new(Kind::UnexpectedRows, "a predicate duplicates a row")
            .with_cases(200)
            .map_rows(|request, rows| {
                if request.constraints.summary.is_empty() || rows.num_rows() == 0 {
                    return rows;
                }
                concat_batches(&rows.schema(), [&rows, &rows.slice(0, 1)]).unwrap()
            }),
    ]
}
