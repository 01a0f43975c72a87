//! Query passthrough: queries in the source's own language.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use crate::{
    Connector, Context, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables,
    PageStream, ReadRecords, RecordBatchStream, Result, Split, TableDef,
    arrow::datatypes::SchemaRef,
};

/// Key of the called function's name, which the engine adds to the arguments.
const FUNCTION_NAME: &str = "schemaFunctionName";

/// Table function that returns the result of a query in the source's own language:
/// `SELECT * FROM TABLE(catalog.system.query(QUERY => '...'))`.
///
/// [`Handler::with_passthrough`](crate::Handler::with_passthrough) announces the function and
/// routes its queries here. The SDK validates the arguments, reads the result in one split, and
/// casts, filters, orders, limits and spills it like a table (section 7.7 of the protocol).
///
/// A query is described and run in separate invocations, each of which may be repeated.
///
/// # Examples
///
/// ```
/// # use athena_connector_sdk::{arrow, async_trait};
/// # use arrow::datatypes::{DataType, Field};
/// use athena_connector_sdk::{
///     StaticConnector, Handler, Passthrough, PassthroughQuery, RecordBatchStream, Result, TableDef,
/// };
///
/// struct Query;
///
/// #[async_trait]
/// impl Passthrough for Query {
///     async fn definition(&self, query: PassthroughQuery) -> Result<TableDef> {
///         let _sql = query.argument("QUERY"); // prepare it, and map the types of its columns
///         Ok(TableDef::new([Field::new("n", DataType::Int64, true)]))
///     }
///
///     async fn read(&self, query: PassthroughQuery) -> Result<RecordBatchStream> {
///         let _sql = query.argument("QUERY"); // run it
///         Ok(RecordBatchStream::empty())
///     }
/// }
///
/// let handler = Handler::new(StaticConnector::new()).with_passthrough(Query);
/// # let _ = handler;
/// ```
#[async_trait]
pub trait Passthrough: Send + Sync + 'static {
    /// Returns the signature of the function, by default `system.query(QUERY => '...')`.
    ///
    /// It must not change during the life of the process.
    fn signature(&self) -> Signature {
        Signature::default()
    }

    /// Returns the columns of the result, if possible without running the query.
    ///
    /// The definition must not have partition columns. [`PassthroughQuery::projection`] is empty.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the source rejects the query.
    async fn definition(&self, query: PassthroughQuery) -> Result<TableDef>;

    /// Runs the query, and returns all rows of its result.
    ///
    /// Batches have at least the columns of [`PassthroughQuery::projection`], as in
    /// [`Connector::read_records`]. Dropping the stream cancels the query.
    async fn read(&self, query: PassthroughQuery) -> Result<RecordBatchStream>;
}

/// Name of a table function and of its arguments, all of which are required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Schema of the function.
    pub schema: String,
    /// Name of the function.
    pub name: String,
    /// Names of the arguments, in order, case-sensitive.
    pub arguments: Vec<String>,
}

impl Default for Signature {
    fn default() -> Self {
        Self {
            schema: "system".to_owned(),
            name: "query".to_owned(),
            arguments: vec!["QUERY".to_owned()],
        }
    }
}

impl Signature {
    /// Returns the name under which the function is announced and called: `SYSTEM.QUERY`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name).to_uppercase()
    }
}

/// Query for the source.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PassthroughQuery {
    /// Invocation context.
    pub context: Context,
    /// Columns to return, in Athena's types; empty in [`Passthrough::definition`].
    pub projection: SchemaRef,
    arguments: BTreeMap<String, String>,
}

impl PassthroughQuery {
    /// Returns the argument `name`, which is not empty.
    ///
    /// # Panics
    ///
    /// Panics if the signature has no argument of this name.
    pub fn argument(&self, name: &str) -> &str {
        self.arguments.get(name).unwrap_or_else(|| panic!("the signature has no argument {name:?}"))
    }
}

/// Connector whose only table is the result of one query, so that the rest of the SDK needs no
/// special case for it.
pub(crate) struct PassthroughConnector {
    passthrough: Arc<dyn Passthrough>,
    arguments: BTreeMap<String, String>,
}

impl PassthroughConnector {
    /// Creates a connector for the query with the arguments `given`.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for another function, or a missing or empty argument (section 7.7 of the
    /// protocol).
    pub(crate) fn try_new(
        passthrough: &Arc<dyn Passthrough>,
        given: &BTreeMap<String, Option<String>>,
    ) -> Result<Self> {
        let signature = passthrough.signature();
        let called = given.get(FUNCTION_NAME).and_then(Option::as_deref).unwrap_or_default();
        if !called.eq_ignore_ascii_case(&signature.full_name()) {
            return Err(Error::invalid_input(format!(
                "table function {called:?} does not exist; this connector has {:?}",
                signature.full_name()
            )));
        }
        let mut arguments = BTreeMap::new();
        for name in signature.arguments {
            let value = given.get(&name).and_then(Option::as_ref).filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| {
                Error::invalid_input(format!("argument {name:?} of {called} is missing or empty"))
            })?;
            arguments.insert(name, value.clone());
        }
        Ok(Self { passthrough: Arc::clone(passthrough), arguments })
    }

    fn query(&self, context: Context, projection: SchemaRef) -> PassthroughQuery {
        PassthroughQuery { context, projection, arguments: self.arguments.clone() }
    }
}

#[async_trait]
impl Connector for PassthroughConnector {
    fn source_type(&self) -> &'static str {
        "passthrough"
    }

    async fn list_schemas(&self, _: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list([], None)
    }

    async fn list_tables(&self, _: ListTables) -> Result<PageStream<String>> {
        PageStream::from_list([], None)
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        let none = Arc::new(crate::arrow::datatypes::Schema::empty());
        let definition = self.passthrough.definition(self.query(request.context, none)).await?;
        if definition.partition_columns.is_empty() {
            return Ok(definition);
        }
        Err(Error::internal(format!(
            "the result of a passthrough query has partition columns {:?}, which are not supported",
            definition.partition_columns
        )))
    }

    async fn get_partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
        Ok(RecordBatchStream::unpartitioned())
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        PageStream::from_list([Split::new()], request.start_after.as_ref())
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        self.passthrough.read(self.query(request.context, request.projection)).await
    }
}
