//! Generated conditions of announced functions.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use athena_protocol::predicate::{Expression, functions};

use super::{Pool, Rng};
use crate::oracle::{Cell, array_of};

const COMPARISONS: [&str; 7] = [
    functions::EQUAL,
    functions::NOT_EQUAL,
    functions::LESS_THAN,
    functions::LESS_THAN_OR_EQUAL,
    functions::GREATER_THAN,
    functions::GREATER_THAN_OR_EQUAL,
    functions::IS_DISTINCT_FROM,
];
const CONNECTIVES: [&str; 3] = [functions::AND, functions::OR, functions::NOT];
const ARITHMETIC: [&str; 5] = [
    functions::ADD,
    functions::SUBTRACT,
    functions::MULTIPLY,
    functions::DIVIDE,
    functions::MODULUS,
];

/// Returns the announced functions of which no condition can be generated: unknown ones, and those
/// that need another function that is not announced.
pub(crate) fn untestable_functions(announced: &BTreeSet<String>) -> Vec<&str> {
    let has = |function: &str| announced.contains(function);
    let compares = COMPARISONS.iter().any(|function| has(function));
    let is_testable = |function: &str| match function {
        functions::IN => has(functions::ARRAY),
        functions::ARRAY => has(functions::IN),
        functions::NULLIF => has(functions::IS_NULL) || has(functions::EQUAL),
        functions::NEGATE => compares,
        arithmetic if ARITHMETIC.contains(&arithmetic) => compares,
        // Connectives need at least one condition.
        functions::AND | functions::OR | functions::NOT => {
            compares
                || has(functions::IS_NULL)
                || has(functions::LIKE_PATTERN)
                || (has(functions::IN) && has(functions::ARRAY))
        }
        functions::IS_NULL | functions::LIKE_PATTERN => true,
        comparison => COMPARISONS.contains(&comparison),
    };
    announced.iter().map(String::as_str).filter(|function| !is_testable(function)).collect()
}

/// Generator of conditions over the columns of `pools`.
#[derive(Debug)]
pub(super) struct Conditions<'a> {
    pub(super) pools: &'a [Pool],
    pub(super) functions: &'a BTreeSet<String>,
}

impl Conditions<'_> {
    /// Generates a condition with at most `depth` nested connectives; `None` if no leaf can be
    /// generated.
    pub(super) fn condition(&self, depth: usize, rng: &mut Rng) -> Option<Expression> {
        if depth > 0 && rng.chance(45) {
            let connective = *rng.choose(&CONNECTIVES);
            if self.has(connective) {
                let arms = if connective == functions::NOT { 1 } else { 2 + rng.below(2) };
                let arms: Option<Vec<_>> =
                    (0..arms).map(|_| self.condition(depth - 1, rng)).collect();
                return Some(boolean(connective, arms?));
            }
        }
        // A leaf may draw a function that is not announced, so there are several attempts.
        (0..12).find_map(|_| self.leaf(rng))
    }

    /// Generates a condition on a column in which a function occurs.
    pub(super) fn with_function(
        &self,
        column: usize,
        function: &str,
        rng: &mut Rng,
    ) -> Option<Expression> {
        const ATTEMPTS: usize = 60;
        let own = Conditions { pools: &self.pools[column..=column], ..*self };
        let depth = usize::from(CONNECTIVES.contains(&function));
        let mut drawn = (0..ATTEMPTS).filter_map(|_| own.condition(depth, rng));
        drawn.find(|condition| calls(condition, function))
    }

    /// Generates a comparison of two columns of one type.
    pub(super) fn of_columns(
        &self,
        left: usize,
        right: usize,
        rng: &mut Rng,
    ) -> Option<Expression> {
        let announced: Vec<&str> =
            COMPARISONS.into_iter().filter(|function| self.has(function)).collect();
        let function = announced.get(rng.below(announced.len().max(1)))?;
        Some(boolean(function, vec![variable(&self.pools[left]), variable(&self.pools[right])]))
    }

    fn has(&self, function: &str) -> bool {
        self.functions.contains(function)
    }

    fn leaf(&self, rng: &mut Rng) -> Option<Expression> {
        let pool = rng.choose(self.pools);
        let kind = rng.below(10);
        if kind == 0 || !pool.is_scalar() {
            return self
                .has(functions::IS_NULL)
                .then(|| boolean(functions::IS_NULL, vec![variable(pool)]));
        }
        match kind {
            1 | 2 => self.membership(pool, rng),
            3 if pool.data_type == DataType::Utf8 => self.like(pool, rng),
            3 => self.null_if(pool, rng),
            4 | 5 => self.arithmetic(pool, rng),
            _ => {
                let function = *rng.choose(&COMPARISONS);
                let other =
                    if rng.chance(20) { self.same_type(pool, rng).map(variable) } else { None };
                let other = other.or_else(|| constant(pool, pool.value(rng)))?;
                self.has(function).then(|| boolean(function, vec![variable(pool), other]))
            }
        }
    }

    /// Chooses another column of the same type.
    fn same_type(&self, pool: &Pool, rng: &mut Rng) -> Option<&Pool> {
        let others: Vec<&Pool> = self
            .pools
            .iter()
            .filter(|other| other.data_type == pool.data_type && other.name != pool.name)
            .collect();
        (!others.is_empty()).then(|| *rng.choose(&others))
    }

    fn membership(&self, pool: &Pool, rng: &mut Rng) -> Option<Expression> {
        if !self.has(functions::IN) || !self.has(functions::ARRAY) {
            return None;
        }
        let mut items: Option<Vec<_>> =
            (0..=rng.below(5)).map(|_| constant(pool, pool.value(rng))).collect();
        if let (Some(items), true) = (&mut items, rng.chance(10)) {
            items.extend(constant(pool, &Cell::Null));
        }
        let list = call(functions::ARRAY, items?, DataType::List(arrow_item(pool)));
        Some(boolean(functions::IN, vec![variable(pool), list]))
    }

    fn like(&self, pool: &Pool, rng: &mut Rng) -> Option<Expression> {
        let Cell::Text(text) = pool.value(rng) else { return None };
        let chars: Vec<char> = text.chars().take(12).filter(|c| !matches!(c, '%' | '_')).collect();
        let cut = rng.below(chars.len() + 1);
        let head: String = chars[..cut].iter().collect();
        let tail: String = chars[cut..].iter().collect();
        let rest: String = tail.chars().skip(1).collect();
        let pattern = match rng.below(4) {
            0 => format!("{head}%"),
            1 => format!("%{tail}%"),
            2 => format!("{head}_{rest}%"),
            _ => format!("{head}%{rest}"),
        };
        let pattern = constant(pool, &Cell::Text(pattern.into()))?;
        self.has(functions::LIKE_PATTERN)
            .then(|| boolean(functions::LIKE_PATTERN, vec![variable(pool), pattern]))
    }

    fn null_if(&self, pool: &Pool, rng: &mut Rng) -> Option<Expression> {
        let value = constant(pool, pool.value(rng))?;
        let null_if = call(functions::NULLIF, vec![variable(pool), value], pool.data_type.clone());
        if !self.has(functions::NULLIF) {
            None
        } else if self.has(functions::IS_NULL) {
            Some(boolean(functions::IS_NULL, vec![null_if]))
        } else {
            let other = constant(pool, pool.value(rng))?;
            self.has(functions::EQUAL).then(|| boolean(functions::EQUAL, vec![null_if, other]))
        }
    }

    /// Generates arithmetic on a column, compared with one of its values.
    fn arithmetic(&self, pool: &Pool, rng: &mut Rng) -> Option<Expression> {
        let comparison = *rng.choose(&COMPARISONS);
        if !self.has(comparison) {
            return None;
        }
        let bound = constant(pool, pool.value(rng))?;
        if rng.chance(20) {
            if !self.has(functions::NEGATE) || !is_number(&pool.data_type) {
                return None;
            }
            let negative = call(functions::NEGATE, vec![variable(pool)], pool.data_type.clone());
            return Some(boolean(comparison, vec![negative, bound]));
        }
        let function = *rng.choose(&ARITHMETIC);
        // An overflow on any row fails the whole read, which leaves the case undecided.
        let overflows = matches!(pool.data_type, DataType::Int8 | DataType::Int16)
            || is_product_of_decimals(pool, function);
        if overflows && rng.chance(70) {
            return None;
        }
        let value = constant(pool, pool.value(rng))?;
        let is_nested = rng.chance(20) && self.has(functions::NEGATE) && is_number(&pool.data_type);
        let operand = if is_nested {
            call(functions::NEGATE, vec![variable(pool)], pool.data_type.clone())
        } else {
            variable(pool)
        };
        let result = match (&pool.data_type, function) {
            // The scale of a product is the sum of the scales.
            (DataType::Decimal128(_, scale), functions::MULTIPLY) if *scale <= 19 => {
                DataType::Decimal128(38, 2 * scale)
            }
            (DataType::Decimal128(_, _), functions::MULTIPLY) => return None,
            (DataType::Decimal128(_, scale), _) => DataType::Decimal128(38, *scale),
            (number, _) if is_number(number) => number.clone(),
            _ => return None,
        };
        let sum = call(function, vec![operand, value], result);
        self.has(function).then(|| boolean(comparison, vec![sum, bound]))
    }
}

fn is_product_of_decimals(pool: &Pool, function: &str) -> bool {
    function == functions::MULTIPLY && matches!(pool.data_type, DataType::Decimal128(_, _))
}

/// Returns true if a condition with a function can be generated on a column of a type.
pub(super) fn takes(function: &str, data_type: &DataType) -> bool {
    match function {
        functions::LIKE_PATTERN => *data_type == DataType::Utf8,
        functions::NEGATE => is_number(data_type),
        arithmetic if ARITHMETIC.contains(&arithmetic) => is_number(data_type),
        _ => true,
    }
}

/// Returns true if a function occurs in an expression.
fn calls(expression: &Expression, function: &str) -> bool {
    match expression {
        Expression::Constant { .. } | Expression::Variable { .. } => false,
        Expression::Call { function: name, arguments, .. } => {
            name == function || arguments.iter().any(|argument| calls(argument, function))
        }
    }
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_signed_integer()
        || matches!(data_type, DataType::Float32 | DataType::Float64 | DataType::Decimal128(_, _))
}

fn arrow_item(pool: &Pool) -> arrow::datatypes::FieldRef {
    arrow::datatypes::Field::new("", pool.data_type.clone(), true).into()
}

fn variable(pool: &Pool) -> Expression {
    Expression::Variable { column: pool.name.clone(), data_type: pool.data_type.clone() }
}

fn constant(pool: &Pool, cell: &Cell) -> Option<Expression> {
    let values = array_of(std::slice::from_ref(cell), &pool.data_type)?;
    Some(Expression::Constant { values: Some(values), data_type: pool.data_type.clone() })
}

fn boolean(function: &str, arguments: Vec<Expression>) -> Expression {
    call(function, arguments, DataType::Boolean)
}

fn call(function: &str, arguments: Vec<Expression>, data_type: DataType) -> Expression {
    Expression::Call { function: function.to_owned(), arguments, data_type }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_without_a_condition_are_untestable() {
        let set = |names: &[&str]| -> BTreeSet<String> {
            names.iter().map(|&name| name.to_owned()).collect()
        };
        assert_eq!(
            untestable_functions(&set(&["$in", "$add", "$nullif", "$my_own", "$is_null"])),
            ["$add", "$in", "$my_own"]
        );
        assert_eq!(
            untestable_functions(&set(&[
                "$in",
                "$array",
                "$not",
                "$equal",
                "$add",
                "$nullif",
                "$like_pattern"
            ])),
            [""; 0]
        );
    }
}
