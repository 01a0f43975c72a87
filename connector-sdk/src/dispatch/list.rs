//! `ListSchemas` and `ListTables`.

use athena_protocol::{
    MAX_PAYLOAD_BYTES, Response, TableName,
    message::{ListSchemasRequest, ListSchemasResponse, ListTablesRequest, ListTablesResponse},
};

use super::{
    Dispatch,
    page::{Capacity, Page, json_len, take_page},
};
use crate::{Error, ErrorKind, ListSchemas, ListTables, Result, token::Binding};

impl Dispatch<'_> {
    /// Lists all schemas, since the operation has no pages.
    pub(super) async fn list_schemas(&self, request: ListSchemasRequest) -> Result<Response> {
        let pages = self
            .connector()
            .list_schemas(ListSchemas { context: self.context(), start_after: None })
            .await?;
        let Page { items: schemas, next } =
            take_page(pages, Capacity::items(usize::MAX), |name| json_len(name) + 1).await?;
        if next.is_some() {
            return Err(Error::unsupported(format!(
                "the schemas do not fit into one response of {MAX_PAYLOAD_BYTES} bytes, and Athena \
                 lists them without pages; the first {} fit, so configure the connector to list \
                 fewer",
                schemas.len()
            )));
        }
        Ok(Response::ListSchemas(ListSchemasResponse {
            catalog_name: request.catalog_name,
            schemas,
        }))
    }

    /// Lists a page of tables.
    ///
    /// A caller that requests all of them at once also gets a token if they do not fit.
    pub(super) async fn list_tables(&self, request: ListTablesRequest) -> Result<Response> {
        let capacity = match request.page_size {
            ListTablesRequest::UNLIMITED => Capacity::items(usize::MAX),
            size => match usize::try_from(size) {
                Ok(size) if size > 0 => Capacity::items(size),
                Ok(_) | Err(_) => {
                    return Err(Error::invalid_input(format!(
                        "pageSize is {size}, expected a positive number or {} for all tables",
                        ListTablesRequest::UNLIMITED
                    )));
                }
            },
        };
        let Some(schema) = &request.schema_name else {
            return Err(Error::unsupported(
                "the request names no schema; list the tables of one schema at a time",
            ));
        };
        let keys = self.seal_keys().await?;
        let binding = || Binding::list_tables(&request, self.configuration(), keys);
        let start_after = match &request.next_token {
            Some(token) => Some(binding()?.decode_token(token, &self.context)?),
            None => None,
        };
        let pages = self
            .connector()
            .list_tables(ListTables {
                context: self.context(),
                schema: schema.clone(),
                start_after,
            })
            .await?;
        let overhead = r#"{"schemaName":,"tableName":},"#.len() + json_len(schema);
        let page = take_page(pages, capacity, |name| json_len(name) + overhead).await?;
        let next_token = match page.next {
            Some(cursor) => Some(binding()?.encode_token(&cursor)),
            None => None,
        };
        let tables = page.items.into_iter().map(|table| TableName::new(schema.as_str(), table));
        let tables = self.visible(tables)?;
        Ok(Response::ListTables(ListTablesResponse {
            tables,
            catalog_name: request.catalog_name,
            next_token,
        }))
    }

    /// Returns the tables that the caller may see.
    fn visible(&self, tables: impl Iterator<Item = TableName>) -> Result<Vec<TableName>> {
        let mut visible = Vec::new();
        for table in tables {
            match self.access(&table, false) {
                Ok(_) => visible.push(table),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(visible)
    }
}
