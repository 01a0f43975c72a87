//! `DESCRIBE` and `SHOW COLUMNS`: the columns of one table.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, StringArray},
    error::ArrowError,
    record_batch::RecordBatch,
};
use datafusion::{
    catalog::TableProvider,
    common::TableReference,
    sql::{parser::Statement as DfStatement, sqlparser::ast::Statement},
};

use crate::{table::FederatedTable, type_name::type_name};

/// Returns the table that `statement` describes, or `None` for any other statement.
pub(crate) fn table(statement: &DfStatement) -> Option<TableReference> {
    let DfStatement::Statement(statement) = statement else { return None };
    let name = match statement.as_ref() {
        Statement::ExplainTable { table_name, .. } => table_name,
        Statement::ShowColumns { show_options, .. } => {
            show_options.show_in.as_ref()?.parent_name.as_ref()?
        }
        // Foreign enum: no other statement describes a table.
        _ => return None,
    };
    let parts: Option<Vec<String>> =
        name.0.iter().map(|part| part.as_ident().map(|ident| ident.value.to_lowercase())).collect();
    match parts?.as_slice() {
        [table] => Some(TableReference::bare(table.clone())),
        [schema, table] => Some(TableReference::partial(schema.clone(), table.clone())),
        [catalog, schema, table] => {
            Some(TableReference::full(catalog.clone(), schema.clone(), table.clone()))
        }
        _ => None,
    }
}

/// Returns a row for each column of `table`, in order.
pub(crate) fn columns(table: &dyn TableProvider) -> Result<RecordBatch, ArrowError> {
    let schema = table.schema();
    let fields = schema.fields();
    let names: StringArray = fields.iter().map(|field| Some(field.name().as_str())).collect();
    let types: StringArray =
        fields.iter().map(|field| Some(type_name(field.data_type()))).collect();
    let empty: ArrayRef = Arc::new(StringArray::from(vec![""; fields.len()]));
    let federated = table.downcast_ref::<FederatedTable>();
    let comment = |name: &str| federated.and_then(|table| table.comment(name)).unwrap_or_default();
    let comments: StringArray = fields.iter().map(|field| Some(comment(field.name()))).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("Column", Arc::new(names) as ArrayRef, true),
        ("Type", Arc::new(types), true),
        ("Extra", empty, true),
        ("Comment", Arc::new(comments), true),
    ])
}
