//! The [`Table`] trait and table definitions.

use std::{collections::HashSet, sync::Arc};

use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use athena_protocol::{TableName, predicate::Constraints};

use crate::{
    Conjunct, Context, Error, Pushed, PushedDown, RecordBatchStream, Result,
    pushdown::{self, Claims},
};

/// Definition of a table: columns, partition columns and comments.
///
/// ```
/// use arrow::datatypes::{DataType, Field};
/// use athena_connector_sdk::{TableDef, UnsupportedTypes, arrow};
///
/// let definition = TableDef::new([
///     Field::new("page", DataType::Utf8, true),
///     Field::new("day", DataType::Date32, false),
/// ])
/// .with_partition_columns(["day"])
/// .with_comment("page", "path without the query string")
/// .with_table_comment("one row for each page view")
/// .with_unsupported_types(UnsupportedTypes::Text);
/// assert_eq!(definition.partition_columns, ["day"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableDef {
    /// All columns, including the partition columns. At least one; names differ in more than case,
    /// and should be lower case.
    ///
    /// The schema's metadata holds comments: the value under a column's name is the comment of the
    /// column, the value under `comment` that of the table.
    pub schema: SchemaRef,
    /// Names of the partition columns, in order, without duplicates. Each is a column of `schema`.
    pub partition_columns: Vec<String>,
    /// Treatment of columns whose type Athena does not support.
    pub unsupported_types: UnsupportedTypes,
}

impl TableDef {
    /// Checks that the table has all columns that are read. A source that finds columns by name may
    /// take one that does not exist for nulls.
    ///
    /// # Errors
    ///
    /// `InvalidInput`, which names the column.
    pub(crate) fn check_columns(&self, table: &TableName, projection: &Schema) -> Result<()> {
        let names = |schema: &Schema| -> Vec<String> {
            schema.fields().iter().map(|field| field.name().to_lowercase()).collect()
        };
        let columns: HashSet<String> = names(&self.schema).into_iter().collect();
        match names(projection).into_iter().find(|name| !columns.contains(name)) {
            None => Ok(()),
            Some(name) => Err(Error::invalid_input(format!(
                "table {table} has no column {name:?}; describe the table again"
            ))),
        }
    }
}

/// Treatment of columns whose type Athena does not support, in whole or in a nested part: null,
/// time of day, interval, duration, union, decimals of more than 38 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UnsupportedTypes {
    /// Queries on the table fail with `Unsupported`; the error names the column.
    #[default]
    Fail,
    /// The column is omitted from the table.
    Drop,
    /// The column is converted to text in Arrow's display format. Predicates compare it as text.
    Text,
}

impl TableDef {
    /// Creates the definition of a table with the columns `fields`, without partition columns.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        Self {
            schema: Arc::new(Schema::new(fields.into_iter().collect::<Vec<_>>())),
            partition_columns: Vec::new(),
            unsupported_types: UnsupportedTypes::Fail,
        }
    }

    /// Sets the partition columns, each of which must be a column of the table.
    #[must_use]
    pub fn with_partition_columns<S: Into<String>>(
        mut self,
        columns: impl IntoIterator<Item = S>,
    ) -> Self {
        self.partition_columns = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the treatment of columns whose type Athena does not support.
    #[must_use]
    pub fn with_unsupported_types(mut self, unsupported_types: UnsupportedTypes) -> Self {
        self.unsupported_types = unsupported_types;
        self
    }

    /// Sets the comment of one column, replacing an earlier one.
    #[must_use]
    pub fn with_comment(mut self, column: impl Into<String>, comment: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.schema).metadata.insert(column.into(), comment.into());
        self
    }

    /// Sets the comment of the table, in the schema's metadata under `comment` as AWS Glue does.
    ///
    /// A column named `comment` has its comment in the same place; the last one set wins.
    #[must_use]
    pub fn with_table_comment(self, comment: impl Into<String>) -> Self {
        self.with_comment("comment", comment)
    }
}

/// Table without partition columns that is read in one split.
///
/// Serve it with a [`StaticConnector`](crate::StaticConnector). The SDK applies the predicate,
/// order and limit of the query, and spills. A table with partitions or parallel splits is a
/// [`PartitionedTable`](crate::PartitionedTable).
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::{
///     array::{ArrayRef, StringArray},
///     datatypes::{DataType, Field},
///     record_batch::RecordBatch,
/// };
/// use athena_connector_sdk::{
///     Context, Error, RecordBatchStream, Result, Scan, Table, TableDef, arrow, async_trait,
/// };
///
/// struct Planets;
///
/// #[async_trait]
/// impl Table for Planets {
///     async fn definition(&self, _: Context) -> Result<TableDef> {
///         Ok(TableDef::new([Field::new("name", DataType::Utf8, false)]))
///     }
///
///     async fn scan(&self, _: Scan) -> Result<RecordBatchStream> {
///         let name: ArrayRef = Arc::new(StringArray::from(vec!["mercury", "venus", "earth"]));
///         let batch = RecordBatch::try_from_iter([("name", name)])?;
///         Ok(batch.into())
///     }
/// }
/// # use futures::TryStreamExt as _;
/// # let definition = futures::executor::block_on(Planets.definition(Context::default()))?;
/// # let scan = Scan::new(definition.schema);
/// # let stream = futures::executor::block_on(Planets.scan(scan))?;
/// # let batches: Vec<_> = futures::executor::block_on(stream.try_collect())?;
/// # assert_eq!(batches[0].num_rows(), 3);
/// # Ok::<(), Error>(())
/// ```
#[async_trait]
pub trait Table: Send + Sync + 'static {
    /// Returns the definition of the table.
    ///
    /// It must not have partition columns; queries on the table then fail with `Internal`. Called
    /// for most requests, so it should be cheap: a source that is asked for it is asked once, and
    /// the answer kept.
    async fn definition(&self, context: Context) -> Result<TableDef>;

    /// Reads the table: at least the rows that match the constraints, each exactly once, in any
    /// order.
    ///
    /// Batches have at least the columns of [`Scan::projection`], as in
    /// [`Connector::read_records`](crate::Connector::read_records). Dropping the stream cancels the
    /// read.
    async fn scan(&self, scan: Scan) -> Result<RecordBatchStream>;
}

/// Arguments of [`Table::scan`].
///
/// The SDK builds it from a request. Unit tests of tables use [`new`](Self::new):
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::datatypes::{DataType, Field, Schema};
/// use athena_connector_sdk::{Pushed, Scan, arrow, predicate::Constraints};
///
/// let projection = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
/// let constraints = Constraints { limit: Some(10), ..Constraints::default() };
/// let scan = Scan::new(projection).with_constraints(constraints);
/// // Without a predicate, the source may apply the limit.
/// let pushed = scan.push_down(|_| Pushed::<()>::Unsupported);
/// assert_eq!(pushed.limit, Some(10));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Scan {
    /// Invocation context.
    pub context: Context,
    /// Columns to return, in Athena's types. Empty for a query that needs only the row count.
    pub projection: SchemaRef,
    pub(crate) constraints: Arc<Constraints>,
    pub(crate) claims: Arc<Claims>,
}

impl Scan {
    /// Creates a scan of the columns `projection` without constraints, for unit tests.
    pub fn new(projection: SchemaRef) -> Self {
        Self {
            context: Context::default(),
            projection,
            constraints: Arc::default(),
            claims: Arc::default(),
        }
    }

    /// Sets the constraints.
    #[must_use]
    pub fn with_constraints(mut self, constraints: Constraints) -> Self {
        self.constraints = Arc::new(constraints);
        self
    }

    /// Returns the predicate, order and limit of the query as the protocol has them: see
    /// [`ReadRecords::raw_constraints`](crate::ReadRecords::raw_constraints).
    pub fn raw_constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// Offers every conjunct of the predicate to `push`, exactly as
    /// [`ReadRecords::push_down`](crate::ReadRecords::push_down) does.
    pub fn push_down<'a, T>(
        &'a self,
        push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
    ) -> PushedDown<T> {
        pushdown::push_down_claiming(&self.constraints, &self.claims, push)
    }
}
