//! The values that constraints on one column are made of: its own, those just beside them, and some
//! that it lacks.

use std::collections::HashSet;

use arrow::datatypes::DataType;
use athena_protocol::{
    predicate::is_orderable,
    timestamp_tz::{pack, unpack},
};

use super::Dice;
use crate::oracle::{Cell, in_order};

/// Most values of a column that a pool begins with.
const OWN: usize = 24;

/// A column, and values for constraints on it.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    /// Distinct, in ascending order, neither null nor NaN; none for a nested type.
    pub(crate) values: Vec<Cell>,
    /// Places of those that the column holds.
    own: Vec<usize>,
}

impl Pool {
    /// The pool of a column that holds `cells`.
    pub(crate) fn new<'a>(
        name: &str,
        data_type: &DataType,
        cells: impl Iterator<Item = &'a Cell>,
        dice: &mut Dice,
    ) -> Self {
        let (name, data_type) = (name.to_owned(), data_type.clone());
        let (mut values, mut own) = (Vec::new(), Vec::new());
        if is_orderable(&data_type) {
            let mut seen = HashSet::new();
            let usable = cells.filter(|cell| !cell.is_null() && !cell.is_nan());
            for (drawn, cell) in usable.enumerate() {
                // A reservoir, so that a table's last values have the chance of its first.
                let place = if values.len() < OWN { values.len() } else { dice.below(drawn + 1) };
                if place < OWN && seen.insert(crate::oracle::key_of([cell])) {
                    if place < values.len() {
                        values[place] = cell.clone();
                    } else {
                        values.push(cell.clone());
                    }
                }
            }
            own.clone_from(&values);
            let beside: Vec<Cell> = values.iter().flat_map(neighbours).collect();
            values.extend(beside);
            values.extend(strangers(&data_type));
            values.retain(|value| fits(value, &data_type));
            values.sort_by(in_order);
            values.dedup_by(|left, right| in_order(left, right).is_eq());
        }
        let own = own
            .iter()
            .filter_map(|cell| values.iter().position(|value| in_order(value, cell).is_eq()))
            .collect();
        Self { name, data_type, values, own }
    }

    /// The place of a value, more often of one that the column holds; there is one.
    pub(crate) fn place(&self, dice: &mut Dice) -> usize {
        if self.own.is_empty() || dice.chance(40) {
            dice.below(self.values.len())
        } else {
            *dice.pick(&self.own)
        }
    }

    /// A value, as [`Self::place`] finds it.
    pub(crate) fn value(&self, dice: &mut Dice) -> &Cell {
        &self.values[self.place(dice)]
    }

    /// Whether values of the column compare.
    pub(crate) fn is_scalar(&self) -> bool {
        is_orderable(&self.data_type)
    }
}

/// Values just beside one: where bounds, rounding, padding and zones go wrong.
fn neighbours(cell: &Cell) -> Vec<Cell> {
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

/// Values that a column of the type may well lack.
fn strangers(data_type: &DataType) -> Vec<Cell> {
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
    fn a_pool_holds_values_neighbours_and_strangers_in_order() {
        let cells = [Cell::Int(5), Cell::Null, Cell::Int(127), Cell::Int(5)];
        let pool = Pool::new("c", &DataType::Int8, cells.iter(), &mut Dice::of(1, 0));
        let expected: Vec<Cell> = [-77, 0, 4, 5, 6, 126, 127].map(Cell::Int).into();
        assert_eq!(pool.values, expected);
        let nan = [Cell::Double(f64::NAN)];
        let pool = Pool::new("c", &DataType::Float64, nan.iter(), &mut Dice::of(1, 0));
        assert!(pool.values.iter().all(|value| !value.is_nan()));
    }
}
