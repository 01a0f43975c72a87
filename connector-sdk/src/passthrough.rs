//! Query passthrough: queries in the source's own language.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use crate::{
    Connector, Context, Cursor, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables,
    PageStream, ReadRecords, RecordBatchStream, Result, Scan, Split, TableDef,
};

/// Key of the called function's name, which the engine adds to the arguments.
const FUNCTION_NAME: &str = "schemaFunctionName";

/// Table function that returns the result of a query in the source's own language:
/// `SELECT * FROM TABLE(catalog.system.query(QUERY => '...'))`.
///
/// [`Handler::with_passthrough`](crate::Handler::with_passthrough) announces the function and
/// routes its queries here. The SDK validates the arguments, and casts, filters, orders, limits and
/// spills the result like a table (section 7.7 of the protocol). A condition, an order or a limit
/// around the table function is offered for pushdown, as for a table.
///
/// A query is described and run in separate invocations, each of which may be repeated.
///
/// # Examples
///
/// ```
/// # use athena_connector_sdk::{arrow, async_trait};
/// # use arrow::datatypes::{DataType, Field};
/// use athena_connector_sdk::{
///     Handler, Passthrough, PassthroughQuery, RecordBatchStream, Result, Scan, Split,
///     StaticConnector, TableDef,
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
///     async fn read(&self, query: PassthroughQuery, _: Split, _: Scan) -> Result<RecordBatchStream> {
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
    /// The definition must not have partition columns.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the source rejects the query.
    async fn definition(&self, query: PassthroughQuery) -> Result<TableDef>;

    /// Divides the result into splits, which are read in parallel, starting after `start_after`; by
    /// default into one.
    ///
    /// All that [`Connector::get_splits`] says of splits applies.
    async fn splits(
        &self,
        query: PassthroughQuery,
        start_after: Option<Cursor>,
    ) -> Result<PageStream<Split>> {
        let _ = query;
        PageStream::from_list([Split::new()], start_after.as_ref())
    }

    /// Runs the query, and returns the rows of one split of its result.
    ///
    /// Batches have at least the columns of [`Scan::projection`], as in
    /// [`Connector::read_records`]. Dropping the stream cancels the query.
    async fn read(
        &self,
        query: PassthroughQuery,
        split: Split,
        scan: Scan,
    ) -> Result<RecordBatchStream>;
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

    /// Returns the arguments of a call as the engine sends them.
    #[cfg(feature = "testing")]
    pub(crate) fn to_wire(
        &self,
        arguments: impl Iterator<Item = (String, String)>,
    ) -> BTreeMap<String, Option<String>> {
        let name = (FUNCTION_NAME.to_owned(), self.full_name());
        arguments.chain([name]).map(|(name, value)| (name, Some(value))).collect()
    }
}

/// Query for the source.
///
/// The SDK builds it from a request. Unit tests use [`new`](Self::new):
///
/// ```
/// # use athena_connector_sdk::PassthroughQuery;
/// let query = PassthroughQuery::new([("QUERY", "SELECT 1")]);
/// assert_eq!(query.argument("QUERY"), "SELECT 1");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PassthroughQuery {
    /// Invocation context.
    pub context: Context,
    arguments: BTreeMap<String, String>,
}

impl PassthroughQuery {
    /// Creates a query with `arguments` by name.
    pub fn new<N: Into<String>, V: Into<String>>(
        arguments: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let arguments = arguments.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { context: Context::default(), arguments: arguments.collect() }
    }

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

    fn query(&self, context: Context) -> PassthroughQuery {
        PassthroughQuery { context, arguments: self.arguments.clone() }
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
        let definition = self.passthrough.definition(self.query(request.context)).await?;
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
        self.passthrough.splits(self.query(request.context), request.start_after).await
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let ReadRecords { context, table: _, projection, split, constraints, claims } = request;
        let query = self.query(context.clone());
        let scan = Scan { context, projection, constraints, claims };
        self.passthrough.read(query, split, scan).await
    }
}
