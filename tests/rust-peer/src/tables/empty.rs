//! Two columns and no rows.

use std::sync::Arc;

use arrow::{
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};

/// Returns a batch without rows.
pub(crate) fn rows() -> RecordBatch {
    let fields =
        vec![Field::new("id", DataType::Int32, true), Field::new("name", DataType::Utf8, true)];
    RecordBatch::new_empty(Arc::new(Schema::new(fields)))
}
