//! `SHOW CATALOGS`, `SHOW SCHEMAS` and `SHOW TABLES`, from the lists of the connectors.

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

/// The object of a `SHOW` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ShowTarget {
    Catalogs,
    /// Schemas of a catalog, by default the first.
    Schemas(Option<String>),
    /// Tables of a schema, with or without its catalog.
    Tables(Vec<String>),
}

/// Runs `statement` if it is a `SHOW` statement. Returns `None` for any other statement.
///
/// Names are sorted. The first of `catalogs` is the default one.
pub(crate) async fn run(
    statement: &DfStatement,
    catalogs: &[FederatedClient],
    default_schema: Option<&str>,
) -> anyhow::Result<Option<RecordBatch>> {
    let Some((target, pattern)) = show_target(statement)? else {
        return Ok(None);
    };
    let (label, mut names) = match &target {
        ShowTarget::Catalogs => {
            ("Catalog", catalogs.iter().map(|client| client.catalog().to_owned()).collect())
        }
        ShowTarget::Schemas(name) => {
            ("Schema", find(catalogs, name.as_deref())?.list_schemas().await?)
        }
        ShowTarget::Tables(scope) => ("Table", list_tables(scope, catalogs, default_schema).await?),
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

/// Finds the catalog `name`, or the default one.
fn find<'a>(
    catalogs: &'a [FederatedClient],
    name: Option<&str>,
) -> anyhow::Result<&'a FederatedClient> {
    match name {
        None => catalogs.first().context("there is no catalog: add --connector NAME=SPEC"),
        Some(name) => {
            let found = catalogs.iter().find(|client| client.catalog() == name);
            found.with_context(|| {
                format!("catalog {name:?} does not exist; SHOW CATALOGS lists all catalogs")
            })
        }
    }
}

async fn list_tables(
    scope: &[String],
    catalogs: &[FederatedClient],
    default_schema: Option<&str>,
) -> anyhow::Result<Vec<String>> {
    let (client, schema) = match scope {
        [] => (find(catalogs, None)?, None),
        // A single name is a schema of the default catalog, unless it is the name of a catalog.
        [name] if catalogs.iter().any(|client| client.catalog() == name) => {
            (find(catalogs, Some(name))?, None)
        }
        [schema] => (find(catalogs, None)?, Some(schema.as_str())),
        [name, schema] => (find(catalogs, Some(name))?, Some(schema.as_str())),
        longer => bail!("a schema name has at most two parts, got {}", longer.join(".")),
    };
    let Some(schema) = schema.or(default_schema) else {
        let catalog = client.catalog();
        bail!(
            "SHOW TABLES needs a schema: SHOW TABLES IN {catalog}.SCHEMA; \
             SHOW SCHEMAS IN {catalog} lists all schemas"
        );
    };
    let tables = client.list_tables(schema).await?;
    Ok(tables.into_iter().map(|table| table.table).collect())
}

/// Parses a `SHOW` statement into its target and `LIKE` pattern.
fn show_target(statement: &DfStatement) -> anyhow::Result<Option<(ShowTarget, Option<String>)>> {
    let DfStatement::Statement(statement) = statement else {
        return Ok(None);
    };
    let (target, options) = match statement.as_ref() {
        Statement::ShowCatalogs { show_options, .. } => (ShowTarget::Catalogs, show_options),
        Statement::ShowSchemas { show_options, .. }
        | Statement::ShowDatabases { show_options, .. } => {
            (ShowTarget::Schemas(scope(show_options).pop()), show_options)
        }
        Statement::ShowTables { show_options, .. } => {
            (ShowTarget::Tables(scope(show_options)), show_options)
        }
        // Foreign enum: no other statement lists names.
        _ => return Ok(None),
    };
    let pattern = match &options.filter_position {
        None => None,
        Some(
            ShowStatementFilterPosition::Infix(ShowStatementFilter::Like(pattern))
            | ShowStatementFilterPosition::Suffix(ShowStatementFilter::Like(pattern)),
        ) => Some(pattern.clone()),
        Some(_) => bail!("SHOW supports no filter except LIKE 'pattern'"),
    };
    Ok(Some((target, pattern)))
}

/// Returns the parts of the name after IN or FROM, in lower case.
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
