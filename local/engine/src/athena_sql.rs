//! Rewrites of SQL statements whose meaning differs between Athena and `DataFusion`.

use std::ops::ControlFlow;

use datafusion::sql::{
    parser::Statement,
    sqlparser::ast::{
        BinaryOperator, CastKind, CharacterLength, DataType, ExactNumberInfo, Expr, Function,
        FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
        JoinConstraint, JoinOperator, LimitClause, ObjectName, Query, Select, SetExpr, SetOperator,
        SetQuantifier, Statement as SqlStatement, TableFactor, TableWithJoins, TypedString,
        UnaryOperator, Value, ValueWithSpan, VisitMut as _, VisitorMut,
    },
};

use crate::casts::TO_VARCHAR;
use crate::column_names::ColumnNames;
use crate::integer_literals::IntegerLiterals;
use crate::long_chains::{self, null};
use crate::query_size::QuerySize;
use crate::types::{time_zone_of_literal, timestamp_in_zone};

/// Rewrites `statement` to have Athena's meaning.
///
/// | SQL | Meaning |
/// |---|---|
/// | `1e3` | a double; `1.5` is a decimal, `1` an integer |
/// | `DECIMAL '1.50'` | a decimal of 3 digits |
/// | `SELECT a + 1` | a column named `_col0` |
/// | `CAST(a AS varchar(3))` | the first 3 characters |
/// | `TIMESTAMP '2024-01-01 00:00 UTC'` | a timestamp with time zone |
/// | `a IS DISTINCT FROM b AND c` | `(a IS DISTINCT FROM b) AND c` |
/// | `a LIKE 'b\c'` | the backslash is a character |
///
/// # Errors
///
/// Names a clause that the engine would ignore, or for which it would return other rows.
pub(super) fn adapt(statement: &mut Statement) -> anyhow::Result<()> {
    let adapted = match statement {
        Statement::Statement(statement) if !is_read_only(statement) => {
            ControlFlow::Break(unsupported(&statement.to_string()))
        }
        Statement::Statement(statement) => match statement.visit(&mut Adaptation::default()) {
            ControlFlow::Continue(()) => size_and_names(statement),
            refused @ ControlFlow::Break(_) => refused,
        },
        Statement::Explain(explain) => return adapt(&mut explain.statement),
        Statement::CreateExternalTable(_) => ControlFlow::Break(unsupported("CREATE TABLE")),
        Statement::CopyTo(_) => ControlFlow::Break(unsupported("COPY")),
        Statement::Reset(_) => ControlFlow::Break(unsupported("RESET")),
    };
    match adapted {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(reason) => anyhow::bail!(reason),
    }
}

/// Checks the size of `statement`, then names its columns and types its literals.
fn size_and_names(statement: &mut SqlStatement) -> ControlFlow<String> {
    statement.visit(&mut QuerySize::default())?;
    statement.visit(&mut ColumnNames)?;
    statement.visit(&mut IntegerLiterals)
}

fn is_read_only(statement: &SqlStatement) -> bool {
    matches!(
        statement,
        SqlStatement::Query(_)
            | SqlStatement::Explain { .. }
            | SqlStatement::ExplainTable { .. }
            | SqlStatement::ShowCatalogs { .. }
            | SqlStatement::ShowDatabases { .. }
            | SqlStatement::ShowSchemas { .. }
            | SqlStatement::ShowTables { .. }
            | SqlStatement::ShowColumns { .. }
            | SqlStatement::ShowFunctions { .. }
            | SqlStatement::ShowVariable { .. }
            | SqlStatement::ShowVariables { .. }
    )
}

/// Names a statement by the keywords it begins with.
fn unsupported(statement: &str) -> String {
    let is_keyword = |word: &&str| word.bytes().all(|byte| byte.is_ascii_uppercase());
    let keywords: Vec<&str> = statement.split_whitespace().take_while(is_keyword).take(2).collect();
    format!("{} is not supported; only SELECT, SHOW and EXPLAIN are", keywords.join(" "))
}

/// Maximum depth of an expression, without parentheses.
const MAX_DEPTH: usize = 350;

#[derive(Debug, Default)]
struct Adaptation {
    /// Number of expressions around the current one.
    depth: usize,
}

impl VisitorMut for Adaptation {
    type Break = String;

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        limit_fetched(query);
        refuse_multisets(&query.body)
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        select.from.iter().try_for_each(refuse_right_using)
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        match factor {
            TableFactor::Table { sample: Some(_), .. }
            | TableFactor::Derived { sample: Some(_), .. } => {
                ControlFlow::Break("TABLESAMPLE is not supported; remove it".to_owned())
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                refuse_right_using(table_with_joins)
            }
            // Foreign enum: no other table factor can be sampled or contains joins.
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Err(reason) = long_chains::shorten(expr) {
            return ControlFlow::Break(reason);
        }
        self.depth += usize::from(!matches!(expr, Expr::Nested(_)));
        if self.depth > MAX_DEPTH {
            let reason = format!("an expression is nested more than {MAX_DEPTH} levels");
            return ControlFlow::Break(format!("{reason}; simplify it"));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        self.depth -= usize::from(!matches!(expr, Expr::Nested(_)));
        match expr {
            Expr::Value(ValueWithSpan { value: Value::Number(digits, _), span })
                if digits.contains(['e', 'E']) =>
            {
                let text = Value::SingleQuotedString(std::mem::take(digits)).with_span(*span);
                *expr = cast(Expr::Value(text), DataType::Double(ExactNumberInfo::None));
            }
            Expr::TypedString(literal) => {
                type_decimal(literal);
                if let Some(with_zone) = timestamp_with_zone(literal)? {
                    *expr = with_zone;
                }
            }
            Expr::Cast {
                kind: CastKind::Cast,
                expr: operand,
                data_type: DataType::Varchar(Some(CharacterLength::IntegerLength { length, .. })),
                ..
            } => {
                let length = Value::Number(length.to_string(), false).into();
                let operand = std::mem::replace(&mut **operand, null());
                *expr = call(TO_VARCHAR, [operand, Expr::Value(length)]);
            }
            Expr::Cast { data_type, .. } if is_foreign(data_type) => {
                return ControlFlow::Break(format!(
                    "unknown type: {}; use varchar for text, and real or double for numbers",
                    data_type.to_string().to_lowercase()
                ));
            }
            Expr::Function(call) if call.over.is_some() && call.filter.is_some() => {
                let reason = "FILTER is not supported for window functions; use CASE";
                return ControlFlow::Break(reason.to_owned());
            }
            Expr::Function(call) if is_ranking(call) => {
                *expr = cast(std::mem::replace(expr, null()), DataType::BigInt(None));
            }
            Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => bind_distinct_from(expr),
            Expr::BinaryOp { .. } | Expr::UnaryOp { op: UnaryOperator::Not, .. } => {
                bind_by_precedence(expr);
            }
            Expr::Like { escape_char: None, pattern, .. } => escape_backslashes(pattern),
            // Foreign enum: every other expression has the same meaning.
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// Replaces `FETCH FIRST n ROWS ONLY` with `LIMIT n`. `WITH TIES` stays, and is refused.
fn limit_fetched(query: &mut Query) {
    let has_limit =
        matches!(query.limit_clause, Some(LimitClause::LimitOffset { limit: Some(_), .. }));
    let fetch = query.fetch.take_if(|fetch| !fetch.with_ties && !fetch.percent && !has_limit);
    let Some(fetch) = fetch else { return };
    let one = || Expr::Value(Value::Number("1".to_owned(), false).into());
    let limit = Some(fetch.quantity.unwrap_or_else(one));
    match &mut query.limit_clause {
        Some(LimitClause::LimitOffset { limit: empty, .. }) => *empty = limit,
        clause => {
            *clause = Some(LimitClause::LimitOffset { limit, offset: None, limit_by: Vec::new() });
        }
    }
}

/// Returns whether a type is one of other databases.
fn is_foreign(data_type: &DataType) -> bool {
    matches!(data_type, DataType::String(_) | DataType::Text | DataType::Float(_))
}

/// Returns whether a call is that of a ranking function, of which the result is unsigned.
fn is_ranking(call: &Function) -> bool {
    let name = call.name.to_string().to_ascii_lowercase();
    call.over.is_some() && matches!(name.as_str(), "row_number" | "rank" | "dense_rank" | "ntile")
}

/// Refuses `EXCEPT ALL` and `INTERSECT ALL`, for which `DataFusion` ignores how often a row occurs.
fn refuse_multisets(body: &SetExpr) -> ControlFlow<String> {
    let mut pending = vec![body];
    while let Some(body) = pending.pop() {
        // A query in parentheses is visited itself.
        if let SetExpr::SetOperation { op, set_quantifier, left, right } = body {
            let is_multiset = matches!(op, SetOperator::Except | SetOperator::Intersect)
                && matches!(set_quantifier, SetQuantifier::All);
            if is_multiset {
                let reason = "is not supported; count the rows with GROUP BY";
                return ControlFlow::Break(format!("{op} ALL {reason}"));
            }
            pending.extend([left.as_ref(), right.as_ref()]);
        }
    }
    ControlFlow::Continue(())
}

/// Refuses `RIGHT` and `FULL JOIN ... USING`. `DataFusion` takes the key of the left side, which is
/// null for rows that only the right side has.
fn refuse_right_using(tables: &TableWithJoins) -> ControlFlow<String> {
    for join in &tables.joins {
        let (name, constraint) = match &join.join_operator {
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => {
                ("RIGHT", constraint)
            }
            JoinOperator::FullOuter(constraint) => ("FULL", constraint),
            // Foreign enum: the left side of every other join has the key.
            _ => continue,
        };
        let clause = match constraint {
            JoinConstraint::Using(_) => format!("{name} JOIN ... USING"),
            JoinConstraint::Natural => format!("NATURAL {name} JOIN"),
            JoinConstraint::On(_) | JoinConstraint::None => continue,
        };
        return ControlFlow::Break(format!(
            "{clause} is not supported; use ON, and coalesce(a.key, b.key) as the key"
        ));
    }
    ControlFlow::Continue(())
}

/// Gives a decimal literal the precision and scale of its digits.
fn type_decimal(literal: &mut TypedString) {
    let (DataType::Decimal(ExactNumberInfo::None), Value::SingleQuotedString(text)) =
        (&literal.data_type, &literal.value.value)
    else {
        return;
    };
    let digits = text.trim().trim_start_matches(['+', '-']);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0').len();
    let precision = (whole + fraction.len()).max(1);
    if let (Ok(precision), Ok(scale)) = (u64::try_from(precision), i64::try_from(fraction.len())) {
        let exact = ExactNumberInfo::PrecisionAndScale(precision, scale);
        literal.data_type = DataType::Decimal(exact);
    }
}

/// Returns a timestamp with time zone if the literal has a zone.
fn timestamp_with_zone(literal: &TypedString) -> ControlFlow<String, Option<Expr>> {
    let (DataType::Timestamp(..), Value::SingleQuotedString(text)) =
        (&literal.data_type, &literal.value.value)
    else {
        return ControlFlow::Continue(None);
    };
    match time_zone_of_literal(text) {
        Ok(None) => ControlFlow::Continue(None),
        Ok(Some((text, zone))) => {
            let text = Value::SingleQuotedString(text).with_span(literal.value.span);
            ControlFlow::Continue(Some(cast(Expr::Value(text), timestamp_in_zone(&zone))))
        }
        Err(error) => ControlFlow::Break(error.to_string()),
    }
}

/// Binds `IS [NOT] DISTINCT FROM` tighter than logical operators and comparisons: the parser takes
/// all that follows as the right operand.
fn bind_distinct_from(expr: &mut Expr) {
    let (is_distinct, left, right) = match std::mem::replace(expr, null()) {
        Expr::IsDistinctFrom(left, right) => (true, left, right),
        Expr::IsNotDistinctFrom(left, right) => (false, left, right),
        other => {
            *expr = other;
            return;
        }
    };
    let mut whole = *right;
    let operand = first_operand(&mut whole);
    let right = Box::new(std::mem::replace(operand, null()));
    *operand = if is_distinct {
        Expr::IsDistinctFrom(left, right)
    } else {
        Expr::IsNotDistinctFrom(left, right)
    };
    *expr = whole;
}

/// Returns the leftmost operand of conditions in `expr`, which is not itself a condition.
///
/// Parentheses are a node of their own.
fn first_operand(mut expr: &mut Expr) -> &mut Expr {
    loop {
        let is_condition = match &*expr {
            Expr::BinaryOp { op, .. } => precedence(op).is_some(),
            Expr::Between { .. }
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::Like { .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..) => true,
            // Foreign enum: no other expression begins with the operand of a condition.
            _ => false,
        };
        if !is_condition {
            return expr;
        }
        expr = match expr {
            Expr::BinaryOp { left: operand, .. }
            | Expr::Between { expr: operand, .. }
            | Expr::InList { expr: operand, .. }
            | Expr::InSubquery { expr: operand, .. }
            | Expr::Like { expr: operand, .. }
            | Expr::IsNull(operand)
            | Expr::IsNotNull(operand)
            | Expr::IsTrue(operand)
            | Expr::IsNotTrue(operand)
            | Expr::IsFalse(operand)
            | Expr::IsNotFalse(operand)
            | Expr::IsUnknown(operand)
            | Expr::IsNotUnknown(operand)
            | Expr::IsDistinctFrom(operand, _)
            | Expr::IsNotDistinctFrom(operand, _) => operand,
            _ => unreachable!("every condition has a first operand"),
        };
    }
}

/// Moves a condition out of an operand that binds tighter than it.
///
/// The parser makes such operands only of what follows `IS DISTINCT FROM`; parentheses are a node
/// of their own.
fn bind_by_precedence(expr: &mut Expr) {
    let (operand, binds) = match expr {
        Expr::BinaryOp { op, right, .. } => match precedence(op) {
            Some(binds) => (right, binds),
            None => return,
        },
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => (expr, NOT),
        // Foreign enum: no other expression has such an operand.
        _ => return,
    };
    let is_looser = |operand: &Expr| match operand {
        Expr::BinaryOp { op, .. } => precedence(op).is_some_and(|other| other < binds),
        // Foreign enum: every other expression binds tighter.
        _ => false,
    };
    if !is_looser(operand) {
        return;
    }
    let Expr::BinaryOp { left, op, right } = std::mem::replace(&mut **operand, null()) else {
        return;
    };
    **operand = *left;
    bind_by_precedence(expr);
    let left = Box::new(std::mem::replace(expr, null()));
    *expr = Expr::BinaryOp { left, op, right };
}

/// Precedence of `NOT`.
const NOT: u8 = 3;

/// Returns the precedence of a logical operator or comparison; a greater one binds tighter.
fn precedence(op: &BinaryOperator) -> Option<u8> {
    match op {
        BinaryOperator::Or => Some(1),
        BinaryOperator::And => Some(2),
        BinaryOperator::Eq
        | BinaryOperator::NotEq
        | BinaryOperator::Lt
        | BinaryOperator::LtEq
        | BinaryOperator::Gt
        | BinaryOperator::GtEq => Some(4),
        // Foreign enum: every other operator has values as operands.
        _ => None,
    }
}

/// Doubles the backslashes of a pattern without `ESCAPE`. In `DataFusion` a backslash escapes the
/// next character; in Athena it is a character.
fn escape_backslashes(pattern: &mut Expr) {
    if let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) = pattern {
        *text = text.replace('\\', "\\\\");
        return;
    }
    let literal = |text: &str| Expr::Value(Value::SingleQuotedString(text.into()).into());
    let arguments = [std::mem::replace(pattern, null()), literal("\\"), literal("\\\\")];
    *pattern = call("replace", arguments);
}

fn call(name: &str, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    let unnamed = |argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_quote('"', name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.into_iter().map(unnamed).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
