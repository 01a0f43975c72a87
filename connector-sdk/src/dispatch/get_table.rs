//! `GetTable`: the definition of a table.

use std::collections::BTreeSet;

use athena_protocol::{
    Response, TableName,
    message::{GetTableRequest, GetTableResponse},
};

use super::Dispatch;
use crate::{Error, Result, TableDef, column_index::ColumnIndex, wire_type::wire_schema_by};

impl Dispatch<'_> {
    pub(super) async fn get_table(&self, request: GetTableRequest) -> Result<Response> {
        let arguments = &request.query_passthrough_arguments;
        let access = self.access(&request.table_name, !arguments.is_empty())?;
        let source = self.source(arguments)?;
        let definition = self.definition(&source, &request.table_name).await?;
        let definition = access.definition(definition)?;
        Ok(Response::GetTable(GetTableResponse {
            catalog_name: request.catalog_name,
            table_name: request.table_name,
            schema: definition.schema,
            partition_columns: definition.partition_columns,
        }))
    }
}

/// Validates a definition, and converts it to Athena's types.
///
/// Column names must differ in more than case: Athena lower-cases the names in a query, so it could
/// request neither of two that do not.
///
/// # Errors
///
/// `Internal` for an invalid definition, `Unsupported` for a column type without counterpart.
pub(super) fn validate(table: &TableName, definition: &TableDef) -> Result<TableDef> {
    let invalid =
        |problem: String| Error::internal(format!("the definition of table {table} {problem}"));
    let schema = wire_schema_by(&definition.schema, definition.unsupported_types)?;
    if schema.fields().is_empty() {
        return Err(invalid("has no columns; Athena cannot query such a table".to_owned()));
    }
    let mut names = BTreeSet::new();
    for field in schema.fields() {
        if field.name().is_empty() {
            return Err(invalid("has a column without a name".to_owned()));
        }
        if !names.insert(field.name().to_lowercase()) {
            return Err(invalid(format!(
                "has two columns {:?}; names must differ in more than case, so rename or drop one",
                field.name()
            )));
        }
    }
    let columns = ColumnIndex::new(schema.fields());
    let mut partition_columns = BTreeSet::new();
    for column in &definition.partition_columns {
        if columns.find(column).is_none() {
            return Err(invalid(format!(
                "has the partition column {column:?}, which is not one of its columns"
            )));
        }
        if !partition_columns.insert(column) {
            return Err(invalid(format!("has the partition column {column:?} twice")));
        }
    }
    Ok(TableDef { schema, ..definition.clone() })
}
