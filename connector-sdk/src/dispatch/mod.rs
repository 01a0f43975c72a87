//! From messages to the methods of a connector, one file per operation.

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

use arrow::datatypes::{DataType, Fields};
use athena_protocol::{Constraints, Request, Response, SerdeVersion, TableName};

use crate::{
    Connector, Context, Error, ErrorKind, GetTable, Handler, Passthrough, Result,
    Setting::EnableQueryPassthrough, Settings, TableDef, passthrough::Passed, plan::Plan,
};

/// One invocation, and what answers it.
pub(crate) struct Call<'a> {
    pub(crate) handler: &'a Handler,
    pub(crate) settings: &'a Settings,
    pub(crate) context: Context,
    pub(crate) version: SerdeVersion,
}

impl Call<'_> {
    pub(crate) async fn answer(&self, request: Request) -> Result<Response> {
        match request {
            Request::Ping(request) => Ok(ping(self.connector().source_type(), &request)),
            Request::ListSchemas(request) => self.list_schemas(request).await,
            Request::ListTables(request) => self.list_tables(request).await,
            Request::GetTable(request) => self.get_table(request).await,
            Request::GetTableLayout(request) => self.get_table_layout(request).await,
            Request::GetSplits(request) => self.get_splits(request).await,
            Request::GetDataSourceCapabilities(request) => {
                Ok(capabilities::answer(request, self.passthrough().map(Arc::as_ref)))
            }
            Request::ReadRecords(request) => self.read_records(request).await,
            Request::UserDefinedFunction(request) => {
                user_defined_function::answer(&self.handler.udfs, request)
            }
        }
    }

    fn connector(&self) -> &Arc<dyn Connector> {
        &self.handler.connector
    }

    /// The passthrough function, if there is one and it is not switched off.
    fn passthrough(&self) -> Option<&Arc<dyn Passthrough>> {
        self.handler.passthrough.as_ref().filter(|_| self.settings.enable_query_passthrough)
    }

    /// What has the table that a request is about: the connector, or the result of a passthrough
    /// query.
    fn source(
        &self,
        passthrough_arguments: &BTreeMap<String, Option<String>>,
    ) -> Result<Arc<dyn Connector>> {
        if passthrough_arguments.is_empty() {
            return Ok(Arc::clone(self.connector()));
        }
        let Some(passthrough) = self.passthrough() else {
            let why = match self.handler.passthrough {
                Some(_) => format!(
                    "has query passthrough switched off by {}",
                    EnableQueryPassthrough.variable()
                ),
                None => "has no query passthrough function, and announces none".to_owned(),
            };
            return Err(Error::unsupported(format!(
                "this connector {why}; query its tables instead"
            )));
        };
        Ok(Arc::new(Passed::try_new(passthrough, passthrough_arguments)?))
    }

    fn context(&self) -> Context {
        self.context.clone()
    }

    /// The query plan among `constraints`, if there is one, in the names of the table's columns.
    async fn plan(
        &self,
        source: &Arc<dyn Connector>,
        constraints: &Constraints,
        table: &TableName,
    ) -> Result<Option<Plan>> {
        let Some(plan) = &constraints.query_plan else { return Ok(None) };
        // Whether it can be evaluated is known before the source is asked for anything.
        let plan = Plan::read(plan)?;
        plan.resolve(&self.definition(source, table).await?.schema).map(Some)
    }

    /// The constraints, with a query plan among them put into the other members.
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

    /// A column that the table has not, or has in another type, is the caller's fault, whatever a
    /// connector makes of it.
    ///
    /// Looked up after a failure alone: before each split it could cost a call of the source.
    async fn blame(
        &self,
        error: Error,
        source: &Arc<dyn Connector>,
        table: &TableName,
        asked: &Fields,
    ) -> Error {
        if error.kind() != ErrorKind::Internal {
            return error;
        }
        let Ok(definition) = self.definition(source, table).await else { return error };
        let wrong =
            asked.iter().find_map(|asked| match definition.schema.fields().find(asked.name()) {
                None => Some(format!("has no column {:?}", asked.name())),
                Some((_, field)) if !same_type(field.data_type(), asked.data_type()) => {
                    let (name, is, wanted) = (field.name(), field.data_type(), asked.data_type());
                    Some(format!("has column {name:?} as {is}, and the request wants {wanted}"))
                }
                Some(_) => None,
            });
        match wrong {
            Some(wrong) => {
                Error::invalid_input(format!("table {table} {wrong}; describe the table again"))
                    .with_source(error)
            }
            None => error,
        }
    }

    /// The definition of a table, in the types of the wire, checked.
    async fn definition(&self, source: &Arc<dyn Connector>, table: &TableName) -> Result<TableDef> {
        let request = GetTable { context: self.context(), table: table.clone() };
        get_table::checked(table, &source.get_table(request).await?)
    }
}

/// Whether two types are the same on the wire, where each instant has a zone of its own.
fn same_type(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::Timestamp(left, Some(_)), DataType::Timestamp(right, Some(_))) => left == right,
        _ => left.equals_datatype(right),
    }
}
