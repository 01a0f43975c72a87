//! Queries that go to the source as they are: `SELECT * FROM TABLE(catalog.system.query(QUERY =>
//! '...'))`.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use crate::{
    Connector, Context, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables,
    PageStream, ReadRecords, RecordBatchStream, Result, Split, TableDef,
    arrow::datatypes::SchemaRef,
};

/// What the engine puts beside the arguments: the name of the function that was called.
const FUNCTION_NAME: &str = "schemaFunctionName";

/// A table function whose rows are those of a query in the source's own language.
///
/// [`Handler::passthrough`](crate::Handler::passthrough) announces it and routes its queries here.
/// The SDK checks the arguments, reads the result in one split, and casts, filters, orders, limits
/// and spills it like the rows of a table.
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
///         let _text = query.argument("QUERY"); // have the source describe its result
///         Ok(TableDef::new([Field::new("n", DataType::Int64, true)]))
///     }
///
///     async fn read(&self, query: PassthroughQuery) -> Result<RecordBatchStream> {
///         let _text = query.argument("QUERY"); // have the source run it
///         Ok(RecordBatchStream::empty())
///     }
/// }
///
/// let handler = Handler::new(StaticConnector::new()).with_passthrough(Query);
/// # let _ = handler;
/// ```
#[async_trait]
pub trait Passthrough: Send + Sync + 'static {
    /// How the function is called. By default `system.query`, with the argument `QUERY`.
    fn signature(&self) -> Signature {
        Signature::default()
    }

    /// Describes the columns of the result, without running the query if that can be helped.
    async fn definition(&self, query: PassthroughQuery) -> Result<TableDef>;

    /// Runs the query. Batches hold at least the columns of [`PassthroughQuery::projection`], as
    /// those of [`Connector::read_records`] do.
    async fn read(&self, query: PassthroughQuery) -> Result<RecordBatchStream>;
}

/// The name of a table function and of its arguments, all of which must be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Schema that the function is in.
    pub schema: String,
    /// Name of the function.
    pub name: String,
    /// Names of its arguments, in order; case counts.
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
    /// The function as it is announced and called: `SYSTEM.QUERY`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name).to_uppercase()
    }
}

/// One query for the source.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PassthroughQuery {
    /// The invocation.
    pub context: Context,
    /// The columns to return; none yet where only the definition is asked for.
    pub projection: SchemaRef,
    arguments: BTreeMap<String, String>,
}

impl PassthroughQuery {
    /// The argument of this name. All of the signature's are there, and none is empty.
    ///
    /// # Panics
    ///
    /// If the signature has no such argument.
    pub fn argument(&self, name: &str) -> &str {
        self.arguments.get(name).unwrap_or_else(|| panic!("the signature has no argument {name:?}"))
    }
}

/// A connector whose only table is the result of one query, so that everything else is done as for
/// any table.
pub(crate) struct Passed {
    passthrough: Arc<dyn Passthrough>,
    arguments: BTreeMap<String, String>,
}

impl Passed {
    /// The result of the query with these arguments.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for another function or an argument that is missing, as section 7.7 of the
    /// protocol has it.
    pub(crate) fn try_new(
        passthrough: &Arc<dyn Passthrough>,
        given: &BTreeMap<String, Option<String>>,
    ) -> Result<Self> {
        let signature = passthrough.signature();
        let called = given.get(FUNCTION_NAME).and_then(Option::as_deref).unwrap_or_default();
        if !called.eq_ignore_ascii_case(&signature.full_name()) {
            return Err(Error::invalid_input(format!(
                "the table function {called:?} is not known; this connector has {:?}",
                signature.full_name()
            )));
        }
        let argument = |name: String| match given.get(&name) {
            Some(Some(value)) if !value.is_empty() => Ok((name, value.clone())),
            _ => Err(Error::invalid_input(format!(
                "argument {name:?} of {called} is missing or empty"
            ))),
        };
        let arguments = signature.arguments.into_iter().map(argument).collect::<Result<_>>()?;
        Ok(Self { passthrough: Arc::clone(passthrough), arguments })
    }

    fn query(&self, context: Context, projection: SchemaRef) -> PassthroughQuery {
        PassthroughQuery { context, projection, arguments: self.arguments.clone() }
    }
}

#[async_trait]
impl Connector for Passed {
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
        Err(Error::internal(
            "the result of a passthrough query has partition columns, which nothing could list",
        ))
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
