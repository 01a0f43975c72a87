//! `SHOW CATALOGS`, `SHOW SCHEMAS` and `SHOW TABLES`, answered by the connectors themselves.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use arrow::{
    array::StringArray,
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use datafusion::sql::{
    parser::Statement as DfStatement,
    sqlparser::ast::{
        ObjectName, ShowStatementFilter, ShowStatementFilterPosition, ShowStatementOptions,
        Statement,
    },
};

use athena_client::FederatedClient;

/// What a statement lists.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Listed {
    Catalogs,
    /// Of a catalog, or the default one.
    Schemas(Option<String>),
    /// Of a schema, perhaps with its catalog.
    Tables(Vec<String>),
}

/// The answer to `statement` if it is one that lists names; `catalogs` begin with the default one.
pub(crate) async fn answer(
    statement: &DfStatement,
    catalogs: &[FederatedClient],
    default_schema: Option<&str>,
) -> anyhow::Result<Option<RecordBatch>> {
    let Some((listed, pattern)) = listed(statement)? else {
        return Ok(None);
    };
    let catalog = |name: Option<&str>| match name {
        None => {
            catalogs.first().context("there is no catalog: name one with --connector NAME=SPEC")
        }
        Some(name) => {
            let found = catalogs.iter().find(|client| client.catalog() == name);
            found.with_context(|| format!("there is no catalog {name:?}: SHOW CATALOGS lists them"))
        }
    };
    let (label, mut names) = match &listed {
        Listed::Catalogs => {
            ("catalog_name", catalogs.iter().map(|client| client.catalog().to_owned()).collect())
        }
        Listed::Schemas(name) => ("schema_name", catalog(name.as_deref())?.list_schemas().await?),
        Listed::Tables(scope) => {
            let (client, schema) = match scope.as_slice() {
                [] => (catalog(None)?, None),
                // One name is a schema of the default catalog, unless a catalog is called so.
                [name] if catalogs.iter().any(|client| client.catalog() == name) => {
                    (catalog(Some(name))?, None)
                }
                [schema] => (catalog(None)?, Some(schema.as_str())),
                [name, schema] => (catalog(Some(name))?, Some(schema.as_str())),
                longer => bail!("a schema has at most two parts, not {}", longer.join(".")),
            };
            let Some(schema) = schema.or(default_schema) else {
                bail!(
                    "tables are listed by schema: SHOW TABLES IN {}.SCHEMA; SHOW SCHEMAS IN {} lists the schemas",
                    client.catalog(),
                    client.catalog()
                );
            };
            let tables = client.list_tables(schema).await?;
            ("table_name", tables.into_iter().map(|table| table.table).collect())
        }
    };
    names.sort_unstable();
    if let Some(pattern) = pattern {
        let matches = arrow::compute::kernels::comparison::like(
            &StringArray::from(names.clone()),
            &StringArray::new_scalar(pattern),
        )?;
        let mut keep = matches.iter();
        names.retain(|_| keep.next().flatten() == Some(true));
    }
    let schema = Schema::new(vec![Field::new(label, DataType::Utf8, false)]);
    Ok(Some(RecordBatch::try_new(Arc::new(schema), vec![Arc::new(StringArray::from(names))])?))
}

fn listed(statement: &DfStatement) -> anyhow::Result<Option<(Listed, Option<String>)>> {
    let DfStatement::Statement(statement) = statement else {
        return Ok(None);
    };
    let (listed, options) = match statement.as_ref() {
        Statement::ShowCatalogs { show_options, .. } => (Listed::Catalogs, show_options),
        Statement::ShowSchemas { show_options, .. }
        | Statement::ShowDatabases { show_options, .. } => {
            (Listed::Schemas(scope(show_options).pop()), show_options)
        }
        Statement::ShowTables { show_options, .. } => {
            (Listed::Tables(scope(show_options)), show_options)
        }
        // Not our enum: no other statement lists names.
        _ => return Ok(None),
    };
    let pattern = match &options.filter_position {
        None => None,
        Some(
            ShowStatementFilterPosition::Infix(ShowStatementFilter::Like(pattern))
            | ShowStatementFilterPosition::Suffix(ShowStatementFilter::Like(pattern)),
        ) => Some(pattern.clone()),
        Some(_) => bail!("names are filtered by LIKE 'pattern' only"),
    };
    Ok(Some((listed, pattern)))
}

/// The parts of the name after IN or FROM, in lower case.
fn scope(options: &ShowStatementOptions) -> Vec<String> {
    let name: Option<&ObjectName> =
        options.show_in.as_ref().and_then(|scope| scope.parent_name.as_ref());
    let parts = name.map(|name| name.0.as_slice()).unwrap_or_default();
    parts
        .iter()
        .filter_map(|part| part.as_ident())
        .map(|ident| ident.value.to_lowercase())
        .collect()
}
