//! Faults in expressions.

use athena_protocol::predicate::{Expression, functions};

use super::super::{
    ask::{
        Ex::{self, Call, Column, NullOf, Number, Value},
        ask,
    },
    faults::rewriting,
    mutant::{Fault, Mutant, mutant, passes, pick},
    source::Level::Full,
    tables::Source::{Events, Numbers, Texts},
};

pub(super) fn mutants() -> Vec<Mutant> {
    let mut mutants = connectives();
    mutants.extend(comparisons());
    mutants.extend(patterns());
    mutants.extend(arithmetic());
    mutants
}

/// Returns `column >= value`.
pub(super) fn at_least(column: &'static str, value: &'static str) -> Ex {
    Call(functions::GREATER_THAN_OR_EQUAL, vec![Column(column), Value(column, value)])
}

fn equal(column: &'static str, value: &'static str) -> Ex {
    Call(functions::EQUAL, vec![Column(column), Value(column, value)])
}

/// Renames a function.
fn renamed(from: &'static str, to: &'static str) -> Fault {
    rewriting(move |expression| {
        if let Expression::Call { function, .. } = expression
            && function == from
        {
            to.clone_into(function);
        }
    })
}

/// Changes the arguments of a function.
fn arguments_of(name: &'static str, change: fn(&mut Vec<Expression>)) -> Fault {
    rewriting(move |expression| {
        if let Expression::Call { function, arguments, .. } = expression
            && function == name
        {
            change(arguments);
        }
    })
}

fn connectives() -> Vec<Mutant> {
    let kind = "connective evaluated wrongly";
    let either = Call(functions::OR, vec![equal("small", "21"), equal("small", "58")]);
    vec![
        mutant(kind, "OR as AND", (Numbers, Full), renamed(functions::OR, functions::AND))
            .shown_by(ask("ledger").split(0).expression(either.clone()))
            .answered("3 4", ""),
        mutant(
            kind,
            "AND with its first condition only",
            (Events, Full),
            arguments_of(functions::AND, |arguments| arguments.truncate(1)),
        )
        .shown_by(
            ask("events").split(1).expression(Call(
                functions::AND,
                vec![at_least("first", "7"), equal("last", "24")],
            )),
        )
        .answered("8", "7 8 10 11"),
        mutant(
            kind,
            "NOT of null is true",
            (Events, Full),
            rewriting(|expression| {
                // NOT x becomes (x IS DISTINCT FROM true).
                if let Expression::Call { function, arguments, .. } = expression
                    && function == functions::NOT
                {
                    functions::IS_DISTINCT_FROM.clone_into(function);
                    arguments.push(Expression::Constant {
                        values: Some(std::sync::Arc::new(arrow::array::BooleanArray::from(vec![
                            true,
                        ]))),
                        data_type: arrow::datatypes::DataType::Boolean,
                    });
                }
            }),
        )
        .shown_by(
            ask("events").split(1).expression(Call(functions::NOT, vec![at_least("first", "7")])),
        )
        .answered("6", "6 9"),
        mutant(
            "rows repeated by OR",
            "each condition is a query of its own",
            (Numbers, Full),
            Fault::in_rows(|read, rows| {
                if read.applied.limit.is_some() {
                    return rows;
                }
                let names: Vec<String> =
                    rows.schema().fields().iter().map(|field| field.name().clone()).collect();
                let mut indices: Vec<usize> = (0..rows.num_rows()).collect();
                for expression in &read.applied.expressions {
                    let Expression::Call { function, arguments, .. } = expression else { continue };
                    if function != functions::OR {
                        continue;
                    }
                    let single = |arm: &Expression| athena_protocol::Constraints {
                        expressions: vec![arm.clone()],
                        ..Default::default()
                    };
                    let cells: Vec<_> = athena_conformance::oracle::Cell::rows(&rows).collect();
                    let both = |row: &usize| {
                        let arms = arguments
                            .iter()
                            .filter(|arm| passes(&single(arm), &names, &cells[*row]));
                        arms.count() > 1
                    };
                    indices.extend((0..rows.num_rows()).filter(both).collect::<Vec<_>>());
                }
                pick(&rows, &indices)
            }),
        )
        .shown_by(
            ask("ledger")
                .split(0)
                .expression(Call(functions::OR, vec![equal("small", "21"), equal("price", "3.50")]))
                .expression(equal("id", "3")),
        )
        .answered("3", "3 3"),
    ]
}

#[expect(clippy::too_many_lines, reason = "a flat list of independent entries")]
fn comparisons() -> Vec<Mutant> {
    let kind = "comparison in an expression evaluated wrongly";
    let list = |items: Vec<Ex>| Call(functions::ARRAY, items);
    let in_list = |column, items: &[&'static str]| {
        let items = items.iter().map(|item| Value(column, item)).collect();
        Call(functions::IN, vec![Column(column), list(items)])
    };
    vec![
        mutant(
            kind,
            "<> keeps null",
            (Numbers, Full),
            renamed(functions::NOT_EQUAL, functions::IS_DISTINCT_FROM),
        )
        .shown_by(
            ask("ledger")
                .split(0)
                .expression(Call(functions::NOT_EQUAL, vec![Column("tiny"), Value("tiny", "0")]))
                .expression(at_least("amount", "35")),
        )
        .answered("36 37 39", "35 36 37 39"),
        mutant(
            kind,
            "IS DISTINCT FROM drops null",
            (Texts, Full),
            renamed(functions::IS_DISTINCT_FROM, functions::NOT_EQUAL),
        )
        .shown_by(
            ask("people")
                .split(2)
                .expression(Call(
                    functions::IS_DISTINCT_FROM,
                    vec![Column("flag"), Value("flag", "true")],
                ))
                .expression(at_least("born", "2020-01-01")),
        )
        .answered(
            "97 98 100 101 103 106 107 109 110 112 113 115 116 118",
            "97 100 103 106 109 112 115 118",
        ),
        mutant(
            kind,
            "last member of IN lost",
            (Events, Full),
            arguments_of(functions::ARRAY, |items| {
                if items.len() > 1 {
                    items.pop();
                }
            }),
        )
        .shown_by(ask("files").split(0).expression(in_list("size", &["1", "4", "9"])))
        .answered("1 2 3", "1 2"),
        mutant(
            kind,
            "sides of a comparison of columns swapped",
            (Events, Full),
            rewriting(|expression| {
                if let Expression::Call { function, arguments, .. } = expression
                    && function == functions::LESS_THAN
                    && arguments
                        .iter()
                        .all(|argument| matches!(argument, Expression::Variable { .. }))
                {
                    arguments.reverse();
                }
            }),
        )
        .shown_by(
            ask("events")
                .split(8)
                .expression(Call(functions::LESS_THAN, vec![Column("last"), Column("first")])),
        )
        .answered("48", "52 53"),
        mutant(
            kind,
            "NULLIF of null is not null",
            (Numbers, Full),
            rewriting(|expression| {
                // NULLIF(x, y) IS NULL becomes x = y.
                if let Expression::Call { function, arguments, .. } = expression
                    && function == functions::IS_NULL
                    && let [Expression::Call { function: inner, arguments: sides, .. }] =
                        &arguments[..]
                    && inner == functions::NULLIF
                {
                    *arguments = sides.clone();
                    functions::EQUAL.clone_into(function);
                }
            }),
        )
        .shown_by(ask("ledger").split(0).expression(Call(
            functions::IS_NULL,
            vec![Number(functions::NULLIF, "small", vec![Column("small"), Value("small", "21")])],
        )))
        .answered("3 10 21 32", "3"),
        mutant(
            kind,
            "comparison with null is true",
            (Numbers, Full),
            rewriting(|expression| {
                if let Expression::Call { function, arguments, .. } = expression
                    && function == functions::IN
                    && let [_, Expression::Call { arguments: items, .. }] = &mut arguments[..]
                {
                    let nulls = items.len();
                    items.retain(|item| !is_null(item));
                    if items.len() < nulls {
                        functions::IS_NULL.clone_into(function);
                        arguments.truncate(1);
                    }
                }
            }),
        )
        .shown_by(ask("ledger").split(0).expression(Call(
            functions::IN,
            vec![Column("small"), list(vec![Value("small", "21"), NullOf("small")])],
        )))
        .answered("3", "10 21 32"),
    ]
}

fn is_null(expression: &Expression) -> bool {
    use arrow::array::Array as _;
    match expression {
        Expression::Constant { values, .. } => {
            values.as_ref().is_none_or(|values| values.is_null(0))
        }
        Expression::Variable { .. } | Expression::Call { .. } => false,
    }
}

/// Changes the patterns of LIKE.
fn pattern(change: fn(&str) -> String) -> Fault {
    use arrow::array::{AsArray as _, StringArray};
    rewriting(move |expression| {
        let Expression::Call { function, arguments, .. } = expression else { return };
        if function != functions::LIKE_PATTERN {
            return;
        }
        if let [_, Expression::Constant { values: Some(values), .. }] = &mut arguments[..] {
            let changed = change(values.as_string::<i32>().value(0));
            *values = std::sync::Arc::new(StringArray::from(vec![changed]));
        }
    })
}

fn patterns() -> Vec<Mutant> {
    let kind = "LIKE evaluated wrongly";
    let like = |column, pattern| {
        Call(functions::LIKE_PATTERN, vec![Column(column), Value(column, pattern)])
    };
    vec![
        mutant(
            kind,
            "_ matches no other character",
            (Texts, Full),
            pattern(|text| text.replace('_', "\u{1}")),
        )
        .shown_by(ask("people").split(2).expression(like("note", "a_b")))
        .answered("92 95 100 105 108 113 118", ""),
        mutant(
            kind,
            "% matches at least one character",
            (Texts, Full),
            pattern(|text| {
                text.strip_suffix('%').map_or_else(|| text.to_owned(), |head| format!("{head}_%"))
            }),
        )
        .shown_by(ask("people").split(0).expression(like("name", "Person 1%")))
        .answered("4 40 44 48", "40 44 48"),
    ]
}

fn arithmetic() -> Vec<Mutant> {
    let kind = "arithmetic evaluated wrongly";
    let is = |left: Ex, column, value| Call(functions::EQUAL, vec![left, Value(column, value)]);
    vec![
        mutant(
            kind,
            "difference reversed",
            (Numbers, Full),
            arguments_of(functions::SUBTRACT, |sides| sides.reverse()),
        )
        .shown_by(ask("ledger").split(0).expression(is(
            Number(functions::SUBTRACT, "small", vec![Column("small"), Value("small", "1")]),
            "small",
            "20",
        )))
        .answered("3", ""),
        mutant(
            kind,
            "remainder of a negative number is positive",
            (Events, Full),
            rewriting(|expression| {
                // Reverses the sign of a negative dividend: (-x) mod y is then x mod y.
                if let Expression::Call { function, arguments, .. } = expression
                    && function == functions::MODULUS
                    && let [Expression::Call { function: inner, arguments: operand, .. }, _] =
                        &mut arguments[..]
                    && inner == functions::NEGATE
                {
                    arguments[0] = operand[0].clone();
                }
            }),
        )
        .shown_by(ask("events").split(1).expression(is(
            Number(
                functions::MODULUS,
                "first",
                vec![
                    Number(functions::NEGATE, "first", vec![Column("first")]),
                    Value("first", "4"),
                ],
            ),
            "first",
            "-3",
        )))
        .answered("7 11", ""),
    ]
}
