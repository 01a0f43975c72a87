//! The definition of a table.

use std::collections::BTreeSet;

use athena_protocol::{
    Response, TableName,
    message::{GetTableRequest, GetTableResponse},
};

use super::Call;
use crate::{Error, Result, TableDef, wire_type::wire_schema_by};

impl Call<'_> {
    pub(super) async fn get_table(&self, request: GetTableRequest) -> Result<Response> {
        let source = self.source(&request.query_passthrough_arguments)?;
        let definition = self.definition(&source, &request.table_name).await?;
        Ok(Response::GetTable(GetTableResponse {
            catalog_name: request.catalog_name,
            table_name: request.table_name,
            schema: definition.schema,
            partition_columns: definition.partition_columns,
        }))
    }
}

/// The definition in the types of the wire, if it can be queried.
///
/// Names are compared without regard to case, because Athena lower-cases those in a query: of two
/// columns that differ in case alone, it could ask for neither.
pub(super) fn checked(table: &TableName, definition: &TableDef) -> Result<TableDef> {
    let wrong =
        |what: String| Error::internal(format!("the connector's definition of {table} {what}"));
    let schema = wire_schema_by(&definition.schema, definition.unsupported_types)?;
    if schema.fields().is_empty() {
        return Err(wrong("has no columns; Athena cannot query such a table".to_owned()));
    }
    let mut names = BTreeSet::new();
    for field in schema.fields() {
        if field.name().is_empty() {
            return Err(wrong("has a column without a name".to_owned()));
        }
        if !names.insert(field.name().to_lowercase()) {
            return Err(wrong(format!(
                "has two columns {:?}; names must differ in more than case, so rename or leave out one",
                field.name()
            )));
        }
    }
    let mut partition_columns = BTreeSet::new();
    for column in &definition.partition_columns {
        if schema.fields().find(column).is_none() {
            return Err(wrong(format!(
                "says that it is partitioned by {column:?}, which is not one of its columns"
            )));
        }
        if !partition_columns.insert(column) {
            return Err(wrong(format!("says twice that it is partitioned by {column:?}")));
        }
    }
    Ok(TableDef { schema, ..definition.clone() })
}
