//! Names of columns without an alias: `_col` and the position of the column, from 0.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Ident, Select, SelectItem, VisitorMut};

use crate::long_chains::null;

/// A visitor that names columns.
#[derive(Debug, Default)]
pub(crate) struct ColumnNames;

impl VisitorMut for ColumnNames {
    type Break = String;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<String> {
        for (position, item) in select.projection.iter_mut().enumerate() {
            let SelectItem::UnnamedExpr(expr) = item else { continue };
            if has_name(expr) {
                continue;
            }
            let expr = std::mem::replace(expr, null());
            let alias = Ident::new(format!("_col{position}"));
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
        ControlFlow::Continue(())
    }
}

/// Returns whether a column is named after its expression.
fn has_name(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. } => {
            true
        }
        Expr::Nested(inner) => has_name(inner),
        // Foreign enum: no other expression has a name.
        _ => false,
    }
}
