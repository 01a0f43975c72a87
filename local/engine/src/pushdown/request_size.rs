//! Size of conjuncts in requests.

use arrow::datatypes::SchemaRef;
use athena_client::Capabilities;
use athena_protocol::{
    Constraints, MAX_PAYLOAD_BYTES, Request, SerdeVersion, TableName, base64_len,
    message::GetTableLayoutRequest, predicate::Expression,
};

use super::Pushed;
use crate::scan::PARTITION_BYTES;

/// Size of the members of a request other than schema, constraints and partitions, in bytes: names,
/// identity, and a split, which takes the place of the partitions.
const OTHER_BYTES: usize = 500_000;

/// Least size of a value on the wire, a block of its own, in bytes.
const VALUE_BYTES: usize = 200;

/// Sizes of the requests of a scan.
#[derive(Debug)]
pub(super) struct RequestSize<'a> {
    schema: &'a SchemaRef,
    version: SerdeVersion,
    capabilities: &'a Capabilities,
    /// Size without constraints.
    empty: usize,
}

impl<'a> RequestSize<'a> {
    pub(super) fn new(
        schema: &'a SchemaRef,
        version: SerdeVersion,
        capabilities: &'a Capabilities,
    ) -> Self {
        let mut sizes = Self { schema, version, capabilities, empty: 0 };
        sizes.empty = sizes.encoded(Constraints::default());
        sizes
    }

    /// Returns how many bytes constraints may have.
    pub(super) fn room(&self) -> usize {
        let others = self.empty + base64_len(PARTITION_BYTES) + OTHER_BYTES;
        MAX_PAYLOAD_BYTES.saturating_sub(others)
    }

    /// Returns the size of `pushed`. Approximate above [`Self::room`].
    pub(super) fn of(&self, pushed: &Pushed) -> usize {
        // Encoding what is far too large would take longer than the query.
        let least = VALUE_BYTES * self.values(pushed);
        if least > self.room() {
            return least;
        }
        let mut constraints = Constraints::default();
        match pushed {
            Pushed::Values { column, domain } => {
                if let Some(values) = domain.to_value_set(self.capabilities) {
                    constraints.summary.insert(column.clone(), values);
                }
            }
            Pushed::Condition(expression) => constraints.expressions.push(expression.clone()),
        }
        self.encoded(constraints).saturating_sub(self.empty)
    }

    /// Returns the number of blocks with a value in `pushed`.
    fn values(&self, pushed: &Pushed) -> usize {
        match pushed {
            // Without ranges, all values are in one block.
            Pushed::Values { domain, .. } if self.capabilities.sorted_ranges => 2 * domain.len(),
            Pushed::Values { .. } => 1,
            Pushed::Condition(expression) => constants(expression),
        }
    }

    fn encoded(&self, constraints: Constraints) -> usize {
        let request = Request::GetTableLayout(GetTableLayoutRequest {
            identity: None,
            query_id: None,
            catalog_name: String::new(),
            table_name: TableName::new("", ""),
            constraints,
            schema: SchemaRef::clone(self.schema),
            partition_columns: Vec::new(),
        });
        // The request itself fails with the reason.
        request.encode(self.version).map_or(0, |bytes| bytes.len())
    }
}

fn constants(expression: &Expression) -> usize {
    match expression {
        Expression::Constant { .. } => 1,
        Expression::Variable { .. } => 0,
        Expression::Call { arguments, .. } => arguments.iter().map(constants).sum(),
    }
}
