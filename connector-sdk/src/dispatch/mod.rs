//! Dispatch of messages to the methods of a connector, one file for each operation.

mod capabilities;
mod get_splits;
mod get_table;
mod get_table_layout;
mod list;
mod page;
mod ping;
mod read_records;
mod user_defined_function;

pub(crate) use ping::ping;

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::{DataType, Field, Fields};
use athena_protocol::{Constraints, Request, Response, SerdeVersion, TableName};
use tokio::sync::OnceCell;

use crate::{
    Access, Connector, Context, Error, ErrorKind, FederatedIdentity, GetTable, Handler,
    Passthrough, Result, Setting, Settings, TableDef, column_index::ColumnIndex,
    passthrough::PassthroughConnector, plan::Plan, seal::SealKeys,
};

/// One request with the handler that serves it.
pub(crate) struct Dispatch<'a> {
    pub(crate) handler: &'a Handler,
    pub(crate) settings: &'a Settings,
    pub(crate) context: Context,
    pub(crate) version: SerdeVersion,
    /// Definition of the table of the request, once it was needed.
    pub(crate) definition: OnceCell<TableDef>,
}

impl Dispatch<'_> {
    pub(crate) async fn respond(&self, request: Request) -> Result<Response> {
        match request {
            Request::Ping(request) => Ok(ping(self.connector().source_type(), &request)),
            Request::ListSchemas(request) => self.list_schemas(request).await,
            Request::ListTables(request) => self.list_tables(request).await,
            Request::GetTable(request) => self.get_table(request).await,
            Request::GetTableLayout(request) => self.get_table_layout(request).await,
            Request::GetSplits(request) => self.get_splits(request).await,
            Request::GetDataSourceCapabilities(request) => {
                Ok(capabilities::respond(request, self.passthrough().map(Arc::as_ref)))
            }
            Request::ReadRecords(request) => self.read_records(request).await,
            Request::UserDefinedFunction(request) => {
                user_defined_function::respond(&self.handler.udfs, &self.context, request).await
            }
        }
    }

    fn connector(&self) -> &Arc<dyn Connector> {
        &self.handler.connector
    }

    /// Returns the keys of seals; `None` if seals are off.
    async fn seal_keys(&self) -> Result<Option<&SealKeys>> {
        self.handler.seals.keys(self.settings).await
    }

    /// Returns what the caller may see of `table`; `passthrough` says whether it is the result of a
    /// passthrough query.
    ///
    /// # Errors
    ///
    /// `AccessDenied` if identities are not trusted, or for a passthrough query without full
    /// access; `NotFound` for a hidden table.
    fn access(&self, table: &TableName, passthrough: bool) -> Result<Access> {
        let Some(rule) = &self.handler.access else { return Ok(Access::full()) };
        if !self.settings.trust_identity {
            return Err(Error::new(
                ErrorKind::AccessDenied,
                format!(
                    "the function shows rows by caller, and does not know whether the caller in a \
                     request is true; set {} to true if only Athena may invoke it",
                    Setting::TrustIdentity.variable()
                ),
            ));
        }
        let name = TableName::new(table.schema.to_lowercase(), table.table.to_lowercase());
        let nobody = FederatedIdentity::default();
        let access = rule.access(&name, self.context.claimed_identity().unwrap_or(&nobody));
        self.context.counters.set_access(&access);
        if access.is_hidden() {
            return Err(Error::not_found(format!("table {table} does not exist")));
        }
        if passthrough && !access.is_full() {
            return Err(Error::new(
                ErrorKind::AccessDenied,
                "query passthrough can read any table of the source, and this caller may see only \
                 part of them; query the tables of the connector instead",
            ));
        }
        Ok(access)
    }

    /// Returns the configuration that page tokens are bound to, if the connector has one.
    fn configuration(&self) -> Option<&str> {
        self.handler.configuration.as_deref()
    }

    /// Returns the passthrough function, if there is one and it is enabled.
    fn passthrough(&self) -> Option<&Arc<dyn Passthrough>> {
        self.handler.passthrough.as_ref().filter(|_| self.settings.enable_query_passthrough)
    }

    /// Returns the source of the requested table: the connector, or the result of a passthrough
    /// query.
    ///
    /// # Errors
    ///
    /// `Unsupported` if there is no passthrough function or it is disabled, `InvalidInput` for
    /// wrong arguments.
    fn source(
        &self,
        passthrough_arguments: &BTreeMap<String, Option<String>>,
    ) -> Result<Arc<dyn Connector>> {
        if passthrough_arguments.is_empty() {
            return Ok(Arc::clone(self.connector()));
        }
        let Some(passthrough) = self.passthrough() else {
            let reason = match self.handler.passthrough {
                Some(_) => format!("is disabled by {}", Setting::EnableQueryPassthrough.variable()),
                None => "is not supported by this connector".to_owned(),
            };
            return Err(Error::unsupported(format!(
                "query passthrough {reason}; query the tables of the connector instead"
            )));
        };
        Ok(Arc::new(PassthroughConnector::try_new(passthrough, passthrough_arguments)?))
    }

    fn context(&self) -> Context {
        self.context.clone()
    }

    /// Reads the query plan in `constraints`, if there is one, and resolves its columns to those of
    /// the table.
    async fn plan(
        &self,
        source: &Arc<dyn Connector>,
        constraints: &Constraints,
        table: &TableName,
    ) -> Result<Option<Plan>> {
        let Some(plan) = &constraints.query_plan else { return Ok(None) };
        // An unsupported plan is rejected before the first call of the source.
        let plan = Plan::read(plan)?;
        plan.resolve(&self.definition(source, table).await?.schema).map(Some)
    }

    /// Merges the query plan in `constraints` into their other members.
    async fn constraints(
        &self,
        source: &Arc<dyn Connector>,
        constraints: Constraints,
        table: &TableName,
    ) -> Result<Arc<Constraints>> {
        let plan = self.plan(source, &constraints, table).await?;
        Ok(Arc::new(match plan {
            Some(plan) => plan.join(&constraints),
            None => constraints,
        }))
    }

    /// Turns an `Internal` error into `InvalidInput` if the request has a column that the table
    /// does not have, or has in another type: then the caller is at fault, not the connector.
    ///
    /// Checked only after a failure, because before every split it could cost a call of the source.
    async fn classify_schema_error(
        &self,
        error: Error,
        source: &Arc<dyn Connector>,
        table: &TableName,
        requested: &Fields,
    ) -> Error {
        if error.kind() != ErrorKind::Internal {
            return error;
        }
        let Ok(definition) = self.definition(source, table).await else { return error };
        let columns = ColumnIndex::new(definition.schema.fields());
        match requested.iter().find_map(|field| describe_mismatch(field, &columns)) {
            Some(mismatch) => {
                Error::invalid_input(format!("table {table} {mismatch}; describe the table again"))
                    .with_source(error)
            }
            None => error,
        }
    }

    /// Returns the validated definition of the table of the request, in Athena's types. The source
    /// is called once for it.
    async fn definition(&self, source: &Arc<dyn Connector>, table: &TableName) -> Result<TableDef> {
        let describe = async || {
            let request = GetTable { context: self.context(), table: table.clone() };
            get_table::validate(table, &source.get_table(request).await?)
        };
        self.definition.get_or_try_init(describe).await.cloned()
    }
}

/// Describes the difference between a requested column and that of the table, if there is one.
fn describe_mismatch(requested: &Field, columns: &ColumnIndex<'_>) -> Option<String> {
    let name = requested.name();
    let requested_type = requested.data_type();
    match columns.find(name) {
        None => Some(format!("has no column {name:?}")),
        Some((_, column)) if !is_same_wire_type(column.data_type(), requested_type) => {
            let actual = column.data_type();
            Some(format!("has column {name:?} as {actual}, and the request has {requested_type}"))
        }
        Some(_) => None,
    }
}

/// Returns whether two types are the same on the wire, where every instant has its own time zone.
fn is_same_wire_type(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::Timestamp(left, Some(_)), DataType::Timestamp(right, Some(_))) => left == right,
        _ => left.equals_datatype(right),
    }
}
