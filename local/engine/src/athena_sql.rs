//! Rewrites of SQL statements whose meaning differs between Athena and `DataFusion`.

use std::ops::ControlFlow;

use datafusion::sql::{
    parser::Statement,
    sqlparser::ast::{
        CastKind, DataType, ExactNumberInfo, Expr, TableFactor, Value, ValueWithSpan,
        VisitMut as _, VisitorMut,
    },
};

/// Rewrites `statement` to have Athena's meaning: `1e3` is a double, and `1.5` a decimal.
///
/// # Errors
///
/// Names a clause that the engine would silently ignore.
pub(super) fn adapt(statement: &mut Statement) -> anyhow::Result<()> {
    let adapted = match statement {
        Statement::Statement(statement) => statement.visit(&mut Adaptation),
        Statement::Explain(explain) => return adapt(&mut explain.statement),
        // These do not query connectors.
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => {
            ControlFlow::Continue(())
        }
    };
    match adapted {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(clause) => anyhow::bail!("{clause} is not supported; remove it"),
    }
}

struct Adaptation;

impl VisitorMut for Adaptation {
    type Break = &'static str;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        match factor {
            TableFactor::Table { sample: Some(_), .. }
            | TableFactor::Derived { sample: Some(_), .. } => ControlFlow::Break("TABLESAMPLE"),
            // Foreign enum: no other table factor can be sampled.
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
