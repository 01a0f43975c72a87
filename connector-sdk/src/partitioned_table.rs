//! Tables with partitions or several splits.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Connector, Context, Cursor, Error, GetPartitions, GetSplits, GetTable, ListSchemas, ListTables,
    PageStream, ReadRecords, RecordBatchStream, Result, Scan, Split, TableDef,
};

/// Table that is divided into partitions and splits, which are read in parallel.
///
/// Serve it with a [`StaticConnector`](crate::StaticConnector). [`Table`](crate::Table) is for a
/// table that is read in one piece, [`Connector`] for schemas and tables that are not known in
/// advance.
///
/// # Examples
///
/// A log of two days, each in hourly files:
///
/// ```
/// use std::sync::Arc;
///
/// use athena_connector_sdk::{
///     Context, GetPartitions, GetSplits, PageStream, PartitionedTable, RecordBatchStream, Result,
///     Scan, StaticConnector, TableDef,
///     arrow::{
///         array::{ArrayRef, StringArray, UInt8Array},
///         datatypes::{DataType, Field},
///         record_batch::RecordBatch,
///     },
///     async_trait,
/// };
/// use serde::{Deserialize, Serialize};
///
/// struct Log;
///
/// /// Data of one split.
/// #[derive(Serialize, Deserialize)]
/// struct File {
///     day: String,
///     hour: u8,
/// }
///
/// #[async_trait]
/// impl PartitionedTable for Log {
///     type Split = File;
///
///     async fn definition(&self, _: Context) -> Result<TableDef> {
///         let columns =
///             [Field::new("day", DataType::Utf8, false), Field::new("line", DataType::Utf8, true)];
///         Ok(TableDef::new(columns).with_partition_columns(["day"]))
///     }
///
///     async fn partitions(&self, _: GetPartitions) -> Result<RecordBatchStream> {
///         let days: ArrayRef = Arc::new(StringArray::from(vec!["2024-02-29", "2024-03-01"]));
///         Ok(RecordBatch::try_from_iter([("day", days)])?.into())
///     }
///
///     async fn splits(&self, request: GetSplits) -> Result<PageStream<File>> {
///         let day: String = request.partition(0, "day")?.unwrap_or_default();
///         let files = (0..24).map(move |hour| File { day: day.clone(), hour });
///         PageStream::from_list(files, request.start_after.as_ref())
///     }
///
///     async fn scan(&self, file: File, _: Scan) -> Result<RecordBatchStream> {
///         // Reads the file; the SDK adds the column `day`.
///         let line = format!("first line of {}/{}", file.day, file.hour);
///         let line: ArrayRef = Arc::new(StringArray::from(vec![line]));
///         Ok(RecordBatch::try_from_iter([("line", line)])?.into())
///     }
/// }
///
/// let connector = StaticConnector::new().partitioned_table("web", "log", Log);
/// # #[cfg(feature = "testing")]
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// # use athena_connector_sdk::{Handler, testing::Harness};
/// # let harness = Harness::new(Handler::new(connector));
/// # assert_eq!(harness.table("web", "log").rows().await?.num_rows(), 48);
/// # Ok::<(), athena_connector_sdk::Error>(())
/// # })?;
/// # Ok::<(), athena_connector_sdk::Error>(())
/// ```
#[async_trait]
pub trait PartitionedTable: Send + Sync + 'static {
    /// Description of the data of one split. It travels through Athena as JSON, and must not
    /// contain secrets; a split that is not of this form, from another build, is refused.
    type Split: Serialize + DeserializeOwned + Send + 'static;

    /// Returns the definition of the table, as [`Connector::get_table`] does.
    ///
    /// Called for most requests, so it should be cheap.
    async fn definition(&self, context: Context) -> Result<TableDef>;

    /// Lists the partitions, as [`Connector::get_partitions`] does: one row for each, and
    /// [`RecordBatchStream::unpartitioned`] for a table without partition columns.
    async fn partitions(&self, request: GetPartitions) -> Result<RecordBatchStream>;

    /// Divides one partition, the only row of [`GetSplits::partitions`], into splits, as
    /// [`Connector::get_splits`] does.
    ///
    /// [`GetSplits::partition`] returns its values. Cursors are positions in this partition; the
    /// SDK calls the method for one partition after the other.
    async fn splits(&self, request: GetSplits) -> Result<PageStream<Self::Split>>;

    /// Reads one split: at least its rows that match the constraints, each exactly once, in any
    /// order.
    ///
    /// Batches have at least the columns of [`Scan::projection`], and may omit the partition
    /// columns, which the SDK adds. Dropping the stream cancels the read.
    async fn scan(&self, split: Self::Split, scan: Scan) -> Result<RecordBatchStream>;
}

/// Connector whose only table is a [`PartitionedTable`], so that the rest of the SDK needs no
/// special case for it. It does not look at names.
pub(crate) struct Divided<T>(pub(crate) Arc<T>);

#[async_trait]
impl<T: PartitionedTable> Connector for Divided<T> {
    fn source_type(&self) -> &'static str {
        "table"
    }

    async fn list_schemas(&self, _: ListSchemas) -> Result<PageStream<String>> {
        PageStream::from_list([], None)
    }

    async fn list_tables(&self, _: ListTables) -> Result<PageStream<String>> {
        PageStream::from_list([], None)
    }

    async fn get_table(&self, request: GetTable) -> Result<TableDef> {
        self.0.definition(request.context).await
    }

    async fn get_partitions(&self, request: GetPartitions) -> Result<RecordBatchStream> {
        self.0.partitions(request).await
    }

    async fn get_splits(&self, request: GetSplits) -> Result<PageStream<Split>> {
        let (first, start_after) = match &request.start_after {
            Some(cursor) => read_cursor(cursor)?,
            None => (0, None),
        };
        let table = Arc::clone(&self.0);
        let partitions = first..request.partitions.num_rows();
        let lists = futures::stream::iter(partitions).then(move |row| {
            let table = Arc::clone(&table);
            let one = GetSplits {
                partitions: request.partitions.slice(row, 1),
                start_after: start_after.clone().filter(|_| row == first),
                ..request.clone()
            };
            async move {
                let partition = one.split_for_partition(0)?;
                let splits = table.splits(one).await?;
                Ok::<_, Error>(splits.map(move |split| {
                    let (split, Cursor(position)) = split?;
                    Ok((partition.clone().with_value(&split)?, Cursor(format!("{row} {position}"))))
                }))
            }
        });
        Ok(PageStream::new(lists.try_flatten()))
    }

    async fn read_records(&self, request: ReadRecords) -> Result<RecordBatchStream> {
        let ReadRecords { context, table, projection, split, constraints, claims } = request;
        self.0.definition(context.clone()).await?.check_columns(&table, &projection)?;
        let split = split.read::<T::Split>()?;
        self.0.scan(split, Scan { context, projection, constraints, claims }).await
    }
}

/// Returns the partition in which a list resumes, and the position in it.
fn read_cursor(cursor: &Cursor) -> Result<(usize, Option<Cursor>)> {
    let parts = cursor.0.split_once(' ');
    let position = parts.and_then(|(row, position)| Some((row.parse().ok()?, position)));
    let (row, position) = position.ok_or_else(|| {
        Error::invalid_input("the cursor is no position in a list of splits; run the query again")
    })?;
    Ok((row, Some(Cursor(position.to_owned()))))
}
