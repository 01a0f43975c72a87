//! What the operations of [`Connector`](crate::Connector) are asked.
//!
//! Each is built by the SDK from a message, and by authors' unit tests with `new` and the `with_`
//! methods.

use std::sync::Arc;

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use athena_protocol::predicate::Constraints;

use crate::{
    Conjunct, Context, Cursor, Pushed, PushedDown, Split, TableName,
    pushdown::{self, Claims},
};

/// Asks for the schemas.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ListSchemas {
    /// The invocation.
    pub context: Context,
    /// Where the list goes on; `None` at its start.
    pub start_after: Option<Cursor>,
}

/// Asks for the tables of one schema.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListTables {
    /// The invocation.
    pub context: Context,
    /// The schema.
    pub schema: String,
    /// Where the list goes on; `None` at its start.
    pub start_after: Option<Cursor>,
}

/// Asks for the definition of a table.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GetTable {
    /// The invocation.
    pub context: Context,
    /// The table.
    pub table: TableName,
}

/// Asks for the partitions of a table.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GetPartitions {
    /// The invocation.
    pub context: Context,
    /// The table.
    pub table: TableName,
    /// The table's columns, in the types of the wire.
    pub schema: SchemaRef,
    /// The table's partition columns.
    pub partition_columns: Vec<String>,
    /// What the query asks for.
    pub constraints: Arc<Constraints>,
}

/// Asks for the splits of some partitions.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GetSplits {
    /// The invocation.
    pub context: Context,
    /// The table.
    pub table: TableName,
    /// Rows of [`get_partitions`](crate::Connector::get_partitions): some, or all.
    pub partitions: RecordBatch,
    /// The table's partition columns.
    pub partition_columns: Vec<String>,
    /// What the query asks for.
    pub constraints: Arc<Constraints>,
    /// Where the list goes on; `None` at its start.
    pub start_after: Option<Cursor>,
}

/// Asks for the rows of one split.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReadRecords {
    /// The invocation.
    pub context: Context,
    /// The table.
    pub table: TableName,
    /// The columns to return, in the types of the wire. May be none.
    ///
    /// The columns that the query wants, and after them those that only its predicate needs.
    pub projection: SchemaRef,
    /// What to read.
    pub split: Split,
    /// What the query asks for.
    pub constraints: Arc<Constraints>,
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
        /// The request in another invocation.
        with_context(context: Context) = context;
        /// The request for what comes after `after`.
        with_start_after(start_after: Cursor) = Some(start_after);
    }
    ListTables {
        /// The request in another invocation.
        with_context(context: Context) = context;
        /// The request for what comes after `after`.
        with_start_after(start_after: Cursor) = Some(start_after);
    }
    GetTable {
        /// The request in another invocation.
        with_context(context: Context) = context;
    }
    GetPartitions {
        /// The request in another invocation.
        with_context(context: Context) = context;
        /// The request about a table with these partition columns.
        with_partition_columns(partition_columns: Vec<String>) = partition_columns;
        /// The request of a query with these constraints.
        with_constraints(constraints: Constraints) = Arc::new(constraints);
    }
    GetSplits {
        /// The request in another invocation.
        with_context(context: Context) = context;
        /// The request about a table with these partition columns.
        with_partition_columns(partition_columns: Vec<String>) = partition_columns;
        /// The request of a query with these constraints.
        with_constraints(constraints: Constraints) = Arc::new(constraints);
        /// The request for what comes after `after`.
        with_start_after(start_after: Cursor) = Some(start_after);
    }
    ReadRecords {
        /// The request in another invocation.
        with_context(context: Context) = context;
        /// The request of a query with these constraints.
        with_constraints(constraints: Constraints) = Arc::new(constraints);
    }
}

impl ListSchemas {
    /// A request for all schemas.
    pub fn new() -> Self {
        Self::default()
    }
}

impl ListTables {
    /// A request for the tables of `schema`.
    pub fn new(schema: impl Into<String>) -> Self {
        Self { context: Context::default(), schema: schema.into(), start_after: None }
    }
}

impl GetTable {
    /// A request for the definition of `table`.
    pub fn new(table: TableName) -> Self {
        Self { context: Context::default(), table }
    }
}

impl GetPartitions {
    /// A request for all partitions of `table`, whose columns are `schema`.
    pub fn new(table: TableName, schema: SchemaRef) -> Self {
        let constraints = Arc::default();
        Self {
            context: Context::default(),
            table,
            schema,
            partition_columns: Vec::new(),
            constraints,
        }
    }

    /// Offers every condition of the query to `push`, which says what the source makes of it.
    ///
    /// Conditions on other columns than the partition columns are among them. There is never a
    /// limit: it counts rows, not partitions.
    pub fn push_down<'a, T>(
        &'a self,
        push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
    ) -> PushedDown<T> {
        PushedDown { limit: None, ..pushdown::push_down(&self.constraints, push) }
    }
}

impl GetSplits {
    /// A request for all splits of `partitions` of `table`.
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

    /// Offers every condition of the query to `push`, which says what the source makes of it.
    ///
    /// There is never a limit: which splits hold the first rows is not known before they are read.
    pub fn push_down<'a, T>(
        &'a self,
        push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
    ) -> PushedDown<T> {
        PushedDown { limit: None, ..pushdown::push_down(&self.constraints, push) }
    }
}

impl ReadRecords {
    /// A request for the columns `projection` of one split of `table`.
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

    /// Offers every condition of the query to `push`, which says what the source makes of it.
    ///
    /// The limit of the query comes back if everything was pushed down exactly and no order is
    /// asked. The SDK applies all of the predicate again, and where a limit was handed out a row
    /// that an [`Exact`](Pushed::Exact) should have removed makes the read fail: rows behind the
    /// limit would be missing.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use athena_connector_sdk::{Conjunct, Pushed, ReadRecords, Split, TableName, arrow::datatypes::Schema};
    /// # let request = ReadRecords::new(TableName::new("s", "t"), Arc::new(Schema::empty()), Split::new());
    /// let plan = request.push_down(|conjunct| match conjunct {
    ///     Conjunct::Values { column, set } if column == "id" => Pushed::Superset(format!("{column}: {set:?}")),
    ///     Conjunct::Values { .. } | Conjunct::Expression(_) => Pushed::Unsupported,
    /// });
    /// assert!(plan.conjuncts.is_empty() && plan.limit.is_none());
    /// ```
    pub fn push_down<'a, T>(
        &'a self,
        push: impl FnMut(Conjunct<'a>) -> Pushed<T>,
    ) -> PushedDown<T> {
        pushdown::push_down_claiming(&self.constraints, &self.claims, push)
    }
}
