//! Integers of any size, computed by long arithmetic, one decimal digit at a time.

use std::cmp::Ordering;

/// Integer of any size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wide {
    negative: bool,
    /// Least significant first, without leading zeros of the number.
    digits: Vec<u8>,
}

impl Wide {
    pub(super) fn of(value: i128) -> Self {
        let digits =
            value.unsigned_abs().to_string().bytes().rev().map(|digit| digit - b'0').collect();
        Self::new(value < 0, digits)
    }

    fn new(negative: bool, mut digits: Vec<u8>) -> Self {
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Self { negative: negative && !digits.is_empty(), digits }
    }

    /// Returns the number if it has at most 38 digits.
    pub(super) fn to_decimal(&self) -> Option<i128> {
        if self.digits.len() > 38 {
            return None;
        }
        let value =
            self.digits.iter().rev().fold(0_i128, |value, &digit| value * 10 + i128::from(digit));
        Some(if self.negative { -value } else { value })
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    pub(super) fn negated(self) -> Self {
        Self::new(!self.negative, self.digits)
    }

    pub(super) fn absolute(self) -> Self {
        Self { negative: false, ..self }
    }

    /// Multiplies by 10^`zeros`.
    pub(super) fn shifted(&self, zeros: usize) -> Self {
        Self::new(self.negative, [vec![0; zeros], self.digits.clone()].concat())
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        if self.negative == other.negative {
            return Self::new(self.negative, sum(&self.digits, &other.digits));
        }
        match size(&self.digits, &other.digits) {
            Ordering::Less => Self::new(other.negative, difference(&other.digits, &self.digits)),
            _ => Self::new(self.negative, difference(&self.digits, &other.digits)),
        }
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        let mut product = Vec::new();
        for (zeros, &digit) in other.digits.iter().enumerate() {
            let shifted = self.shifted(zeros);
            for _ in 0..digit {
                product = sum(&product, &shifted.digits);
            }
        }
        Self::new(self.negative != other.negative, product)
    }

    /// Returns the quotient truncated towards zero, and the remainder with the sign of the
    /// dividend. The divisor is not zero.
    pub(super) fn divided(&self, divisor: &Self) -> (Self, Self) {
        let mut quotient = vec![0; self.digits.len()];
        let mut rest = Vec::new();
        for place in (0..self.digits.len()).rev() {
            rest.insert(0, self.digits[place]);
            rest = Self::new(false, rest).digits;
            while size(&rest, &divisor.digits) != Ordering::Less {
                rest = Self::new(false, difference(&rest, &divisor.digits)).digits;
                quotient[place] += 1;
            }
        }
        (Self::new(self.negative != divisor.negative, quotient), Self::new(self.negative, rest))
    }
}

/// Compares two unsigned numbers.
fn size(left: &[u8], right: &[u8]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.iter().rev().cmp(right.iter().rev()))
}

fn sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut digits = Vec::new();
    for place in 0..=left.len().max(right.len()) {
        let digit = left.get(place).unwrap_or(&0) + right.get(place).unwrap_or(&0) + carry;
        digits.push(digit % 10);
        carry = digit / 10;
    }
    Wide::new(false, digits).digits
}

/// Returns `left - right`, which is not negative.
fn difference(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut digits = Vec::new();
    for (place, digit) in left.iter().enumerate() {
        let have = digit + 10;
        let take = right.get(place).unwrap_or(&0) + borrow;
        digits.push((have - take) % 10);
        borrow = u8::from(have - take < 10);
    }
    digits
}

#[test]
fn long_arithmetic_agrees_with_native_integers() {
    let values = [0, 1, -1, 7, -10, 99, 100, -12_345, 1_000_000_007];
    for left in values {
        for right in values {
            let l = Wide::of(left);
            let r = Wide::of(right);
            assert_eq!(l.plus(&r), Wide::of(left + right), "{left} + {right}");
            assert_eq!(l.times(&r), Wide::of(left * right), "{left} * {right}");
            if right != 0 {
                assert_eq!(
                    l.divided(&r),
                    (Wide::of(left / right), Wide::of(left % right)),
                    "{left} / {right}"
                );
            }
        }
    }
}
