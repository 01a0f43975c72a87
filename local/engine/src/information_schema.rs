//! The `information_schema` of a catalog.
//!
//! `DataFusion`'s own reads the definition of every table, whatever the filter of the query, and
//! fails with the first table that fails.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array as _, ArrayRef, AsArray as _, BooleanArray, StringArray},
    compute::and_kleene,
    datatypes::{DataType, Field, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use async_trait::async_trait;
use athena_protocol::TableName;
use datafusion::{
    catalog::{
        CatalogProvider, CatalogProviderList, MemTable, MemoryCatalogProvider,
        MemoryCatalogProviderList, MemorySchemaProvider, SchemaProvider, Session, TableProvider,
        information_schema::InformationSchemaProvider,
    },
    common::DFSchema,
    error::{DataFusionError, Result},
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::ExecutionPlan,
};
use futures::stream::{self, StreamExt as _};

use super::{catalog::FederatedCatalog, columns_view, error::to_datafusion};

/// Name of the schema.
pub(crate) const INFORMATION_SCHEMA: &str = "information_schema";
/// Views of the schema whose rows follow from the definitions of tables.
const FROM_DEFINITIONS: [&str; 2] = [COLUMNS, "views"];
const COLUMNS: &str = "columns";
/// Columns of these views that identify a table.
const NAME_COLUMNS: [&str; 3] = ["table_catalog", "table_schema", "table_name"];
/// Number of definitions requested concurrently.
const CONCURRENCY: usize = 4;

/// The `information_schema` of one catalog.
#[derive(Debug)]
pub(crate) struct InformationSchema {
    pub(crate) catalog: FederatedCatalog,
}

#[async_trait]
impl SchemaProvider for InformationSchema {
    fn table_names(&self) -> Vec<String> {
        self.standard().table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(view) = self.standard().table(name).await? else { return Ok(None) };
        let name = name.to_ascii_lowercase();
        if !FROM_DEFINITIONS.contains(&name.as_str()) {
            return Ok(Some(view));
        }
        let schema = if name == COLUMNS { columns_view::schema() } else { view.schema() };
        let catalog = self.catalog.clone();
        Ok(Some(Arc::new(DefinitionView { catalog, name, schema })))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.standard().table_exist(name)
    }
}

impl InformationSchema {
    fn standard(&self) -> InformationSchemaProvider {
        standard(self.catalog.name(), Arc::new(self.catalog.clone()))
    }
}

/// Returns `DataFusion`'s `information_schema` of `catalog`.
fn standard(name: &str, catalog: Arc<dyn CatalogProvider>) -> InformationSchemaProvider {
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(name.to_owned(), catalog);
    InformationSchemaProvider::new(Arc::new(catalogs))
}

/// A view whose rows follow from the definitions of tables.
#[derive(Debug)]
struct DefinitionView {
    catalog: FederatedCatalog,
    name: String,
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for DefinitionView {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    /// Requests the definitions of the tables whose names satisfy `filters`.
    ///
    /// A table that fails is missing in the view, unless all fail.
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let selected = self.select(state, filters)?;
        let opened: Vec<_> = stream::iter(selected)
            .map(|table| async {
                let opened = self.catalog.tables().get(&table).await;
                (table, opened)
            })
            .buffered(CONCURRENCY)
            .collect()
            .await;
        let mut tables = Vec::new();
        let mut failure = None;
        for (table, opened) in opened {
            match opened {
                Ok(opened) => tables.push((table, opened)),
                Err(error) => {
                    tracing::warn!(%table, %error, "information_schema lacks a table");
                    failure.get_or_insert(error);
                }
            }
        }
        if let Some(error) = failure.filter(|_| tables.is_empty()) {
            return Err(to_datafusion(error));
        }
        if self.name == COLUMNS {
            let definitions = tables.iter().map(|(name, table)| (name, table.schema()));
            let rows = columns_view::rows(self.catalog.name(), definitions)?;
            let view = MemTable::try_new(rows.schema(), vec![vec![rows]])?;
            return view.scan(state, projection, filters, None).await;
        }
        let mut schemas = BTreeMap::<String, MemorySchemaProvider>::new();
        for (table, opened) in tables {
            schemas.entry(table.schema).or_default().register_table(table.table, opened)?;
        }
        let known = MemoryCatalogProvider::new();
        for (name, schema) in schemas {
            known.register_schema(&name, Arc::new(schema))?;
        }
        let standard = standard(self.catalog.name(), Arc::new(known));
        let view = standard
            .table(&self.name)
            .await?
            .ok_or_else(|| DataFusionError::Internal(format!("there is no view {}", self.name)))?;
        view.scan(state, projection, filters, None).await
    }
}

impl DefinitionView {
    /// Returns the tables whose names satisfy the filters that concern nothing else.
    fn select(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<TableName>> {
        let tables = self.catalog.table_names();
        let text = |name| Field::new(name, DataType::Utf8, false);
        let schema = Arc::new(Schema::new(NAME_COLUMNS.map(text).to_vec()));
        let columns: [StringArray; 3] = [
            tables.iter().map(|_| Some(self.catalog.name())).collect(),
            tables.iter().map(|table| Some(table.schema.as_str())).collect(),
            tables.iter().map(|table| Some(table.table.as_str())).collect(),
        ];
        let columns = columns.map(|column| Arc::new(column) as ArrayRef).to_vec();
        let names = RecordBatch::try_new(Arc::clone(&schema), columns)?;
        let schema = DFSchema::try_from(schema)?;
        let mut keep = BooleanArray::from(vec![true; tables.len()]);
        for filter in filters {
            let columns = filter.column_refs();
            if columns.iter().any(|column| !NAME_COLUMNS.contains(&column.name())) {
                continue;
            }
            let filter = state.create_physical_expr(filter.clone(), &schema)?;
            let satisfied = filter.evaluate(&names)?.into_array(tables.len())?;
            if let Some(satisfied) = satisfied.as_boolean_opt() {
                keep = and_kleene(&keep, satisfied)?;
            }
        }
        let kept = tables.into_iter().enumerate();
        Ok(kept
            .filter(|(index, _)| keep.is_valid(*index) && keep.value(*index))
            .map(|(_, table)| table)
            .collect())
    }
}
