//! The contract between a source and the SDK.

use async_trait::async_trait;

use crate::{
    GetPartitions, GetSplits, GetTable, ListSchemas, ListTables, PageStream, ReadRecords,
    RecordBatchStream, Result, Split, TableDef,
};

/// A source of tables, named operation by operation as Athena names them.
///
/// One value serves all invocations of a process, several at a time, so state is shared behind
/// `&self`. Nothing here is called for a ping: open connections on first use, not in the
/// constructor.
///
/// What the SDK does, so that a connector does not have to: check the request, pick columns by name
/// and order, cast to the types of the wire, apply every value set and expression that it knows,
/// order and limit, cut pages and blocks, spill, encrypt, and report errors in the form that Athena
/// reads. A connector may push any of that down to its source and gains speed by it, never
/// correctness.
///
/// # Rows
///
/// Every read may yield *more* rows than the constraints allow, never fewer. Every row that the
/// constraints can match must be in exactly one split of one partition.
///
/// # Errors
///
/// Return the [`ErrorKind`](crate::ErrorKind) that tells the caller what to do: `NotFound` for an
/// unknown schema or table, `Throttled` when the source asks for fewer requests, `AccessDenied`
/// when a permission is missing. Anything goes that names the thing, its value and the remedy;
/// nothing that holds a credential or row data.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// A short name of the kind of source, such as `"postgresql"`; Athena shows it in diagnostics.
    fn source_type(&self) -> &str;

    /// Lists the schemas, in an order that does not change between calls.
    ///
    /// Athena asks for all of them at once. Names should be lower case.
    async fn list_schemas(&self, request: ListSchemas) -> Result<PageStream<String>>;

    /// Lists the tables of [`ListTables::schema`], in an order that does not change between calls,
    /// starting after [`ListTables::after`].
    ///
    /// The SDK takes as many as fit into a page and drops the stream, so yield as you read.
    async fn list_tables(&self, request: ListTables) -> Result<PageStream<String>>;

    /// Describes a table: its columns, which of them partition it, its comments.
    ///
    /// Any Arrow type that Athena can hold without loss is fine; the SDK casts. `NotFound` if there
    /// is no such table.
    async fn get_table(&self, request: GetTable) -> Result<TableDef>;

    /// Lists the partitions of a table: one row each, with at least the partition columns.
    ///
    /// More columns may be added for the connector's own use; they come back in
    /// [`GetSplits::partitions`]. The SDK drops the partitions that the constraints exclude, so
    /// listing all of them is right, and listing fewer is only faster. No rows means that there is
    /// nothing to read: a table without partition columns answers
    /// [`RecordBatchStream::unpartitioned`].
    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream>;

    /// Divides partitions into independently readable splits, in an order that does not change
    /// between calls, starting after [`GetSplits::after`].
    ///
    /// A split says what to read (a file, a key range, a snapshot), never "part i of n of a plan to
    /// be made again": it is read by another copy of the process, possibly much later. No secrets
    /// in a split. No splits means no rows.
    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>>;

    /// Reads the rows of one split.
    ///
    /// Batches hold at least the columns of [`ReadRecords::projection`], found by name, in any
    /// order and any type that casts to the asked one without loss. A query may ask for no column
    /// at all (`count(*)`): a batch then still has its row count. Yield as you read and bound
    /// memory by the batch; dropping the stream cancels the read.
    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream>;
}
