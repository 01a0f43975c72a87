//! Contract between a source and the SDK.

use async_trait::async_trait;

use crate::{
    GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, PageStream, ReadRecords,
    RecordBatchStream, Result, Split, TableDef,
};

/// Source of tables, with one method for each Athena operation.
///
/// One value serves all invocations of a process, several at a time, so methods take `&self`. No
/// method but [`source_type`](Self::source_type) is called for a ping, the first message of a cold
/// start: open connections on first use, not in the constructor.
///
/// The SDK validates requests, selects columns by name, casts them to Athena's types, applies the
/// whole predicate, the order and the limit, paginates lists, cuts, spills and encrypts blocks, and
/// reports errors. A connector may push any part of a query down to its source to make it faster;
/// results are correct without it.
///
/// # Rows
///
/// A read may return *more* rows than the constraints allow, never fewer. Every row that can match
/// the constraints belongs to exactly one split of exactly one partition. The order of rows is not
/// significant.
///
/// # Cancellation
///
/// The SDK drops a future or stream as soon as its result is not needed: when the deadline is near,
/// a page is full, or the limit is reached. Leave no detached task behind.
///
/// # Errors
///
/// Return the [`ErrorKind`](crate::ErrorKind) that tells the caller how to react:
///
/// | Kind | When |
/// |---|---|
/// | `NotFound` | the schema or table does not exist |
/// | `InvalidInput` | the request or the configuration is wrong |
/// | `InvalidCredentials` | the source rejects the credentials |
/// | `AccessDenied` | a permission is missing |
/// | `Throttled` | the source requests a lower rate (see below) |
/// | `Timeout` | the source does not respond in time |
/// | `InvalidResponse` | the source returns something that cannot be decoded |
/// | `Unsupported` | the connector cannot do what the request needs |
/// | `Internal` | a defect of the connector |
///
/// Athena repeats a throttled request only until a block has been spilled:
/// [`Progress::is_retry_safe`](crate::Progress::is_retry_safe) tells.
///
/// Messages name the thing, its value and the remedy. Users of Athena see them, so they must not
/// contain credentials or row data.
///
/// # Examples
///
/// A table of 300 numbers, read in three splits:
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::{
///     array::{ArrayRef, Int64Array},
///     datatypes::{DataType, Field},
///     record_batch::RecordBatch,
/// };
/// use athena_connector_sdk::{
///     Connector, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, PageStream,
///     ReadRecords, RecordBatchStream, Result, Split, TableDef, arrow, async_trait,
/// };
///
/// struct Numbers;
///
/// #[async_trait]
/// impl Connector for Numbers {
///     fn source_type(&self) -> &str {
///         "numbers"
///     }
///
///     async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>> {
///         PageStream::from_list(["math".to_owned()], request.start_after.as_ref())
///     }
///
///     async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>> {
///         if request.schema != "math" {
///             return Err(Error::not_found(format!("schema {:?} does not exist", request.schema)));
///         }
///         PageStream::from_list(["numbers".to_owned()], request.start_after.as_ref())
///     }
///
///     async fn get_table(&self, request: GetTable) -> Result<TableDef> {
///         match (request.table.schema.as_str(), request.table.table.as_str()) {
///             ("math", "numbers") => Ok(TableDef::new([Field::new("n", DataType::Int64, false)])),
///             _ => Err(Error::not_found(format!("table {} does not exist", request.table))),
///         }
///     }
///
///     async fn get_partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
///         Ok(RecordBatchStream::unpartitioned())
///     }
///
///     async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
///         let splits = (0..3).map(|part| Split::new().with("start", part * 100));
///         PageStream::from_list(splits, request.start_after.as_ref())
///     }
///
///     async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
///         let start: i64 = request.split.get("start")?;
///         let n: ArrayRef = Arc::new(Int64Array::from_iter_values(start..start + 100));
///         let batch = RecordBatch::try_from_iter([("n", n)])?;
///         Ok(batch.into())
///     }
/// }
/// # use futures::TryStreamExt as _;
/// # use athena_connector_sdk::TableName;
/// # futures::executor::block_on(async {
/// # let table = TableName::new("math", "numbers");
/// # let schema = Numbers.get_table(GetTable::new(table.clone())).await?.schema;
/// # let request = GetPartitions::new(table.clone(), Arc::clone(&schema));
/// # let partitions: Vec<_> = Numbers.get_partitions(request).await?.try_collect().await?;
/// # let splits = Numbers.get_splits(GetSplits::new(table.clone(), partitions[0].clone())).await?;
/// # let splits: Vec<_> = splits.try_collect().await?;
/// # let request = ReadRecords::new(table, schema, splits[2].0.clone());
/// # let batches: Vec<_> = Numbers.read_records(request).await?.try_collect().await?;
/// # assert_eq!((splits.len(), batches[0].num_rows()), (3, 100));
/// # Ok::<(), Error>(())
/// # })?;
/// # Ok::<(), Error>(())
/// ```
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Returns a short name of the kind of source, such as `"postgresql"`.
    ///
    /// Athena shows it in diagnostics. Called for every ping, so it must not block.
    fn source_type(&self) -> &str;

    /// Lists the schemas, each once, in an order that does not change between calls.
    ///
    /// The operation has no pages: the SDK reads the whole stream, and fails with `Unsupported` if
    /// the names do not fit into one response of 6 MiB. [`ListSchemas::start_after`] is `None`.
    /// Names should be lower case, since Athena lower-cases the names in a query. An empty list is
    /// valid.
    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>>;

    /// Lists the tables of [`ListTables::schema`], each once, in an order that does not change
    /// between calls, starting after [`ListTables::start_after`].
    ///
    /// The SDK reads one item more than fits into a page, then drops the stream, so produce items
    /// lazily. Names should be lower case. An empty list is valid.
    ///
    /// # Errors
    ///
    /// `NotFound` if the schema does not exist.
    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>>;

    /// Returns the definition of a table: columns, partition columns and comments.
    ///
    /// A table has at least one column, and column names differ in more than case. The SDK maps
    /// Arrow types to Athena's; [`UnsupportedTypes`](crate::UnsupportedTypes) decides about types
    /// without a counterpart. Besides describing a table, the SDK calls this method for a read or a
    /// split request that needs the type of a further column, so the definition should be cheap.
    ///
    /// # Errors
    ///
    /// `NotFound` if the table does not exist.
    async fn get_table(&self, request: GetTable) -> Result<TableDef>;

    /// Lists the partitions of a table: one row for each, with at least the partition columns.
    ///
    /// Additional columns are for the connector's own use and come back in
    /// [`GetSplits::partitions`]. The SDK drops the partitions that the constraints exclude, so
    /// listing all of them is correct, and listing fewer is faster. Each partition is listed once,
    /// in any order. No rows means that there is nothing to read; a table without partition columns
    /// returns [`RecordBatchStream::unpartitioned`].
    ///
    /// The operation has no pages: the partitions that are left must fit into one response, 4.5 MiB
    /// of Arrow data, or the SDK fails with `Unsupported`.
    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream>;

    /// Divides partitions into independently readable splits, in an order that does not change
    /// between calls, starting after [`GetSplits::start_after`].
    ///
    /// Together, the splits hold every row that can match the constraints, exactly once. A split
    /// names the data to read (a file, a key range, a snapshot), never "part i of n" of a plan that
    /// the reader must reproduce: another process reads it, possibly much later. Splits travel
    /// through Athena, so they must not contain secrets. No splits means no rows.
    ///
    /// The SDK reads at most 1,001 splits per call, then drops the stream. It does not call this
    /// method when there are no partitions.
    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>>;

    /// Reads the rows of one split.
    ///
    /// Every batch has at least the columns of [`ReadRecords::projection`], with exactly these
    /// names, in any order, and in any type that casts to the requested one without loss. Columns
    /// in addition are ignored. Partition columns may be missing if the split comes from
    /// [`GetSplits::split_for_partition`].
    ///
    /// A query such as `count(*)` requests no columns: batches then still carry their row count
    /// (see [`RecordBatchStream::row_count_only`]). Memory must be bounded by the batch, not by the
    /// table: produce batches lazily. Dropping the stream cancels the read.
    ///
    /// # Errors
    ///
    /// `NotFound` if the table does not exist: a request may name any table.
    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream>;
}
