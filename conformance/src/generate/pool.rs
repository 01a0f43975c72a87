//! Constants for constraints on one column: its own values, their neighbors, and values that it
//! lacks.

use std::collections::HashSet;

use arrow::datatypes::DataType;
use athena_protocol::{
    predicate::is_orderable,
    timestamp_tz::{TimeZoneKey, pack, unpack},
};

use super::Rng;
use crate::oracle::{Cell, key_of, order_by_cmp};

/// Maximum number of the column's own values in a pool.
const MAX_OWN: usize = 64;

/// Maximum number of own values whose neighbors are in a pool.
const MAX_WITH_NEIGHBORS: usize = 24;

/// Column with constants for constraints on it.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    /// Distinct values in ascending order, without null and NaN; empty for a nested type.
    pub(crate) values: Vec<Cell>,
    /// Indices of the values that the column holds, ascending; the first and the last are its
    /// least and its greatest value.
    own: Vec<usize>,
    /// True if the column holds null.
    pub(crate) has_null: bool,
}

impl Pool {
    /// Creates the pool of a column that holds `cells`.
    pub(crate) fn new<'a>(
        name: &str,
        data_type: &DataType,
        cells: impl Iterator<Item = &'a Cell>,
        rng: &mut Rng,
    ) -> Self {
        let mut pool = Self {
            name: name.to_owned(),
            data_type: data_type.clone(),
            values: Vec::new(),
            own: Vec::new(),
            has_null: false,
        };
        let cells = cells.inspect(|cell| pool.has_null |= cell.is_null());
        if !is_orderable(data_type) {
            cells.for_each(drop);
            return pool;
        }
        let mut own = sample(cells.filter(|cell| !cell.is_null() && !cell.is_nan()), rng);
        let with_neighbors = own.len().min(MAX_WITH_NEIGHBORS);
        let mut values: Vec<Cell> = own[..with_neighbors].iter().flat_map(neighbors).collect();
        values.extend(absent_values(data_type));
        values.retain(|value| fits(value, data_type));
        own.sort_by(order_by_cmp);
        own.dedup_by(|left, right| order_by_cmp(left, right).is_eq());
        // Own values come first, and the first of equal values stays.
        values = own.iter().cloned().chain(values).collect();
        values.sort_by(order_by_cmp);
        values.dedup_by(|left, right| order_by_cmp(left, right).is_eq());
        for value in values.iter_mut().step_by(2) {
            *value = other_form(value);
        }
        let index = |cell: &Cell| values.binary_search_by(|value| order_by_cmp(value, cell)).ok();
        pool.own = own.iter().filter_map(index).collect();
        pool.values = values;
        pool
    }

    /// Returns the values that the column holds, ascending, without null and NaN; a sample if there
    /// are many.
    pub(crate) fn own(&self) -> impl DoubleEndedIterator<Item = &Cell> + ExactSizeIterator {
        self.own.iter().map(|index| &self.values[*index])
    }

    /// Returns the least and the greatest value of the column.
    pub(crate) fn extremes(&self) -> Option<(&Cell, &Cell)> {
        Some((self.own().next()?, self.own().next_back()?))
    }

    /// Returns a value that some values of the column are below or equal to, and others above.
    pub(crate) fn low_value(&self) -> Option<&Cell> {
        match &self.own[..] {
            // Rows are above a bound only if it is not the single value.
            [only] => self.values.get(only.saturating_sub(1)),
            own => own.get(own.len() / 3).map(|index| &self.values[*index]),
        }
    }

    /// Chooses a value that the column holds.
    pub(crate) fn own_value(&self, rng: &mut Rng) -> Option<&Cell> {
        (!self.own.is_empty()).then(|| &self.values[*rng.choose(&self.own)])
    }

    /// Chooses one of the values next to `value` in the pool, which the column may lack.
    pub(crate) fn value_near(&self, value: &Cell, rng: &mut Rng) -> &Cell {
        let at = self.values.partition_point(|other| order_by_cmp(other, value).is_lt());
        let near = if rng.chance(50) { at + 1 } else { at.saturating_sub(1) };
        &self.values[near.min(self.values.len() - 1)]
    }

    /// Chooses the index of a value, in most draws one that the column holds. The pool must not be
    /// empty.
    pub(crate) fn index(&self, rng: &mut Rng) -> usize {
        if self.own.is_empty() || rng.chance(40) {
            rng.below(self.values.len())
        } else {
            *rng.choose(&self.own)
        }
    }

    /// Chooses a value as [`Self::index`] does.
    pub(crate) fn value(&self, rng: &mut Rng) -> &Cell {
        &self.values[self.index(rng)]
    }

    /// Returns true if the values of the column are ordered.
    pub(crate) fn is_scalar(&self) -> bool {
        is_orderable(&self.data_type)
    }
}

/// Draws distinct values, among them the least and the greatest.
fn sample<'a>(cells: impl Iterator<Item = &'a Cell>, rng: &mut Rng) -> Vec<Cell> {
    let mut values: Vec<Cell> = Vec::new();
    let mut seen = HashSet::new();
    let mut extremes: Option<(&Cell, &Cell)> = None;
    for (drawn, cell) in cells.enumerate() {
        let (least, greatest) = *extremes.get_or_insert((cell, cell));
        if order_by_cmp(cell, least).is_lt() {
            extremes = Some((cell, greatest));
        } else if order_by_cmp(cell, greatest).is_gt() {
            extremes = Some((least, cell));
        }
        // Reservoir sampling: all values of the column have the same chance.
        let slot = if values.len() < MAX_OWN { values.len() } else { rng.below(drawn + 1) };
        if slot < MAX_OWN && seen.insert(key_of([cell])) {
            if slot < values.len() {
                values[slot] = cell.clone();
            } else {
                values.push(cell.clone());
            }
        }
    }
    rng.shuffle(&mut values);
    // In front, so that their neighbors are in the pool.
    if let Some((least, greatest)) = extremes {
        values.splice(0..0, [least.clone(), greatest.clone()]);
    }
    values
}

/// Returns an equal value in another form: the same instant in another zone, and the other zero.
fn other_form(cell: &Cell) -> Cell {
    match cell {
        Cell::Zoned(packed) => {
            let (millis, zone) = unpack(*packed);
            let other = if zone == TimeZoneKey::UTC {
                TimeZoneKey::from_name("America/New_York").unwrap_or(zone)
            } else {
                TimeZoneKey::UTC
            };
            Cell::Zoned(pack(millis, other).unwrap_or(*packed))
        }
        Cell::Single(value) if *value == 0.0 => Cell::Single(-value),
        Cell::Double(value) if *value == 0.0 => Cell::Double(-value),
        cell => cell.clone(),
    }
}

/// Returns the nearest other values, which reveal wrong bounds, rounding, padding and zones.
fn neighbors(cell: &Cell) -> Vec<Cell> {
    match cell {
        Cell::Int(value) => [value.checked_sub(1), value.checked_add(1)]
            .into_iter()
            .flatten()
            .map(Cell::Int)
            .collect(),
        Cell::Single(value) => vec![Cell::Single(value.next_down()), Cell::Single(value.next_up())],
        Cell::Double(value) => vec![Cell::Double(value.next_down()), Cell::Double(value.next_up())],
        Cell::Decimal(digits, scale) => {
            vec![Cell::Decimal(digits - 1, *scale), Cell::Decimal(digits + 1, *scale)]
        }
        Cell::Day(day) => {
            [day.checked_sub(1), day.checked_add(1)].into_iter().flatten().map(Cell::Day).collect()
        }
        Cell::Milli(value) => [value.checked_sub(1), value.checked_add(1)]
            .into_iter()
            .flatten()
            .map(Cell::Milli)
            .collect(),
        Cell::Zoned(packed) => {
            let (millis, zone) = unpack(*packed);
            [millis - 1, millis + 1]
                .into_iter()
                .filter_map(|millis| pack(millis, zone).ok())
                .map(Cell::Zoned)
                .collect()
        }
        Cell::Text(text) => {
            let mut chars = text.chars();
            chars.next_back();
            let texts = [
                format!("{text} "),
                format!("{text}\u{1}"),
                chars.as_str().to_owned(),
                text.to_uppercase(),
            ];
            texts.into_iter().map(|text| Cell::Text(text.into())).collect()
        }
        Cell::Bytes(bytes) => {
            let longer = bytes.iter().copied().chain([0]).collect();
            let shorter = bytes[..bytes.len().saturating_sub(1)].into();
            vec![Cell::Bytes(longer), Cell::Bytes(shorter)]
        }
        _ => Vec::new(),
    }
}

/// Returns values of the type that the column is likely to lack.
fn absent_values(data_type: &DataType) -> Vec<Cell> {
    match data_type {
        DataType::Boolean => vec![Cell::Bool(false), Cell::Bool(true)],
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            vec![Cell::Int(0), Cell::Int(-77)]
        }
        DataType::Float32 => vec![Cell::Single(0.0), Cell::Single(f32::INFINITY)],
        DataType::Float64 => vec![Cell::Double(0.0), Cell::Double(f64::NEG_INFINITY)],
        DataType::Decimal128(_, scale) => vec![Cell::Decimal(0, *scale), Cell::Decimal(7, *scale)],
        DataType::Utf8 => ["", "~absent", "a\\b"].map(|text| Cell::Text(text.into())).into(),
        DataType::Binary => vec![Cell::Bytes([].into()), Cell::Bytes([0xFE, 0xED].into())],
        DataType::Date32 => vec![Cell::Day(0)],
        DataType::Date64 => vec![Cell::Milli(0)],
        DataType::Timestamp(_, _) => vec![Cell::Zoned(0)],
        _ => Vec::new(),
    }
}

fn fits(cell: &Cell, data_type: &DataType) -> bool {
    let precise = match (cell, data_type) {
        (Cell::Decimal(digits, _), DataType::Decimal128(precision, _)) => {
            digits.unsigned_abs() < 10_u128.pow(u32::from(*precision))
        }
        _ => true,
    };
    precise && crate::oracle::array_of(std::slice::from_ref(cell), data_type).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_holds_own_values_neighbours_and_absent_values_in_order() {
        let cells = [Cell::Int(5), Cell::Null, Cell::Int(127), Cell::Int(5)];
        let pool = Pool::new("c", &DataType::Int8, cells.iter(), &mut Rng::new(1, 0));
        let expected: Vec<Cell> = [-77, 0, 4, 5, 6, 126, 127].map(Cell::Int).into();
        assert_eq!(pool.values, expected);
        let nan = [Cell::Double(f64::NAN)];
        let pool = Pool::new("c", &DataType::Float64, nan.iter(), &mut Rng::new(1, 0));
        assert!(pool.values.iter().all(|value| !value.is_nan()));
    }
}
