//! Requests of the [`Connector`](crate::Connector) operations.
//!
//! The SDK builds them from messages. Unit tests of connectors use `new` and the `with_` methods.

use std::sync::Arc;

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::predicate::Constraints;

use crate::{
    Conjunct, Context, Cursor, Pushed, PushedDown, Split, TableName,
    pushdown::{self, Claims},
};

/// Request of [`Connector::list_schemas`](crate::Connector::list_schemas).
///
/// ```
/// # use athena_connector_sdk::{Context, ListSchemas};
/// let request = ListSchemas::new().with_context(Context::default().with_query_id("q-1"));
/// assert_eq!(request.start_after, None);
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ListSchemas {
    /// Invocation context.
    pub context: Context,
    /// Position after which the list starts; `None` for its beginning.
    pub start_after: Option<Cursor>,
}

/// Request of [`Connector::list_tables`](crate::Connector::list_tables).
///
/// ```
/// # use athena_connector_sdk::{Cursor, ListTables};
/// let request = ListTables::new("shop").with_start_after(Cursor("orders".to_owned()));
/// assert_eq!(request.schema, "shop");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListTables {
    /// Invocation context.
    pub context: Context,
    /// Name of the schema as requested: in lower case if it comes from a query.
    pub schema: String,
    /// Position after which the list starts; `None` for its beginning.
    pub start_after: Option<Cursor>,
}

/// Request of [`Connector::get_table`](crate::Connector::get_table).
///
/// ```
/// # use athena_connector_sdk::{GetTable, TableName};
/// let request = GetTable::new(TableName::new("shop", "orders"));
/// assert_eq!(request.table.to_string(), "shop.orders");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GetTable {
    /// Invocation context.
    pub context: Context,
    /// Name of the table as requested: in lower case if it comes from a query.
    pub table: TableName,
}

/// Request of [`Connector::get_partitions`](crate::Connector::get_partitions).
///
/// ```
/// # use std::sync::Arc;
/// use arrow::datatypes::{DataType, Field, Schema};
/// use athena_connector_sdk::{GetPartitions, TableName, arrow, predicate::Constraints};
///
/// let schema = Arc::new(Schema::new(vec![Field::new("day", DataType::Date32, false)]));
/// let request = GetPartitions::new(TableName::new("web", "visits"), schema)
///     .with_partition_columns(vec!["day".to_owned()])
///     .with_constraints(Constraints::default());
/// assert_eq!(request.partition_columns, ["day"]);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GetPartitions {
    /// Invocation context.
    pub context: Context,
    /// Name of the table as requested: in lower case if it comes from a query.
    pub table: TableName,
    /// All columns of the table, in Athena's types.
    pub schema: SchemaRef,
    /// Names of the partition columns, in order.
    pub partition_columns: Vec<String>,
    pub(crate) constraints: Arc<Constraints>,
}

/// Request of [`Connector::get_splits`](crate::Connector::get_splits).
///
/// ```
/// # use std::sync::Arc;
/// use arrow::{array::{ArrayRef, StringArray}, record_batch::RecordBatch};
/// use athena_connector_sdk::{Cursor, GetSplits, TableName, arrow};
///
/// let day: ArrayRef = Arc::new(StringArray::from(vec!["2024-02-29", "2024-03-01"]));
/// let partitions = RecordBatch::try_from_iter([("day", day)])?;
/// let request = GetSplits::new(TableName::new("web", "visits"), partitions)
///     .with_partition_columns(vec!["day".to_owned()])
///     .with_start_after(Cursor("1".to_owned()));
/// assert_eq!(request.partitions.num_rows(), 2);
/// # Ok::<(), arrow::error::ArrowError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GetSplits {
    /// Invocation context.
    pub context: Context,
    /// Name of the table as requested: in lower case if it comes from a query.
    pub table: TableName,
    /// Partitions to divide, at least one: some or all rows of
    /// [`get_partitions`](crate::Connector::get_partitions), with all their columns.
    pub partitions: RecordBatch,
    /// Names of the partition columns, in order.
    pub partition_columns: Vec<String>,
    pub(crate) constraints: Arc<Constraints>,
    /// Position after which the list starts; `None` for its beginning.
    pub start_after: Option<Cursor>,
}

/// Request of [`Connector::read_records`](crate::Connector::read_records).
///
/// ```
/// # use std::sync::Arc;
/// use arrow::datatypes::{DataType, Field, Schema};
/// use athena_connector_sdk::{ReadRecords, Split, TableName, arrow, predicate::Constraints};
///
/// let projection = Arc::new(Schema::new(vec![Field::new("amount", DataType::Float64, true)]));
/// let constraints = Constraints { limit: Some(10), ..Constraints::default() };
/// let split = Split::new().with("object", "orders/1.csv");
/// let request = ReadRecords::new(TableName::new("shop", "orders"), projection, split)
///     .with_constraints(constraints);
/// assert_eq!(request.split.get_str("object"), Some("orders/1.csv"));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReadRecords {
    /// Invocation context.
    pub context: Context,
    /// Name of the table as requested: in lower case if it comes from a query.
    pub table: TableName,
    /// Columns to return, in Athena's types, without duplicates. Empty for a query that needs only
    /// the row count.
    ///
    /// Columns that only the predicate or the order needs follow those that the query selects.
    pub projection: SchemaRef,
    /// Split to read.
    pub split: Split,
    pub(crate) constraints: Arc<Constraints>,
    pub(crate) claims: Arc<Claims>,
}

macro_rules! with {
    ($($request:ident { $($(#[$doc:meta])* $method:ident($field:ident: $type:ty) = $value:expr;)* })*) => {
        $(impl $request {
            $($(#[$doc])*
            #[must_use]
            pub fn $method(mut self, $field: $type) -> Self {
                self.$field = $value;
                self
            })*
        })*
    };
}

with! {
    ListSchemas {
        /// Sets the invocation context.
        with_context(context: Context) = context;
        /// Sets the position after which the list starts.
        with_start_after(start_after: Cursor) = Some(start_after);
    }
    ListTables {
        /// Sets the invocation context.
        with_context(context: Context) = context;
        /// Sets the position after which the list starts.
        with_start_after(start_after: Cursor) = Some(start_after);
    }
    GetTable {
        /// Sets the invocation context.
        with_context(context: Context) = context;
    }
    GetPartitions {
        /// Sets the invocation context.
        with_context(context: Context) = context;
        /// Sets the names of the partition columns.
        with_partition_columns(partition_columns: Vec<String>) = partition_columns;
        /// Sets the predicate, order and limit.
        with_constraints(constraints: Constraints) = Arc::new(constraints);
    }
    GetSplits {
        /// Sets the invocation context.
        with_context(context: Context) = context;
        /// Sets the names of the partition columns.
        with_partition_columns(partition_columns: Vec<String>) = partition_columns;
        /// Sets the predicate, order and limit.
        with_constraints(constraints: Constraints) = Arc::new(constraints);
        /// Sets the position after which the list starts.
        with_start_after(start_after: Cursor) = Some(start_after);
    }
    ReadRecords {
        /// Sets the invocation context.
        with_context(context: Context) = context;
        /// Sets the predicate, order and limit.
        with_constraints(constraints: Constraints) = Arc::new(constraints);
    }
}

impl ListSchemas {
    /// Creates a request for all schemas.
    pub fn new() -> Self {
        Self::default()
    }
}

impl ListTables {
    /// Creates a request for all tables of `schema`.
    pub fn new(schema: impl Into<String>) -> Self {
        Self { context: Context::default(), schema: schema.into(), start_after: None }
    }
}

impl GetTable {
    /// Creates a request for the definition of `table`.
    pub fn new(table: TableName) -> Self {
        Self { context: Context::default(), table }
    }
}

impl GetPartitions {
    /// Creates a request for all partitions of `table`, whose columns are `schema`.
    pub fn new(table: TableName, schema: SchemaRef) -> Self {
        Self {
            context: Context::default(),
            table,
            schema,
            partition_columns: Vec::new(),
            constraints: Arc::default(),
        }
    }

    /// Returns the predicate, order and limit of the query as the protocol has them: see
    /// [`ReadRecords::raw_constraints`].
    pub fn raw_constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// Offers every conjunct of the predicate to `push`, as [`ReadRecords::push_down`] does.
    ///
    /// Conjuncts on columns other than the partition columns are included. The returned limit is
    /// always `None`: the limit of a query counts rows, not partitions.
    pub fn push_down<'a, T>(
        &'a self,
        push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
    ) -> PushedDown<T> {
        PushedDown { limit: None, ..pushdown::push_down(&self.constraints, push) }
    }
}

impl GetSplits {
    /// Creates a request for all splits of `partitions` of `table`, without partition columns.
    pub fn new(table: TableName, partitions: RecordBatch) -> Self {
        Self {
            context: Context::default(),
            table,
            partitions,
            partition_columns: Vec::new(),
            constraints: Arc::default(),
            start_after: None,
        }
    }

    /// Returns the predicate, order and limit of the query as the protocol has them: see
    /// [`ReadRecords::raw_constraints`].
    pub fn raw_constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// Offers every conjunct of the predicate to `push`, as [`ReadRecords::push_down`] does.
    ///
    /// The returned limit is always `None`: which splits have enough matching rows is not known
    /// before they are read.
    pub fn push_down<'a, T>(
        &'a self,
        push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
    ) -> PushedDown<T> {
        PushedDown { limit: None, ..pushdown::push_down(&self.constraints, push) }
    }
}

impl ReadRecords {
    /// Creates a request for the columns `projection` of one split of `table`.
    pub fn new(table: TableName, projection: SchemaRef, split: Split) -> Self {
        Self {
            context: Context::default(),
            table,
            projection,
            split,
            constraints: Arc::default(),
            claims: Arc::default(),
        }
    }

    /// Returns the predicate, order and limit of the query as the protocol has them.
    ///
    /// Without the checks of [`push_down`](Self::push_down): a source that gets the limit of a
    /// query while a part of the predicate is left loses rows.
    pub fn raw_constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// Offers every conjunct of the predicate to `push`, which returns how far the source applies
    /// it.
    ///
    /// Returns the forms of all conjuncts that were pushed down, in the order in which they were
    /// offered: value sets by column name, then expressions. The limit of the query is included
    /// only if every conjunct was pushed down as [`Pushed::Exact`] and the query has no order: it
    /// counts the rows that pass the whole predicate.
    ///
    /// The SDK applies the whole predicate and the limit again in any case. A read that got a limit
    /// and returns a row that the predicate excludes fails with `Internal`, because rows beyond the
    /// limit would be missing.
    ///
    /// ```
    /// # use std::{collections::BTreeMap, sync::Arc};
    /// # use arrow::{array::{ArrayRef, Int64Array}, datatypes::Schema};
    /// # use athena_connector_sdk::{ReadRecords, Split, TableName, arrow, predicate::*};
    /// # let values: ArrayRef = Arc::new(Int64Array::from(vec![7, 9]));
    /// # let set = EquatableValueSet { values, inclusive: true, null_allowed: false };
    /// # let summary = BTreeMap::from([("id".to_owned(), ValueSet::Equatable(set))]);
    /// # let constraints = Constraints { summary, limit: Some(10), ..Constraints::default() };
    /// # let table = TableName::new("s", "t");
    /// # let request = ReadRecords::new(table, Arc::new(Schema::empty()), Split::new());
    /// # let request = request.with_constraints(constraints);
    /// use athena_connector_sdk::{Conjunct, Pushed};
    ///
    /// // SELECT ... WHERE id IN (7, 9) LIMIT 10, for a source that can skip blocks by `id`.
    /// let pushed = request.push_down(|conjunct| match conjunct {
    ///     Conjunct::Values { column: "id", set } => Pushed::Superset(set),
    ///     _ => Pushed::Unsupported,
    /// });
    /// assert_eq!(pushed.conjuncts.len(), 1);
    /// assert_eq!(pushed.limit, None); // a superset may hold rows that do not count
    /// ```
    pub fn push_down<'a, T>(
        &'a self,
        push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
    ) -> PushedDown<T> {
        pushdown::push_down_claiming(&self.constraints, &self.claims, push)
    }
}
