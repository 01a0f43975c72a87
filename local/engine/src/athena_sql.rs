//! What Athena's SQL means where the engine reads something else into it.

use std::ops::ControlFlow;

use datafusion::sql::{
    parser::Statement,
    sqlparser::ast::{
        CastKind, DataType, ExactNumberInfo, Expr, TableFactor, Value, ValueWithSpan,
        VisitMut as _, VisitorMut,
    },
};

/// Makes `statement` mean what it means in Athena: `1e3` is a double, as `1.5` is a decimal.
///
/// # Errors
///
/// Which clause the engine would leave out without a word.
pub(super) fn adapt(statement: &mut Statement) -> anyhow::Result<()> {
    let adapted = match statement {
        Statement::Statement(statement) => statement.visit(&mut Adaptation),
        Statement::Explain(explain) => return adapt(&mut explain.statement),
        // Nothing that a connector is asked.
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => {
            ControlFlow::Continue(())
        }
    };
    match adapted {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(clause) => anyhow::bail!("{clause} is not supported here; leave it out"),
    }
}

struct Adaptation;

impl VisitorMut for Adaptation {
    type Break = &'static str;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        match factor {
            TableFactor::Table { sample: Some(_), .. }
            | TableFactor::Derived { sample: Some(_), .. } => ControlFlow::Break("TABLESAMPLE"),
            // Not our enum: nothing else can be sampled.
            _ => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Expr::Value(ValueWithSpan { value: Value::Number(digits, _), span }) = expr
            && digits.contains(['e', 'E'])
        {
            let text = Value::SingleQuotedString(std::mem::take(digits)).with_span(*span);
            *expr = Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(Expr::Value(text)),
                data_type: DataType::Double(ExactNumberInfo::None),
                array: false,
                format: None,
            };
        }
        ControlFlow::Continue(())
    }
}
